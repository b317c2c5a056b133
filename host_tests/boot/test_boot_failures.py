# cpython only: it starts the MicroPython VM itself, beside the same proofs on CPython
"""What boot.py makes of applications that fail: pauses, notes, the slot before."""
import json
import unittest

from host_tests.boot.cases import COIL_1, COIL_2, CRASH, PILOT, RESTART, OnADevice, started
from host_tests.boot.devices import HostDevice, VmDevice


class Failures(OnADevice):
    """An application that crashes, hangs or ends."""

    def test_the_pause_after_a_crash_grows_and_the_watchdog_is_a_little_longer(self):
        device = self.two_slots(a=CRASH, at=("a", None, True, 0))
        for pause_ms in (1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000):
            start = device.start("hard")
            self.assertEqual(start.end, "reset:hard")
            self.assertGreaterEqual(start.duration_ms, pause_ms)
            self.assertLess(start.duration_ms, pause_ms + 500)  # flash takes its time as well
            self.assertEqual(start.watchdogs, [pause_ms + 10_000])

    def test_a_confirmed_slot_that_keeps_failing_gives_way_to_the_previous_one(self):
        for cause, body in (("hard", CRASH), ("watchdog", RESTART), ("dip", RESTART)):
            device = self.two_slots(b=body, at=("b", "a", True, 0))
            device.start("power")
            self.assertEqual([started(device.start(cause))[0] for _ in range(9)], ["b"] * 7 + ["a", "a"])
            self.assertEqual(self.log_of(device)[-1][0 if body is RESTART else 1], "rollback" if body is RESTART else "b")

    def test_a_confirmed_slot_that_keeps_failing_with_nothing_to_go_back_to_ends_in_safe_mode(self):
        device = self.two_slots(a=CRASH, at=("a", None, True, 0))
        device.start("power")
        self.assertEqual([started(device.start("hard"))[0] for _ in range(7)], ["a"] * 7)
        self.assert_safe_mode(device.start("hard"), "8 failures in a row")
        self.assert_safe_mode(device.start("soft"), "nothing to go back to")
        self.assertEqual(started(device.start("power")), ["a"])
        self.assertEqual(self.pointer_of(device), ("a", None, True, 0))

    def test_a_run_that_went_well_forgets_earlier_failures(self):
        well = "from firmware.drivers import reset_marker\nreset_marker.runs_well()\n"
        device = self.two_slots(a=well + CRASH, at=("a", None, True, 0))
        for _ in range(20):
            self.assertEqual(started(device.start("hard")), ["a"])

    def test_whatever_the_application_raises_ends_with_safe_pins_a_note_and_a_reset(self):
        dirty = "import machine\nfor n in (%d, %d):\n    machine.Pin(n, machine.Pin.OUT, value=1)\nmachine.PWM(%d, freq=1000)\n" % (
            COIL_1, COIL_2, PILOT)
        for what, note in (("raise ValueError('x')", "ValueError: x"), ("import sys\nsys.exit(3)", "SystemExit"),
                           ("raise GeneratorExit()", "GeneratorExit"), ("raise MemoryError('none')", "MemoryError"),
                           ("import asyncio\nraise asyncio.CancelledError()", "CancelledError"),
                           ("import no_such_module", "no_such_module"), ("return", "the application ended"),
                           ("raise ValueError('\\u00e4' * 200)", "ValueError")):
            with self.subTest(what=what):
                device = self.two_slots(a=dirty + what, at=("a", None, True, 0))
                start = device.start()
                self.assertEqual(start.end, "reset:hard")
                self.assertIn(note, device.read("boot_log.json"))
                self.assertLessEqual(len(json.loads(device.read("boot_log.json"))["entries"][0]["reason"]), 80)
                after = start.outputs[[o[0] for o in start.outputs].index("pwm") + 1:]
                self.assertEqual(after[:3], [("pin", COIL_1, 0), ("pin", COIL_2, 0), ("pin", PILOT, 1)])
                self.assertEqual([o[0] for o in after[3:]][:1], ["wdt"])

    def test_an_application_that_does_not_even_import_is_a_crash(self):
        device = self.two_slots(at=("a", None, True, 0))
        device.write("a/firmware/app.py", "def run(root:\n")
        self.assertEqual(device.start().end, "reset:hard")
        self.assertEqual(self.log_of(device), [("crash", "a")])

    def test_ctrl_c_makes_the_pins_safe_and_gives_the_console(self):
        body = "import machine\nmachine.Pin(%d, machine.Pin.OUT, value=1)\nraise KeyboardInterrupt()" % COIL_1
        device = self.two_slots(a=body, at=("a", None, True, 0))
        start = device.start()
        self.assertEqual(start.end, "ctrl_c")
        self.assertEqual(start.pins[-2:], [(COIL_1, 1), (COIL_1, 0)])
        self.assertEqual(start.watchdogs, [86_400_000])
        self.assertEqual(self.log_of(device), [])

    def test_the_boot_log_stays_bounded_and_its_numbers_go_on(self):
        well = "from firmware.drivers import reset_marker\nreset_marker.runs_well()\n"
        device = self.two_slots(a=well + CRASH, at=("a", None, True, 0))
        for _ in range(20):
            device.start("hard")
        self.assertEqual(json.loads(device.read("boot_log.json"))["format"], 1)
        entries = json.loads(device.read("boot_log.json"))["entries"]
        self.assertEqual([e["number"] for e in entries], list(range(5, 21)))

    def test_a_damaged_boot_log_is_begun_anew(self):
        for text in ("{", "[]", '{"entries": 3}', '{"entries": []}', '{"entries": [{"number": "x"}]}', "\x00" * 9):
            device = self.two_slots(a=CRASH, at=("a", None, True, 0))
            device.write("boot_log.json", text)
            self.assertEqual(device.start().end, "reset:hard")
            self.assertEqual(self.log_of(device), [("crash", "a")])


class OnCPython(Failures, unittest.TestCase):
    Device = HostDevice

    def test_a_power_cut_or_any_other_end_that_is_no_exception_passes_untouched(self):
        end = "import machine\nmachine.Pin(%d, machine.Pin.OUT, value=1)\nclass Gone(BaseException):\n    pass\n" % COIL_1
        device = self.two_slots(a=end + "raise Gone()", at=("a", None, True, 0))
        with self.assertRaises(BaseException) as caught:
            device.start()
        self.assertEqual(type(caught.exception).__name__, "Gone")
        self.assertEqual(device.hal.driven[COIL_1], 1)
        self.assertEqual(self.log_of(device), [])
        device = self.two_slots(a="import time\nwhile True:\n    time.sleep_ms(1000)", at=("a", None, True, 0))
        start = device.start()  # an hour later its power is cut
        self.assertEqual(start.end, "power_cut")
        self.assertEqual(start.watchdogs, [])
        self.assertEqual(self.log_of(device), [])


class OnMicroPython(Failures, unittest.TestCase):
    Device = VmDevice

    def test_a_flash_that_refuses_every_write_lets_the_charger_start_until_the_failures_in_rtc_memory_are_too_many(self):
        device = self.two_slots(a=CRASH, at=("a", None, False, 0))
        device.start(code="pass")
        device.start("power", refuse=True)
        for _ in range(7):
            start = device.start("hard", refuse=True)
            self.assertEqual(started(start), ["a"])
            self.assertIn("try not counted", start.text)
            self.assertIn("log not written", start.text)
        self.assertEqual(self.pointer_of(device), ("a", None, False, 0))
        self.assert_safe_mode(device.start("hard", refuse=True), "8 failures in a row")


if __name__ == "__main__":
    unittest.main()
