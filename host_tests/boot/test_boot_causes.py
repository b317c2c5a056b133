# cpython only: it starts the MicroPython VM itself, beside the same proofs on CPython
"""boot.py tells how a start came about, and goes into safe mode when asked."""
import unittest

from host_tests.boot.cases import BUTTON, CRASH, RESTART, OnADevice, app, board, started
from host_tests.boot.devices import HostDevice, VmDevice


class Causes(OnADevice):
    """Safe mode on request, and the causes of a start."""

    def test_the_application_can_ask_for_safe_mode_once(self):
        ask = "from firmware.drivers import reset_marker\nreset_marker.request_safe_mode('by the owner')\n"
        device = self.two_slots(a=ask + RESTART, at=("a", None, True, 0))
        device.start()
        self.assert_safe_mode(device.start("hard"), "asked for: by the owner")
        self.assertEqual(started(device.start("soft")), ["a"])

    def test_a_press_of_the_service_button_for_two_seconds_ends_in_safe_mode(self):
        device = self.two_slots(at=("a", None, True, 0))
        self.assert_safe_mode(device.start(events=[(0, BUTTON, 0)]), "service button held")

    def test_a_button_that_is_high_when_pressed_does_the_same(self):
        device = self.device(board(active_low=[]))
        device.write("a/firmware/app.py", app("a", RESTART))
        self.assertEqual(started(device.start()), ["a"])
        self.assert_safe_mode(device.start(events=[(0, BUTTON, 1)]), "service button held")
        self.assertEqual(started(device.start(events=[(0, BUTTON, 1), (1900, BUTTON, 0)])), ["a"])

    def test_a_shorter_or_interrupted_press_starts_the_application(self):
        self.assertEqual(started(self.two_slots(at=("a", None, True, 0)).start()), ["a"])
        for events in ([(0, BUTTON, 0), (1900, BUTTON, 1)], [(0, BUTTON, 0), (1000, BUTTON, 1), (1050, BUTTON, 0)]):
            device = self.two_slots(at=("a", None, True, 0))
            self.assertEqual(started(device.start(events=events)), ["a"])

    def test_a_button_at_rest_costs_no_time(self):
        device = self.two_slots(at=("a", None, True, 0))
        self.assertLess(device.start().duration_ms, 5)

    def test_safe_mode_runs_the_recovery_that_lies_beside_boot_py_and_survives_it(self):
        for body, seen in (("print('RECOVERY', reason)", "RECOVERY service button held"), ("raise OSError(5)", "recovery failed")):
            device = self.two_slots(at=("a", None, True, 0))
            device.write("recovery.py", "def run(root, reason):\n    %s\n" % body)
            self.assert_safe_mode(device.start(events=[(0, BUTTON, 0)]), seen)

    def test_the_application_learns_how_its_start_came_about(self):
        tell = "from firmware.drivers import reset_marker as m\nw = m.read()\nprint('WHY', w['start'], w['reason'], w['slot'])\n"
        mark = tell + "m.mark('new settings \\u20ac')\n" + RESTART
        device = self.two_slots(a=mark, at=("a", None, True, 0))
        self.assertIn("WHY power_on  a", device.start("power").text)
        self.assertIn("WHY restart new settings ? a", device.start("hard").text)
        self.assertIn("WHY watchdog new settings ? a", device.start("watchdog").text)
        self.assertIn("WHY restart new settings ? a", device.start("soft").text)
        self.assertIn("WHY brown_out", device.start("dip").text)
        device.write("a/firmware/app.py", app("a", tell + CRASH))
        device.start("power")
        self.assertIn("WHY crash RuntimeError: broken a", device.start("hard").text)
        self.assertIn("WHY crash RuntimeError: broken a", device.start("watchdog").text)
        device.write("a/firmware/app.py", app("a", tell + RESTART))
        device.start("power")
        self.assertIn("WHY crash  a", device.start("hard").text)  # a panic leaves no marker
        self.assertIn("WHY soft  a", device.start("soft").text)

    def test_starts_since_the_supply_came_are_counted_also_those_into_safe_mode(self):
        tell = "from firmware.drivers import reset_marker as m\nprint('STARTS', m.read()['restarts'])\n"
        device = self.two_slots(a=tell + RESTART, at=("a", None, True, 0))
        for cause, events, count in (("power", [], 1), ("hard", [], 2), ("hard", [(0, BUTTON, 0)], None),
                                     ("soft", [(0, BUTTON, 1)], 4), ("power", [(0, BUTTON, 1)], 1)):
            start = device.start(cause, events=events)
            if count is not None:
                self.assertIn("STARTS %d\n" % count, start.text)

    def test_what_others_keep_in_rtc_memory_is_left_alone(self):
        keep = "import machine\nr = machine.RTC()\nprint('KEPT', r.memory()[48:])\nr.memory(r.memory()[:48] + b'theirs')\n"
        device = self.two_slots(a=keep + "from firmware.drivers import reset_marker as m\nm.mark('x')\nm.runs_well()\n" + RESTART,
                                at=("a", None, True, 0))
        device.start()
        self.assertIn("KEPT b'theirs'", device.start("hard").text)


class OnCPython(Causes, unittest.TestCase):
    Device = HostDevice


class OnMicroPython(Causes, unittest.TestCase):
    Device = VmDevice


if __name__ == "__main__":
    unittest.main()
