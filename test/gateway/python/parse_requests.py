"""Reads captured bytes of connections (JSON list of base64 on stdin) with h11, and says which whole requests they hold."""

import base64
import json
import sys

import h11


def requests(data):
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(data)
    found = []
    current = None
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            break
        if event is h11.PAUSED:
            connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                break
            connection.start_next_cycle()
            continue
        if isinstance(event, h11.Request):
            current = {"method": event.method.decode(), "url": event.target.decode("latin1"), "body": ""}
        elif isinstance(event, h11.Data):
            current["body"] += bytes(event.data).decode("latin1")
        elif isinstance(event, h11.EndOfMessage):
            found.append(current)
            connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is h11.MUST_CLOSE:
                break
            connection.start_next_cycle()
        elif isinstance(event, h11.ConnectionClosed):
            break
    return found


def judged(data):
    try:
        return {"requests": requests(data)}
    except h11.RemoteProtocolError as error:
        return {"error": str(error)}


captures = [base64.b64decode(one) for one in json.load(sys.stdin)]
json.dump([judged(data) for data in captures], sys.stdout)
