"""A charger as it ships (.mpy in ROMFS, 32-bit VM, real time) in the twin's world, for the benchmarks that let it run."""
import http.client
import json
import os
import re
import socket
import tempfile
import threading
import time
from pathlib import Path

from tools.bench.row import ROOT
from tools.setup.vm import vm_command
from tools.twin.access import ACCESS
from tools.twin.ports import free_port
from tools.twin.vm_build import build
from tools.twin.vm_link import VmLink
from tools.twin.vm_runner import VmTwin

FIRST_VIEW = ("", "style.css", "api.js", "dom.js", "shell.js", "texts.js", "sentences.js", "live.js", "theme.js", "curve.js",
              "chart.js", "actions.js", "details.js", "view.js", "main.js",
              "translations/keys.json", "translations/en.json", "icon.svg", "api/v1/session", "api/v1/status")
REQUEST_S = 10
# valgrind lets one thread run at a time: the timer's, an interrupt on the device, waits for less than a millisecond
TURNS = ("--fair-sched=try", "--scheduling-quantum=5000")


class Failed(Exception):
    """The charger did not do what the benchmark needs; the text says what."""


class _Link(VmLink):
    """Notes what the interpreter had used of the processor when the application began and when its first tick had run."""

    began_ns = ticked_ns = None
    cpu_ns = staticmethod(lambda: None)

    def _take(self, line):
        super()._take(line)
        if self.began_ns is None and line.startswith("HEAP"):
            self.began_ns = self.cpu_ns()
        elif self.ticked_ns is None and " wdt_feed " in line:     # only fed once the control task has run on time
            self.ticked_ns = self.cpu_ns()


class _Twin(VmTwin):
    def _make_hal(self):
        link = _Link(self.board, self.clock)
        link.cpu_ns = self.cpu_ns
        return link

    def cpu_ns(self):
        """What the interpreter has used of the processor; None where the system does not tell."""
        try:
            return int(Path("/proc/%d/schedstat" % self._process.process.pid).read_text().split()[0])
        except (OSError, AttributeError):
            return None


class Charger:
    """`twin`, `port` and what a user would do. Use `play(story)`: story(charger) runs beside the world until it returns.
    slowed: the interpreter runs about as slow as on a device. prefix: what its command begins with."""

    def __init__(self, heap_kb=4096, build_folder=None, slowed=False, prefix=(), **twin):
        self.port = free_port()
        self._flash = tempfile.TemporaryDirectory()
        self.flash = self._flash.name
        self.events = []
        command = [*prefix, *vm_command(heap_kb, valgrind=TURNS, slowed=slowed)]
        self.twin = _Twin(self.flash, self.port, command, build=build_folder, event=self.events.append, **twin)
        self._closing = []
        self.headers = {}                # of every request: who is logged in

    def log_in(self):
        """From now on every request is the admin's."""
        try:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_S)
            client.request("POST", "/api/v1/login", json.dumps({"user": "admin", "password": ACCESS["admin_password"]}))
            answer = client.getresponse()
            body = answer.read()
            client.close()
        except (OSError, http.client.HTTPException) as error:      # too small a heap, for one
            raise Failed("login: %r" % error)
        if answer.status != 200:
            raise Failed("login: %d %s" % (answer.status, body[:200]))
        self.headers = {"Cookie": answer.getheader("Set-Cookie").split(";")[0], "X-CSRF-Token": json.loads(body)["csrf"]}

    def play(self, story):
        """Starts the charger, runs the story and returns what it returns. Raises what it raised."""
        told = []

        def run():
            try:
                told.append((story(self), None))
            except Exception as error:  # it is raised again below, in the thread that asked
                told.append((None, error))
            self.twin.clock.call(self.twin.end)
        teller = threading.Thread(target=run, daemon=True)
        teller.start()
        try:
            self.twin.run()
        finally:
            for one in self._closing:
                one.close()
            self.twin.close()
            teller.join(REQUEST_S)
            self._flash.cleanup()
        if told and told[0][1] is not None:
            raise told[0][1]
        if not told:
            raise Failed("the charger ended: %s" % self.events)
        return told[0][0]

    def call(self, fn):
        """fn() in the world's thread."""
        return self.twin.clock.call(fn)

    def ask(self, path):
        """GET; the body. Raises Failed for anything but 200."""
        try:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_S)
            client.request("GET", "/" + path, headers=dict(self.headers, **{"Accept-Encoding": "gzip"}))
            answer = client.getresponse()
            body = answer.read()
            client.close()
        except (OSError, http.client.HTTPException) as error:
            raise Failed("%s: %r" % (path, error))
        if answer.status != 200:
            raise Failed("%s: %d %s" % (path, answer.status, body[:200]))
        return body

    def first_view(self):
        """All files of a first look at the page, four at a time as a browser does."""
        failures = []

        def fetch(paths):
            try:
                for path in paths:
                    self.ask(path)
            except Failed as error:
                failures.append(error)
        self.ask("")
        threads = [threading.Thread(target=fetch, args=(FIRST_VIEW[number::3],)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def open_stream(self):
        """A page that stays open: its live stream is read until the end."""
        sock = socket.create_connection(("127.0.0.1", self.port), REQUEST_S)
        sock.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        sock.settimeout(None)
        self._closing.append(sock)

        def drain():
            try:
                while sock.recv(65536):
                    continue
            except OSError:
                return
        threading.Thread(target=drain, daemon=True).start()

    def wait_until(self, there, what, limit_s=60):
        """Until there() is true; raises Failed with `what`."""
        end = time.monotonic() + limit_s
        while not there():
            if time.monotonic() > end or "ended" in " ".join(self.events):
                raise Failed("%s did not come (%s)" % (what, self.events[-1:] or "in %d s" % limit_s))
            time.sleep(0.01)

    def wait_for_page(self, limit_s=60):
        """Until the page is served; seconds since the start of the process."""
        began = time.monotonic()

        def served():
            try:
                return bool(self.ask(""))
            except Failed:
                return False
        self.wait_until(served, "the page", limit_s)
        return time.monotonic() - began

    def coil(self):
        return self.twin.world.trace.last("coil")

    def charge(self):
        """Plugs in and waits until power flows."""
        self.call(lambda: self.twin.world.set_ev({"plugged": True, "state": "auto", "phases": 3, "max_current_a": 16, "soc": 0.2}))
        self.wait_until(self.coil, "power")

    def live_bytes(self):
        """Heap in use after a collection, the twin's own and its image with it."""
        self.call(self.twin.hal.ask_heap)
        self.wait_until(lambda: self.twin.hal.heap_live is not None, "the answer about the heap")
        return self.twin.hal.heap_live


def built(folder, **changed):
    """Builds into the folder; `changed` are numbers of safety/limits.py to change for a benchmark: NAME=value."""
    if not changed:
        return build(folder)
    with tempfile.TemporaryDirectory() as tree:
        copy = Path(tree, "firmware")
        os.makedirs(copy)
        for path in (ROOT / "firmware").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                target = copy / path.relative_to(ROOT / "firmware")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        limits = copy / "safety/limits.py"
        text = limits.read_text()
        for name, value in changed.items():
            text, count = re.subn(r"(?m)^%s = const\(\d+\)" % name, "%s = const(%d)" % (name, value), text)
            if count != 1:
                raise Failed("safety/limits.py has no %s" % name)
        limits.write_text(text)
        Path(tree, "lib").symlink_to(ROOT / "lib")
        return build(folder, Path(tree))
