"""A MicroPython process at the twin's link, without a world behind it: what tests of both kinds of time begin with."""
import json
import os
import tempfile
import textwrap
import unittest
from pathlib import Path

from tools.setup.vm import VmMissing, vm_command
from tools.twin.clock import VirtualClock
from tools.twin.vm_runner import MAIN

ROOT = Path(__file__).resolve().parents[2]
BOARD = json.loads((ROOT / "board_configs" / "twin.json").read_text())
SECOND = 1_000_000
# boots that leave a state behind, ending as told; and that tell what the next one finds
HOLD = """
    import machine
    machine.Pin(25, machine.Pin.OUT, value=1)
    machine.PWM(machine.Pin(33), freq=1000, duty_u16=65535)
    machine.RTC().memory(b"marker")
    machine.%s()
    """
LOOK = """
    import json, machine
    with open(ROOT + "said.json", "w") as f:
        f.write(json.dumps([machine.reset_cause(), machine.Pin(25).value(), list(machine.RTC().memory())]))
    """


def command(case, heap_kb):
    """The VM's command line; without a VM the test is skipped."""
    try:
        return vm_command(heap_kb)
    except VmMissing as error:
        case.skipTest("no MicroPython VM: %s" % error)


class OnVm(unittest.TestCase):
    """A subclass says Link and Process, at what pace the clock runs (0: as fast as it can), and how long a boot may take."""

    Link = Process = None
    speed = 0
    limit_s = 100

    def setUp(self):
        vm = command(self, 1024)
        self.clock = VirtualClock(speed=self.speed)
        self.addCleanup(self.clock.close)
        self.outputs = []
        self.link = self.Link(BOARD, self.clock, lambda *event: self.outputs.append(event))
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.flash = Path(folder.name)
        environment = {k: v for k, v in os.environ.items() if k != "MICROPYPATH"}
        self.process = self.Process(self.link, vm, folder.name, str(MAIN), environment)
        self.addCleanup(self.process.kill)

    def start(self, text):
        (self.flash / "boot.py").write_text(textwrap.dedent(text))
        self.process.start()

    def boot(self, text, limit_s=None):
        self.start(text)
        return self.process.wait(self.clock.now_us + (limit_s or self.limit_s) * SECOND)

    def said(self):
        return json.loads((self.flash / "said.json").read_text())

    def values(self, signal, key):
        return [e[2] for e in self.outputs if e[:2] == (signal, key)]
