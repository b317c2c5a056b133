"""Puts Mode3 onto a board: `python -m tools.flash --port /dev/ttyUSB0 --board esp32-s3 --box build/boxes/M3-0001`.

Writes MicroPython if an image is given, then the application into slot a, the board's facts, the charger's identity and boot.py;
only what differs is written, everything is read back by hash, and the next step is said.
"""
import argparse
import json
import sys

from tools.checks.arguments import at_home
from tools.flash import chip as chips
from tools.flash.device import PINNED, Device, DeviceError
from tools.flash.plan import MARK, SLOT, PlanError, calibrated, plan

SPARE = 32768       # bytes that stay free: LittleFS needs blocks to move files
HEAP = 1_000_000    # bytes: PSRAM has at least two MB, without it an ESP32 has less than 300; 340 kB are needed (docs/budgets.md)
KEPT = ("/data/", "/b/")        # what a second flashing leaves: the owner's settings and records, the other slot
OF_SLOT = "/%s/" % SLOT
PORT_S = 15         # seconds that a port may be away after MicroPython was written


class Bar:
    """A progress bar on a terminal; lines where it is none."""

    def __init__(self, out=sys.stdout):
        self._total, self._out, self._done, self._last = 1, out, 0, -1

    def begin(self, total):
        """So many bytes are to be written."""
        self._total, self._done = max(1, total), 0

    def at(self, done, what):
        """So many bytes are done, and this is being written."""
        percent = min(100, (self._done + done) * 100 // self._total)
        if percent != self._last:
            self._last = percent
            if self._out.isatty():
                self._out.write("\r%3d %% |%-40s| %-40.40s" % (percent, "█" * (percent * 40 // 100), what))
            elif percent % 10 == 0:
                self._out.write("%3d %%  %s\n" % (percent, what))
            self._out.flush()

    def add(self, size):
        """A file is done."""
        self._done += size

    def end(self):
        """The last line."""
        self._done = self._total
        self.at(0, "")
        self._out.write("\n")


def check(device, files, platforms=("esp32",), any_version=False):
    """Refuse a device that cannot take the files: (its version as text, {path: size} of its files, its folders). DeviceError."""
    platform, machine, version, heap, free = device.about()
    if platform not in platforms:
        raise DeviceError("this is a %s; Mode3 runs on %s" % (platform, ", ".join(platforms)))
    chip, wanted = chips.chip_of(machine), json.loads(files["/board.json"])["chip"]
    if chip not in (None, wanted):
        raise DeviceError("this is an %s (%s), the board's facts are for an %s: is it the right BOARD, or the right PORT?" % (
            chip, machine, wanted))
    if version[:2] != PINNED and not any_version:
        raise DeviceError("MicroPython %d.%d.%d is there, Mode3 is proved on %d.%d: FIRMWARE=file.bin writes it" % (
            *version, *PINNED))
    if heap < HEAP:
        raise DeviceError("this MicroPython has %d kB of memory, the application as files needs PSRAM: FIRMWARE=file.bin writes an "
                          "image with SPIRAM in its name; for modules without PSRAM see docs/frozen.md" % (heap // 1024))
    there, folders = device.tree()
    _check_identity(device, files, there)
    if "/main.py" in there:
        raise DeviceError("another program's /main.py is on this board; MicroPython would start it where boot.py ends (safe mode). "
                          "mpremote resume rm :main.py takes it away, or ERASE=1 FIRMWARE=file.bin begins anew")
    wanted = sum(len(data) for path, data in files.items() if not (path in there and path.startswith(KEPT)))
    given_back = sum(length for path, length in there.items()
                     if path.startswith(OF_SLOT) or path in files and not path.startswith(KEPT))
    if wanted + SPARE > free + given_back:
        raise DeviceError("the file system has %d kB free, %d kB are needed" % (
            (free + given_back) // 1024, (wanted + SPARE) // 1024))
    return "%d.%d.%d" % version, there, folders


def _check_identity(device, files, there):
    """Refuse to make one charger another: its label hangs on a wall. An identity that it made itself has none, and may go.
    DeviceError."""
    if "/identity.json" not in files or "/identity.json" not in there:
        return
    try:
        old = json.loads(device.read("/identity.json"))
        serial, labelled = old["serial"], old["ssid"] != old["serial"]
    except (ValueError, KeyError, TypeError):
        return              # damaged: the box mends it
    new = json.loads(files["/identity.json"])["serial"]
    if labelled and serial != new:
        raise DeviceError("this board is the charger %s already, the box is %s: is it the right PORT, the right BOX? "
                          "ERASE=1 FIRMWARE=file.bin begins anew, settings and records go with it" % (serial, new))


def flash(device, files, there, folders, bar):
    """Write what differs; the paths written. Files of the slot that no longer belong there go; what was calibrated stays so.
    DeviceError."""
    if "/board.json" in there:
        files = dict(files, **{"/board.json": calibrated(files["/board.json"], device.read("/board.json"))})
    for folder in sorted({"/".join(path.split("/")[:depth]) for path in [*files, "/data/"]
                          for depth in range(2, path.count("/") + 1)}):
        device.make_folder(folder)
    wanted = [path for path, data in files.items() if not (path in there and path.startswith(KEPT))
              and (there.get(path) != len(data) or not device.holds(path, data))]
    bar.begin(sum(len(files[path]) for path in wanted))
    if any(path.startswith(OF_SLOT) for path in wanted) or MARK in there:
        device.write(MARK, b"")
    for path in sorted(there):
        if path.startswith(OF_SLOT) and path not in files and path != MARK:
            device.remove(path)
    for folder in folders:
        if folder.startswith(OF_SLOT) and not any(path.startswith(folder + "/") for path in files):
            device.remove_folder(folder)
    for path in wanted:
        if path == "/slot.json":
            continue                # last: it is what starts the slot
        device.write(path, files[path], lambda done, path=path: bar.at(done, path))
        bar.add(len(files[path]))
    for path in wanted:
        if path != "/slot.json" and not device.holds(path, files[path]):
            raise DeviceError("%s was read back differently: try again; if it stays, the flash chip is worn or the supply weak"
                              % path)
    if MARK in device.tree()[0]:
        device.remove(MARK)
    if "/slot.json" in wanted:
        device.write("/slot.json", files["/slot.json"])
        if not device.holds("/slot.json", files["/slot.json"]):
            raise DeviceError("/slot.json was read back differently: try again")
    bar.end()
    return wanted


def main(arguments=None, platforms=("esp32",)):
    parser = argparse.ArgumentParser(prog="python -m tools.flash", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", required=True, help="serial port, such as /dev/ttyUSB0 or /dev/cu.usbserial-1")
    parser.add_argument("--board", help="name of the board (board_configs/)")
    parser.add_argument("--box", type=at_home, help="folder of make provision: the charger's identity")
    parser.add_argument("--firmware", type=at_home, help="image of MicroPython %d.%d to write first" % PINNED)
    parser.add_argument("--erase", action="store_true", help="erase the whole chip before (with --firmware)")
    parser.add_argument("--any-version", action="store_true", help="take another MicroPython than the one that is proved")
    parser.add_argument("--no-restart", action="store_true", help="leave the device in its console")
    options = parser.parse_args(arguments)
    if options.erase and not options.firmware:
        parser.error("--erase takes MicroPython away: give an image with --firmware")
    try:
        print("building …", flush=True)
        files = plan(options.box, options.board)
        if options.firmware:
            chips.write_image(options.port, json.loads(files["/board.json"])["chip"], options.firmware, options.erase)
        device = Device(options.port, PORT_S if options.firmware else 0)
        try:
            version, there, folders = check(device, files, platforms, options.any_version)
            print("MicroPython %s; %d files, %d kB" % (version, len(files), sum(map(len, files.values())) // 1024), flush=True)
            written = flash(device, files, there, folders, Bar())
            print("%d files written, %d were there already; all read back by hash" % (len(written), len(files) - len(written)))
            if not options.no_restart:
                device.restart()
        finally:
            device.close()
    except (PlanError, chips.ChipError, DeviceError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print("%s: %s" % (error.filename, error.strerror) if error.filename else error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nnot finished: call it again", file=sys.stderr)
        return 130
    if options.box:
        ssid = json.loads(files["/identity.json"])["ssid"]
        print("next: join the Wi-Fi %s with the label's key (or scan its code); the page opens by itself." % ssid)
    else:
        print("next: mpremote connect %s resume repl shows the identity that it makes itself; join that Wi-Fi." % options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
