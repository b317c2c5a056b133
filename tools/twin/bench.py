"""The bench: an HTTP server for the page and its API, in a thread of its own."""

import asyncio
import socket
import threading

from tools.twin.bench_routes import make_app

HOST = "127.0.0.1"
_sleep = asyncio.sleep          # taken before the firmware's shims may put another one there


class PortInUse(OSError):
    """The bench's port is taken."""


def bound_socket(port, host=HOST):
    """A listening socket on `port`; 0 takes any free one. Raises PortInUse."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(16)
    except OSError as exc:
        listener.close()
        raise PortInUse(exc.errno, f"port {port} on {host}: {exc.strerror.lower()}") from None
    return listener


class Bench:
    """Serves the bench on an already bound socket until `stop`."""

    def __init__(self, twin, listener):
        self._app = make_app(twin)
        self._listener = listener
        self.port = listener.getsockname()[1]
        self._loop = asyncio.SelectorEventLoop()
        self._serving = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="bench", daemon=True)

    def start(self):
        """Returns when the bench answers."""
        self._thread.start()
        self._serving.wait()

    def stop(self):
        """Close the port; a request under way is dropped."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(1)
        self._listener.close()

    def _serve(self):
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(asyncio.start_server(self._client, sock=self._listener))
            self._loop.call_soon(self._serving.set)
            self._loop.run_forever()
        finally:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(_sleep(0))
            self._loop.close()

    async def _client(self, reader, writer):
        try:
            await self._app.handle_request(reader, _Writer(writer))
        except (OSError, EOFError, asyncio.CancelledError):
            writer.close()


class _Writer:
    """A stream writer with the two methods that the web framework wants."""

    def __init__(self, writer):
        self._writer = writer
        self.get_extra_info = writer.get_extra_info

    async def awrite(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def aclose(self):
        self._writer.close()
        await self._writer.wait_closed()
