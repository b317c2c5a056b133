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
from tools.flash.__main__ import Bar, check, flash, main
from tools.flash.device import Device, DeviceError
from tools.flash.plan import PlanError, board_file, identity_files, plan
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
            return flash(device, files, there, folders, Bar(1, io.StringIO()))
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
                    flash(device, self.files, there, folders, Bar(1, io.StringIO()))
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
