"""How a chapter reaches into the firmware that runs: between two of its tasks, by its commands and the handlers of its API."""

import asyncio
import sys

from tools.twin.soak_user import S
from tools.twin.soak_watch import Violation


class Request:
    """What the routes' handlers look at."""

    def __init__(self, method, path, body):
        self.method, self.path, self.body = method, path, body
        self.role, self.user, self.source = "admin", "admin", "web"
        self.peer, self.headers, self.args = "127.0.0.1", {}, {}


class Inside:
    """A part of soak_chapter.Chapter."""

    def _app_now(self):
        if not self.twin.powered:
            return None
        return getattr(sys.modules.get("firmware.app"), "current", None)

    def _in_the_firmware(self, fn):
        """fn(app) as a callback of the firmware's own loop, never amidst one of its tasks; left out while none runs."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        app = self._app_now()
        if app is None:
            return False

        def guarded():
            if self._app_now() is app and self.failure is None:
                try:
                    fn(app)
                except Violation as broken:
                    self._broken(broken)
                except Exception as error:
                    self._broken(Violation("call", "%s: %s" % (type(error).__name__, error)))
        loop.call_soon(guarded)
        return True

    def _command(self, app, name, args):
        self.counts["calls"] += 1
        if name == "restart":
            self._expect_end("restart", 30 * S)
        try:
            answer = app.station.command(name, args, "soak")
        except sys.modules["firmware.charging.commands"].CommandError:
            self.counts["refused"] += 1
            return
        self.counts["refused"] += answer["result"] != "accepted"
        self._stopped = self._stopped or name in ("stop", "unlock")

    def _call(self, method, path, body, done=None):
        """Ask a route of the firmware, as one of its tasks."""
        def start(app):
            before = {key: app.settings.get(key) for key in self.sane}
            task = asyncio.get_running_loop().create_task(self._answer(app, Request(method, path, body), before, done))
            self._task = task           # the loop holds tasks by weak references only
        if path.endswith("commands/restart"):
            self._expect_end("restart", 30 * S)
        self._in_the_firmware(start)

    async def _answer(self, app, request, before, done):
        reply_module = sys.modules["firmware.services.web.reply"]
        sent = bytearray()

        async def write(data):
            sent.extend(data)
        self.counts["calls"] += 1
        try:
            row, rest = app.web_desk.routes.find(request.method, request.path)
            reply = await row[3](request, rest)
            await reply.send(write, False, True)
            status = reply.status
        except reply_module.HttpError as error:
            status = error.status
            self.counts["refused"] += 1
        except Exception as error:
            if self.inner.spoilt:
                return
            self._broken(Violation("api", "%s %s %r raised %s: %s" % (request.method, request.path, request.body[:80],
                                                                    type(error).__name__, error)))
            return
        if status >= 500 and not (status == 503 and self.world.faults["flash_full"]) and not self.inner.spoilt:
            self._broken(Violation("api", "%s %s answers %d" % (request.method, request.path, status)))
        after = {key: app.settings.get(key) for key in self.sane}
        self._settings_changed(app, before, after)
        if done is not None:
            done(status)

    def _settings_changed(self, app, before, after):
        from firmware.settings import schema
        for key in self.sane:
            if before[key] != after[key] and "R" in schema.find(key)[6]:
                self._restart_due = True
        self._limit(app)

    def _limit(self, app):
        get = app.settings.get
        self.watch.limit(1000 * min(get("installation.fuse_a"), get("installation.cable_a"), get("charging.max_current_a"), 32))
        if get("meter.type") != self.sane["meter.type"]:
            self._meter_trouble = True
