"""The twin with the firmware on MicroPython: the world here, the firmware in a process of its own, in real or virtual time."""

import json
import threading
import time
from pathlib import Path

from tools.twin.access import ACCESS
from tools.twin.http_visitor import HttpVisitor
from tools.twin.runner import ROOT, NotNow, Twin
from tools.twin.vm_link import VmLink, VmProcess
from tools.twin.vm_lockstep import LockstepLink, LockstepProcess

HEAP_KB = 4096                  # compiling the sources takes room that the device's .mpy files do not
MAIN = Path(__file__).with_name("vm_main.py")
LINKED = ("firmware", "lib")    # the device's path is its flash: the development tree is linked into it
STEP_US = 50_000                # how often it is seen that the twin shall end
VIRTUAL_STEP_US = 5_000_000     # a grant ends here too
POLL_S = 0.1
STALE_S = 1.0


class VmTwin(Twin):
    """`command` is the interpreter with its options. In real time nothing can be hurried, and facts come over HTTP, up to
    0.2 s old. With `virtual` both clocks go in lock-step as fast as the host can, the same in every run.

    `build`: a folder made by vm_build.py, to run the application as it ships; None runs the sources.
    """

    has_servers = False

    def __init__(self, flash_dir, http_port, command, build=None, virtual=False, seed=1, **more):
        self.can_advance = self._virtual = virtual
        self._seed = seed
        super().__init__(flash_dir, http_port, 0 if virtual else 1, seed, **more)
        for name in () if build else LINKED:
            link = Path(flash_dir) / name
            if not link.is_symlink() and not link.exists():
                link.symlink_to(ROOT / name, target_is_directory=True)
        process = LockstepProcess if virtual else VmProcess
        self._process = process(self.hal, command, str(flash_dir), str(build and Path(build) / MAIN.name or MAIN))
        access = more.get("access") or ACCESS
        self._visitor = HttpVisitor(http_port, {user: access[user + "_password"] for user in ("admin", "user")})
        self._status = None
        self._asked = threading.Event()
        self._reader = threading.Thread(target=self._read_status, name="status", daemon=True)

    def facts(self, name):
        """One fact of the running charger. Raises NotNow while it does not answer."""
        if self._virtual:
            text = self.hal.fact(name) if self.powered else None
            if text is None:
                raise NotNow("the charger is not running")
            return json.loads(text)
        return self.all_facts().get(name)

    def all_facts(self):
        """All facts, in real time only. Raises NotNow while the charger does not answer."""
        if self._virtual:
            raise NotNow("one fact at a time here")
        if not self._reader.is_alive():
            self._reader.start()
        self._asked.set()
        status = self._status
        if status is None or not self.powered or time.monotonic() - status[0] > STALE_S:
            raise NotNow("the charger does not answer")
        return status[1]

    def visit(self, method, path, role, values, source=None):
        """As Twin.visit; in real time over HTTP, logged in as the role, where nobody can come from another source than "web"."""
        if self._virtual:
            box = self.hal.visit([method, path, role, json.dumps(values), source]) if self.powered else None
            if box is None:
                raise NotNow("the charger is not running")
            return box
        if source is not None:
            raise NotNow("in real time commands come over HTTP: nobody can be another source")
        box = [None]

        def ask():
            box[0] = self._visitor.ask(method, path, role, values)
        threading.Thread(target=ask, name="visit", daemon=True).start()
        return box

    def end(self):
        """Let `run` return soon. To be called in the clock's thread, also from a signal handler."""
        self._ended = True
        self._asked.set()               # who waits to be asked for the status ends too
        if self._virtual:
            self.hal.pause()
        self.clock.wake()

    def close(self):
        self.hal.power_cut()
        super().close()

    def _make_hal(self):
        if self._virtual:
            return LockstepLink(self.board, self.clock, seed=self._seed)
        return VmLink(self.board, self.clock)

    def _boot(self):
        self._status = None
        try:
            self._process.start()
        except ConnectionError as exc:
            return f"no start: {exc}"
        step_us = VIRTUAL_STEP_US if self._virtual else STEP_US
        while not self._ended:
            reason = self._process.wait(self.clock.now_us + step_us)
            if reason is not None:
                return reason
        self.hal.power_cut()
        return "ended"

    def _halt(self, exc):
        """The link has ended the process already."""

    def _read_status(self):
        while not self._ended:
            self._asked.wait()
            self._asked.clear()
            if self._ended:
                return
            status, facts = self._visitor.ask("GET", "/api/v1/status", "public", None)
            self._status = (time.monotonic(), facts) if status == 200 else None
            time.sleep(POLL_S)
