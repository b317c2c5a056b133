"""A device with slots for the tests of boot.py, and what they ask of a start."""
import json

from host_tests.boot.devices import BOARD, REPO
from tools.setup.vm import VmMissing

PINS = BOARD["pins"]
COIL_1, COIL_2, PILOT, BUTTON = PINS["contactor_1"], PINS["contactor_2"], PINS["cp_pwm"], PINS["button_service"]
SAFE_PINS = [(COIL_1, 0), (COIL_2, 0), (PINS["coil_watchdog"], 0), (PILOT, 1), (PINS["cp_disconnect"], 0),
             (PINS["rcd_test"], 0), (PINS["lock_1"], 0), (PINS["lock_2"], 0), (PINS["buzzer"], 0)]
RESTART = "import machine\nmachine.reset()"
CRASH = "raise RuntimeError('broken')"


def app(slot, *lines):
    """An application that says its slot, then does what the lines say."""
    body = "\n".join(lines).split("\n")
    return "def run(root):\n    print('APP %s')\n" % slot + "".join("    %s\n" % line for line in body)


def pointer(active, previous, confirmed, tries):
    from firmware.drivers.slot_pointer import text_from_pointer
    return text_from_pointer(active, previous, confirmed, tries)


def started(start):
    """The slots whose application ran."""
    return [line[4:] for line in start.text.splitlines() if line.startswith("APP ")]


def board(**changes):
    return dict(BOARD, **changes)


class OnADevice:
    """What tests of boot.py do with a device; subclasses say with which."""

    Device = None

    def device(self, *args):
        try:
            device = self.Device(*args)
        except VmMissing as e:
            self.skipTest(str(e))
        self.addCleanup(device.close)
        return device

    def two_slots(self, a=RESTART, b=RESTART, at=None):
        """A device with both slots, their real drivers for marker and pointer, and a pointer."""
        device = self.device()
        for slot, body in (("a", a), ("b", b)):
            device.write(slot + "/firmware/app.py", app(slot, body))
            for name in ("slot_pointer", "reset_marker"):
                device.write("%s/firmware/drivers/%s.py" % (slot, name),
                             (REPO / "firmware/drivers" / (name + ".py")).read_bytes())
        if at is not None:
            device.write("slot.json", pointer(*at))
        return device

    def pointer_of(self, device):
        found = json.loads(device.read("slot.json"))
        return found["active"], found["previous"], found["confirmed"], found["tries"]

    def log_of(self, device):
        text = device.read("boot_log.json")
        return [] if text is None else [(e["kind"], e["slot"]) for e in json.loads(text)["entries"]]

    def assert_safe_mode(self, start, why):
        self.assertEqual(start.end, "console")
        self.assertIn("SAFE MODE", start.text)
        self.assertIn(why, start.text)
        self.assertEqual(started(start), [])
        self.assertEqual(start.watchdogs, [])
