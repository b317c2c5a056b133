# cpython only: it starts the MicroPython VM itself, beside the same proofs on CPython
"""boot.py makes the outputs of every board safe before anything else, on CPython and on MicroPython."""
import json
import unittest

from host_tests.boot.devices import REPO, HostDevice, VmDevice
from tools.setup.vm import VmMissing

BOARDS = sorted((REPO / "board_configs").glob("*.json"))
IN_ORDER = ("contactor_1", "contactor_2", "coil_watchdog", "cp_pwm", "cp_disconnect", "rcd_test", "lock_1", "lock_2", "buzzer")
APP = "def run(root):\n    import machine\n    print('APP')\n    machine.reset()\n"


def rest(facts):
    """[(gpio, level)] of the board's outputs at rest, by the wiring: coils and lock without power, pilot at +12 V."""
    found = []
    for name in IN_ORDER:
        gpio = facts["pins"][name]
        if gpio is not None:
            low = name in facts["active_low"]
            level = {"cp_pwm": 0 if facts["cp"]["pwm_invert"] else 1, "coil_watchdog": 0}.get(name, 1 if low else 0)
            found.append((gpio, level))
    return found


class Cases:
    Device = None

    def assert_safe_first(self, facts):
        """A hang left every output the wrong way round; the watchdog's reset leaves pins as they are."""
        try:
            device = self.Device(facts)
        except VmMissing as e:
            self.skipTest(str(e))
        self.addCleanup(device.close)
        device.write("a/firmware/app.py", APP)
        wanted = rest(facts)
        for gpio, level in wanted:
            device.drive(gpio, 1 - level)
        start = device.start("watchdog")
        self.assertEqual(start.pins, wanted)
        self.assertEqual([signal for signal, _key, _value in start.outputs[:len(wanted)]], ["pin"] * len(wanted))
        self.assertIn("APP", start.text)

    def test_outputs_of_every_board_rest_before_anything_else_happens(self):
        self.assertGreaterEqual(len(BOARDS), 5)
        for path in BOARDS:
            with self.subTest(board=path.stem):
                facts = json.loads(path.read_text())
                self.assertGreaterEqual(len(rest(facts)), 2)
                self.assert_safe_first(facts)

    def test_inverted_outputs_of_every_board_rest_high_and_an_inverted_pilot_at_12_v(self):
        for path in BOARDS:
            with self.subTest(board=path.stem):
                facts = json.loads(path.read_text())
                facts["active_low"] += [name for name in IN_ORDER if name not in ("cp_pwm", "coil_watchdog")]
                facts["cp"]["pwm_invert"] = True
                self.assertIn((facts["pins"]["contactor_1"], 1), rest(facts))
                self.assert_safe_first(facts)


class OnCPython(Cases, unittest.TestCase):
    Device = HostDevice


class OnMicroPython(Cases, unittest.TestCase):
    Device = VmDevice


if __name__ == "__main__":
    unittest.main()
