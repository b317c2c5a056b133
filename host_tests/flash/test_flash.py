# cpython only: a tool of the host
import contextlib
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from host_tests.flash.standin import StandIn
from tools.flash import chip
from tools.flash.__main__ import HEAP, Bar, check, flash, main
from tools.flash.device import PINNED, Device, DeviceError
from tools.flash.plan import PlanError, board_file, calibrated, identity_files, plan
from tools.provision.box import make_box
from tools.setup.vm import VmMissing, vm_command

SLOT = {"firmware/app.mpy": b"M\x06" + bytes(range(256)) * 9, "firmware/page/index.html.gz": b"<html>" * 40}


def image(chip_id, text=b"v1.25.0"):
    """The smallest that looks like an image for a chip."""
    return struct.pack("<BBBBI", 0xE9, 3, 2, 0x20, 0x40080000) + b"\0" * 4 + struct.pack("<H", chip_id) + b"\0" * 50 + text


class OnADevice(unittest.TestCase):
    def setUp(self):
        try:
            vm_command()
        except VmMissing as error:
            self.skipTest("no MicroPython VM: %s" % error)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.image = self.folder / "flash"
        made = make_box(self.folder, "M3-0001", board_file("esp32-s3").decode())
        self.files = plan(made["folder"], None, SLOT)

    def put(self, files, board=None):
        """Flash the files; what was written."""
        device = Device(board.port)
        try:
            _, there, folders = check(device, files, ("linux",))
            return flash(device, files, there, folders, Bar(io.StringIO()))
        finally:
            device.close()

    def tree(self):
        """What is on the device now, read with mpremote's own command."""
        out = self.folder / "read"
        subprocess.run(["rm", "-rf", str(out)], check=True)
        out.mkdir()
        with StandIn(self.image) as board:
            done = subprocess.run([sys.executable, "-m", "mpremote", "connect", board.port, "resume", "cp", "-r", ":/", str(out)],
                                  capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return {"/" + path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def test_everything_is_where_boot_looks_for_it_and_a_second_time_writes_nothing(self):
        with StandIn(self.image) as board:
            self.assertEqual(sorted(self.put(self.files, board)), sorted(self.files))
        self.assertEqual(self.tree(), self.files)
        with StandIn(self.image) as board:
            self.assertEqual(self.put(self.files, board), [])

    def test_new_version_leaves_what_is_the_owners_and_takes_away_what_is_old(self):
        old = dict(self.files)
        old["/a/firmware/old/gone.mpy"] = b"old"
        with StandIn(self.image) as board:
            self.put(old, board)
            device = Device(board.port)
            device.write("/data/settings", b"the owner's")
            device.close()
        new = dict(self.files)
        new["/a/firmware/app.mpy"] = b"M\x06 new"
        new["/data/settings"] = b"the factory's"
        with StandIn(self.image) as board:
            self.assertEqual(self.put(new, board), ["/a/firmware/app.mpy"])
        self.assertEqual(self.tree(), {**new, "/data/settings": b"the owner's"})

    def test_calibration_of_this_very_board_stays_and_another_boards_does_not_come(self):
        def measured(name):
            facts = json.loads(board_file(name))
            facts["cp"].update(calibration=[[400, -12000], [1500, 0], [2700, 12000]], calibrated=True)
            facts["pp"]["pull_up_ohm"] += 7
            return facts
        for name, stays in (("esp32-s3", True), ("esp32-wrover", False)):
            facts = measured(name)
            with self.subTest(name), StandIn(self.image) as board:
                self.put(self.files, board)
                device = Device(board.port)
                device.write("/board.json", json.dumps(facts, indent=1).encode())
                device.close()
                self.assertEqual(self.put(self.files, board), [] if stays else ["/board.json"])
                device = Device(board.port)
                self.assertEqual(json.loads(device.read("/board.json")), facts if stays else json.loads(self.files["/board.json"]))
                device.close()

    def test_newer_facts_of_the_board_come_with_its_calibration(self):
        old = json.loads(self.files["/board.json"])
        old["cp"].update(calibration=[[400, -12000], [1500, 0], [2700, 12000]], calibrated=True)
        new = json.loads(self.files["/board.json"])
        new["limits"]["max_current_a"] = 16
        found = json.loads(calibrated(json.dumps(new).encode(), json.dumps(old).encode()))
        self.assertEqual((found["limits"]["max_current_a"], found["cp"]["calibrated"], found["cp"]["calibration"]),
                         (16, True, old["cp"]["calibration"]))
        for damaged in (b"", b"{", b"[]", b'{"name": "esp32-s3"}', b'{"name": "esp32-s3", "cp": {"calibrated": true}}'):
            self.assertEqual(calibrated(b'{"name": "esp32-s3", "cp": {}}', damaged), b'{"name": "esp32-s3", "cp": {}}')

    def test_charger_with_a_label_does_not_become_another_one(self):
        other = plan(make_box(self.folder, "M3-0002", board_file("esp32-s3").decode())["folder"], None, SLOT)
        made_itself = json.dumps(dict(json.loads(self.files["/identity.json"]), ssid="M3-0001")).encode()
        with StandIn(self.image) as board:
            self.put(self.files, board)
            with self.assertRaisesRegex(DeviceError, "is the charger M3-0001 already, the box is M3-0002"):
                self.put(other, board)
        self.assertEqual(self.tree(), self.files)
        for identity in (made_itself, b"{"):       # neither has a label
            with StandIn(self.image) as board:
                device = Device(board.port)
                device.write("/identity.json", identity)
                device.close()
                self.assertIn("/identity.json", self.put(other, board))

    def test_cable_pulled_anywhere_leaves_a_slot_that_does_not_start_or_the_whole_one(self):
        for bytes_in in range(2000, 26000, 3000):
            with self.subTest(bytes_in=bytes_in):
                self.image.unlink(missing_ok=True)
                with StandIn(self.image, dies_after=bytes_in) as board, self.assertRaises(DeviceError):
                    self.put(self.files, board)
                found = self.tree()
                slot = {path: data for path, data in found.items() if path.startswith("/a/firmware/")}
                whole = slot == {path: data for path, data in self.files.items() if path.startswith("/a/firmware/")}
                self.assertTrue(whole or "/a/incomplete" in found or not slot, sorted(found))
                if "/slot.json" in found:
                    self.assertTrue(whole and "/a/incomplete" not in found)
        with StandIn(self.image) as board:
            self.put(self.files, board)
        self.assertEqual(self.tree(), self.files)

    def test_flipped_bit_on_the_way_is_found(self):
        class Worn(Device):
            def write(self, path, data, progress=None):
                if path == "/boot.py":
                    data = data[:100] + bytes([data[100] ^ 1]) + data[101:]
                super().write(path, data, progress)
        with StandIn(self.image) as board:
            device = Worn(board.port)
            try:
                _, there, folders = check(device, self.files, ("linux",))
                with self.assertRaisesRegex(DeviceError, "/boot.py was read back differently"):
                    flash(device, self.files, there, folders, Bar(io.StringIO()))
                self.assertIn("/a/incomplete", device.tree()[0])
            finally:
                device.close()

    def test_wrong_devices_are_refused_before_anything_is_written(self):
        with StandIn(self.image, blocks=8) as board:
            device = Device(board.port)
            with self.assertRaisesRegex(DeviceError, "Mode3 runs on esp32"):
                check(device, self.files)
            with self.assertRaisesRegex(DeviceError, r"has \d+ kB free, \d+ kB are needed"):
                check(device, self.files, ("linux",))
            with mock.patch("tools.flash.__main__.HEAP", 64_000_000), \
                    self.assertRaisesRegex(DeviceError, r"has \d+ kB of memory, .* SPIRAM .* docs/frozen.md"):
                check(device, self.files, ("linux",))
            about = ("esp32", "Generic ESP32 module with ESP32", PINNED, HEAP, 1_000_000)
            with mock.patch.object(device, "about", lambda: about), \
                    self.assertRaisesRegex(DeviceError, "this is an esp32 .*, the board's facts are for an esp32s3: is it"):
                check(device, self.files)
            self.assertEqual(device.tree(), ({}, []))
            device.write("/main.py", b"print('a former life')")
            with self.assertRaisesRegex(DeviceError, "another program's /main.py"):
                check(device, self.files, ("linux",))
            device.close()

    def test_files_that_stay_are_no_room(self):
        with StandIn(self.image, blocks=24) as board:
            device = Device(board.port)
            device.write("/mine.bin", bytes(48_000))
            with self.assertRaisesRegex(DeviceError, r"has \d+ kB free"):
                check(device, self.files, ("linux",))
            device.close()

    def test_board_that_does_not_listen_at_once_is_asked_again(self):
        with StandIn(self.image, deaf=1) as board, mock.patch("tools.flash.device.SILENT_S", 1), \
                mock.patch("tools.flash.device.TRY_S", 1):
            device = Device(board.port)
            self.assertEqual(device.tree(), ({}, []))
            device.close()

    def test_command_refuses_a_board_without_psram_and_says_the_way_out(self):
        err = io.StringIO()
        with StandIn(self.image) as board, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
            self.assertEqual(main(["--port", board.port, "--board", "smartevse-v3"], ("linux",)), 2)
        self.assertIn("smartevse-v3 has no PSRAM", err.getvalue())
        self.assertIn("docs/frozen.md", err.getvalue())
        self.assertEqual(self.tree(), {})

    def test_command_says_the_next_step_and_restarts_the_board(self):
        out = io.StringIO()
        with StandIn(self.image) as board, contextlib.redirect_stdout(out):
            self.assertEqual(main(["--port", board.port, "--box", str(self.folder / "M3-0001")], ("linux",)), 0)
            self.assertTrue(board.restarted.wait(60))
        self.assertIn("join the Wi-Fi Mode3-M3-0001", out.getvalue())
        self.assertIn("all read back by hash", out.getvalue())
        self.assertIn("/a/firmware/app.mpy", self.tree())


class Plans(unittest.TestCase):
    def test_missing_things_are_named(self):
        with self.assertRaisesRegex(PlanError, "make it with make provision"):
            identity_files("/nowhere")
        with self.assertRaisesRegex(PlanError, "unknown board 'esp33'; there are .*esp32-wrover"):
            board_file("esp33")
        with self.assertRaisesRegex(PlanError, "which board"):
            plan(None, None, SLOT)
        with self.assertRaisesRegex(PlanError, "unknown board 'twin'"):
            plan(None, "twin", SLOT)

    def test_box_that_was_damaged_by_hand_is_refused_before_a_board_is_touched(self):
        with tempfile.TemporaryDirectory() as folder:
            flash = Path(make_box(folder, "M3-0001", board_file("esp32-s3").decode())["flash"])
            (flash / ".DS_Store").write_bytes(b"the desktop's")
            files = plan(flash.parent, "esp32-s3", SLOT)
            self.assertNotIn("/.DS_Store", files)
            with self.assertRaisesRegex(PlanError, "is for the board esp32-s3, not for esp32-wrover"):
                plan(flash.parent, "esp32-wrover", SLOT)
            for name, text, says in (("board.json", "{", "board.json is damaged"), ("board.json", "[]", "must hold an object"),
                                     ("board.json", '{"format": 1}', "would refuse this board: board facts: name"),
                                     ("identity.json", "{", "identity.json is damaged"),
                                     ("identity.json", '{"serial": "M3-0001"}', "identity.json lacks ssid, hotspot_key")):
                before = (flash / name).read_text()
                (flash / name).write_text(text)
                with self.assertRaisesRegex(PlanError, says):
                    plan(flash.parent, None, SLOT)
                (flash / name).write_text(before)

    def test_pointer_and_boot_come_last_and_the_pointer_is_one_that_boot_obeys(self):
        files = plan(None, "esp32-wrover", SLOT)
        self.assertEqual(list(files)[-2:], ["/boot.py", "/slot.json"])
        self.assertEqual(json.loads(files["/slot.json"])["active"], "a")

    def test_no_port_is_an_error_that_helps(self):
        with self.assertRaisesRegex(DeviceError, "Is the board plugged in"):
            Device("/dev/does-not-exist")


class Chips(unittest.TestCase):
    def test_image_for_another_chip_another_version_or_none_is_refused(self):
        chip.checked_image(image(9), "esp32s3")
        chip.checked_image(image(0), "esp32")
        for data, says in ((image(0), "for esp32, the board has an esp32s3"), (image(9, b"v1.24.1"), "found: 1.24.1"),
                           (b"PK\3\4" * 20, "no image for an ESP32"), (b"", "no image")):
            with self.assertRaisesRegex(chip.ChipError, says):
                chip.checked_image(data, "esp32s3")

    def test_chip_is_told_by_micropythons_name_for_it(self):
        for machine, name in (("Generic ESP32S3 module with Octal-SPIRAM with ESP32S3", "esp32s3"),
                              ("FeatherS3 with ESP32-S3", "esp32s3"), ("Generic ESP32 module with SPIRAM with ESP32", "esp32"),
                              ("TinyPICO with ESP32-PICO-D4", "esp32"), ("ESP32C3 module with ESP32C3", "esp32c3"),
                              ("linux [GCC 14.2.0] version", None)):
            self.assertEqual(chip.chip_of(machine), name, machine)

    def test_bar_is_full_at_the_end_however_little_was_written(self):
        for total in (0, 10, 1000):
            out = io.StringIO()
            bar = Bar(out)
            bar.begin(total)
            bar.end()
            self.assertTrue(out.getvalue().startswith("100 %"), out.getvalue())

    def test_orders_to_esptool_are_in_order_and_a_failure_stops(self):
        path = Path(tempfile.mkdtemp(), "image.bin")
        self.addCleanup(lambda: (path.unlink(), os.rmdir(path.parent)))
        path.write_bytes(image(0))
        asked = []

        class Done:
            returncode = 0

        def run(command):
            asked.append(command[command.index("460800") + 1:])
            return Done
        before, chip.esptool = chip.esptool, lambda: ["esptool"]
        try:
            chip.write_image("/dev/x", "esp32", path, True, run)
            self.assertEqual(asked, [["erase_flash"], ["write_flash", "0x1000", str(path)]])
            Done.returncode = 1
            with self.assertRaisesRegex(chip.ChipError, "erase_flash failed"):
                chip.write_image("/dev/x", "esp32", path, True, run)
            self.assertEqual(len(asked), 3)
        finally:
            chip.esptool = before


if __name__ == "__main__":
    unittest.main()
