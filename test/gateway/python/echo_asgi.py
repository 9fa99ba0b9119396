"""An ASGI app on uvicorn, answering with what it was told; `seen` folds header names as Django's ASGI handler does."""

import asyncio
import json
import socket

import uvicorn


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    seen = {}
    for name, value in scope["headers"]:
        key = "HTTP_" + name.decode("latin1").upper().replace("-", "_")
        seen[key] = f"{seen[key]},{value.decode('latin1')}" if key in seen else value.decode("latin1")
    body = json.dumps({"path": scope["path"], "seen": seen}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(app, log_level="critical", lifespan="off", proxy_headers=False)
asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
