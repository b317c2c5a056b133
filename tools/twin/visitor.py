"""A user without a browser: asks the charger's own API handlers on its own event loop, beside the sockets. Runs on both
interpreters, so that scenarios change settings and give commands in virtual time, at a moment that is the same in every run.
"""
import json


class Visit:
    """What the handlers read of a request; it comes from this machine itself."""

    def __init__(self, method, path, role, body):
        self.peer = "127.0.0.1"
        self.method = method
        self.path = path
        self.args = {}
        self.http_version = "1.0"
        self.headers = {"host": "127.0.0.1"}
        self.body = body.encode()
        self.content_length = len(self.body)
        self.role = self.user = role
        self.source = "web"
        self.secure = False


async def visit(app, method, path, role, body, source=None):
    """(HTTP status, answer): what the route's handler answers to `role` ("admin", "control"); body is JSON text.

    With `source` a command of path /api/v1/commands/NAME is handed to the station as coming from there (mqtt, modbus, …)."""
    from firmware.services.web.reply import HttpError  # not before the firmware's place is on the path
    from firmware.services.web.roles import allows
    if source is not None:
        return _from_outside(app, path[path.rfind("/") + 1:], json.loads(body), source)
    request = Visit(method, path, role, body)
    try:
        row, rest = app.web_desk.routes.find(method, path)
        needed = row[2]() if callable(row[2]) else row[2]
        if not allows(role, needed):
            raise HttpError(403, "forbidden", "needs the role " + needed)
    except Exception as error:
        if not hasattr(error, "reply"):
            raise
        return await _taken(error.reply())
    return await _answer(row[3], request, rest)


async def _answer(handler, request, rest):
    try:
        reply = await handler(request, rest)
    except Exception as error:
        if not hasattr(error, "reply"):
            raise
        reply = error.reply()
    return await _taken(reply)


async def _taken(reply):
    taken = bytearray()

    async def write(data):
        taken.extend(data)
    await reply.send(write, False, False)
    return reply.status, json.loads(bytes(taken[taken.find(b"\r\n\r\n") + 4:]).decode())


def _from_outside(app, name, args, source):
    try:
        answer = app.station.command(name, args, source)
    except Exception as error:
        if not hasattr(error, "code"):
            raise
        return 422, {"error": {"code": error.code, "message": str(error), "field": error.field}}
    if answer["result"] != "accepted":
        return 409, {"error": {"code": answer["reason"], "message": "refused", "field": None}}
    return 200, answer


async def into(box, asked):
    """Await a visit and put (status, answer) into box[0]; a failure of the handler is a status 500."""
    try:
        box[0] = await asked
    except Exception as error:
        box[0] = 500, {"error": {"code": "failed", "message": "%s: %s" % (type(error).__name__, error), "field": None}}
