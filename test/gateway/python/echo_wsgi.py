"""A WSGI app on the standard library's own server: answers with what WSGI makes of a request."""

import json
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log_message(self, *_args):
        pass


def app(environ, start_response):
    seen = {key: value for key, value in environ.items() if isinstance(value, str) and key.isupper()}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"path": environ["PATH_INFO"], "seen": seen}).encode()]


server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
print(server.server_port, flush=True)
sys.stdin.close()
server.serve_forever()
