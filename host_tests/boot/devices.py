"""Two chargers on which boot.py is proved: one in this process with a folder as flash, one on MicroPython with LittleFS.

Both offer the same: files that stay, RTC memory and pins that outlive a reset, `start(cause)` from a reset to the next end.
"""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.setup.vm import vm_command
from tools.twin import costs
from tools.twin.boot_cpython import run_firmware
from tools.twin.clock import VirtualClock
from tools.twin.hal import Hal

REPO = Path(__file__).resolve().parents[2]
LIMIT_US = 3_600_000_000  # of virtual time: an application that does not end has its power cut
BOARD = json.loads((REPO / "board_configs/twin.json").read_text())


class Start:
    """What one start came to: end ("reset:<cause>", "console", "ctrl_c", "power_cut"), what it printed, the pins it
    wrote [(gpio, level)] in order, the watchdog's time-outs, how long it took."""

    def __init__(self, end, text, outputs, duration_ms):
        self.end = end
        self.text = text
        self.pins = [(key, value) for signal, key, value in outputs if signal == "pin"]
        self.watchdogs = [value for signal, key, value in outputs if signal == "wdt"]
        self.outputs = outputs
        self.duration_ms = duration_ms


class HostDevice:
    """CPython, the twin's strict `machine`, a folder."""

    name = "cpython"

    def __init__(self, board=None):
        self._folder = tempfile.TemporaryDirectory()
        self.root = self._folder.name + "/"
        self.board = BOARD if board is None else board
        self.clock = VirtualClock()
        self.hal = Hal(self.board, self.clock)
        self.path_first = []  # what stands on sys.path beside the interpreter's own, as a built-in application
        self.write("boot.py", (REPO / "boot.py").read_bytes())
        self.write("board.json", json.dumps(self.board))

    def close(self):
        self.clock.close()
        self._folder.cleanup()

    def path(self, name):
        return Path(self.root + name)

    def write(self, name, data):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_bytes(data.encode() if isinstance(data, str) else data)

    def read(self, name):
        return self.path(name).read_bytes().decode() if self.path(name).exists() else None

    def remove(self, name):
        self.path(name).unlink(missing_ok=True)

    @property
    def rtc(self):
        return self.hal.rtc_memory

    @rtc.setter
    def rtc(self, data):
        self.hal.rtc_memory = data

    def drive(self, gpio, level):
        """Leaves a pin as an earlier run left it."""
        self.hal.mode[gpio] = 3
        self.hal.latch[gpio] = self.hal.driven[gpio] = level

    def start(self, cause="power", events=()):
        """events: [(ms after the start, gpio, level)] what people do at inputs meanwhile."""
        outputs = []
        self.hal.on_output = lambda signal, key, value, t_us: outputs.append((signal, key, value))
        started_us = []

        def begin(cause, begin=Hal.begin_boot):
            """The supply may only sag: the chip reports power-on, RTC memory is still there."""
            rtc = self.hal.rtc_memory
            begin(self.hal, cause)
            if sagged:
                self.hal.rtc_memory = rtc
            del outputs[:]  # what going dark let go is not the firmware's doing
            for after_ms, gpio, level in events:
                if after_ms:
                    self.clock.after(after_ms * 1000 + us, lambda gpio=gpio, level=level: self.hal.set_pin(gpio, level))
                else:
                    self.hal.set_pin(gpio, level)
            started_us.append(self.clock.now_us + us)
        sagged = cause == "dip"
        us = costs.SOFT_BOOT_US if cause == "soft" else costs.BOOT_US
        self.hal.begin_boot = begin
        self.hal.next_cause = "power" if sagged else cause
        limit = self.clock.after(LIMIT_US, self.hal.power_cut)
        text = io.StringIO()
        path, modules = list(sys.path), set(sys.modules)
        here = (REPO, REPO / "lib")  # the device has the slots' firmware, not the repository's
        sys.path[:] = [""] + self.path_first + [p for p in sys.path if Path(p or ".").resolve() not in here]
        try:
            with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
                end = run_firmware(self.clock, self.hal, self.root)
        finally:
            self.clock.cancel(limit)
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                if (getattr(sys.modules[name], "__file__", None) or "").startswith(self.root):
                    del sys.modules[name]
        duration_us = self.clock.now_us - started_us[0]
        return Start({"exit": "ctrl_c", "stopped": "console"}.get(end, end), text.getvalue(), outputs, duration_us // 1000)


class VmDevice:
    """MicroPython in a process of its own per start, LittleFS on a block device in RAM mounted at /."""

    name = "micropython"

    def __init__(self, board=None, blocks=48, real_time=False):
        self._more = {"blocks": blocks, "real_time": real_time}  # blocks of 4 kB
        self._command = vm_command() if blocks <= 48 else vm_command(1024 + 8 * blocks)
        self._folder = tempfile.TemporaryDirectory()
        self.image = Path(self._folder.name + "/flash")
        self._files = {}  # to be written before the next start; None removes
        self.board = BOARD if board is None else board
        self.rtc = b""
        self._driven = {}
        self.operations = 0
        self.write("boot.py", (REPO / "boot.py").read_bytes())
        self.write("board.json", json.dumps(self.board))

    def close(self):
        self._folder.cleanup()

    def write(self, name, data):
        self._files[name] = data.encode() if isinstance(data, str) else data

    def remove(self, name):
        self._files[name] = None

    def read(self, name):
        if name in self._files:
            data = self._files[name]
            return None if data is None else data.decode()
        found = self._vm({"job": "read", "name": name})["data"]
        return None if found is None else bytes.fromhex(found).decode()

    def drive(self, gpio, level):
        self._driven[str(gpio)] = level

    def start(self, cause="power", events=(), code=None, cut=None, torn=False, refuse=False):
        """As HostDevice.start. code: run this Python text instead of boot.py, on the same flash. cut: the flash stops
        for good at the operation of that number, counted from 1; torn: after half of it has been done. refuse: the
        flash answers every change with an error."""
        if cause in ("power", "dip"):
            self._driven = {}
        if cause == "power":
            self.rtc = b""
        got = self._vm({"job": "start", "cause": "power" if cause == "dip" else cause, "events": list(events),
                        "rtc": self.rtc.hex(), "driven": self._driven, "code": code, "cut": cut, "torn": torn, "refuse": refuse})
        self.rtc, self._driven = bytes.fromhex(got["rtc"]), got["driven"]
        self.operations = got["operations"]
        return Start(got["end"], got["text"], [tuple(o) for o in got["outputs"]], got["duration_ms"])

    def copy_image(self):
        """The flash as it is now, to come back to with `use_image`."""
        if self._files:
            self._vm({"job": "read", "name": "boot.py"})
        return self.image.read_bytes()

    def use_image(self, data):
        self._files = {}
        self.image.write_bytes(data)

    def _vm(self, order):
        order["image"] = str(self.image)
        order.update(self._more)
        order["board"] = self.board
        order["files"] = {name: None if data is None else data.hex() for name, data in self._files.items()}
        order["answer"] = self._folder.name + "/answer"
        (Path(self._folder.name) / "order").write_text(json.dumps(order))
        self._files = {}
        done = subprocess.run(
            self._command + [str(REPO / "host_tests/boot/vm_device.py"), self._folder.name + "/order"],
            capture_output=True, timeout=120, cwd=self._folder.name,
            env=dict(os.environ, MICROPYPATH=":".join([".frozen", str(REPO), str(REPO / "tools/twin/shims")])))
        text = done.stdout.decode(errors="replace")
        if done.returncode:
            raise RuntimeError("the VM failed:\n%s\n%s" % (text, done.stderr.decode(errors="replace")))
        return dict(json.loads(Path(order["answer"]).read_text()), text=text)
