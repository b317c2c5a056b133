"""The real web server with the real page and an example status behind it, in a thread of its own."""
import asyncio
import threading

from firmware.services.web.api import Api
from firmware.services.web.routes import Routes
from firmware.services.web.server import WebServer
from firmware.services.web.static import StaticFiles
from firmware.settings.store import Store
from host_tests.page.examples import status
from host_tests.services.web.harness import StrictStation, admin


class Charger:
    """Serves the page in folder at http://127.0.0.1:port until close(). errors: what the server was told."""

    def __init__(self, folder, port):
        self.station = StrictStation()
        self.errors = []
        self.port = port
        rows = Api(self.station, Store(), self._told).routes() + (
            ("GET", "/*", "public", StaticFiles(str(folder), "test").handle, 0),)
        self._server = WebServer(Routes(rows), "127.0.0.1", port, admin, self._told)
        self._loop = asyncio.SelectorEventLoop()
        self._task = None
        self.show("idle")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _told(self, where, error):
        self.errors.append((where, error))

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self.start_serving()
        self._loop.run_forever()

    def start_serving(self):
        self._task = self._loop.create_task(self._server.run())

    def _stop_serving(self):
        self._task.cancel()

    def show(self, name):
        """Take an example's status."""
        self.station.values = status(name)

    def serve(self, on):
        """Break off all connections and refuse new ones, or serve again."""
        self._loop.call_soon_threadsafe(self.start_serving if on else self._stop_serving)

    def close(self):
        self._loop.call_soon_threadsafe(self._stop_serving)
        self._loop.call_soon_threadsafe(self._loop.call_later, 0.2, self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()
