"""MicroPython itself onto the chip: with esptool, Espressif's own, where the machine has it.

esptool (or mpflash, which fetches MicroPython's image too) is not installed by us: it is needed once in a device's life.
"""
import importlib.util
import re
import shutil
import struct
import subprocess
import sys

from tools.flash.device import PINNED

# chip -> (esptool's name, offset of the image: the second-stage bootloader's place, chip's number in the image header)
CHIPS = {"esp32": ("esp32", 0x1000, 0), "esp32s3": ("esp32s3", 0x0, 9)}
MAGIC = 0xE9
HOW = ("Writing MicroPython needs esptool: pipx install esptool, then call this again. Or let mpflash fetch and write it: "
       "pipx install mpflash, mpflash flash --version %d.%d.0 --serial PORT; then call this without FIRMWARE." % PINNED)


def chip_of(machine):
    """The chip as boards' facts call it, out of MicroPython's "Generic ESP32S3 module with ESP32S3"; None where it names none."""
    found = re.search(r"ESP32(?:-?([CHPS]\d+))?", machine.rpartition(" with ")[2])
    return found and "esp32" + (found.group(1) or "").lower()


class ChipError(Exception):
    """The image or the tool is not what is needed; the text says what to do."""


def checked_image(data, chip):
    """Refuse what is no image of the pinned MicroPython for this chip. ChipError."""
    name, _, number = CHIPS[chip]
    if len(data) < 24 or data[0] != MAGIC:
        raise ChipError("this is no image for an ESP32: it does not begin with 0x%02X" % MAGIC)
    found = struct.unpack_from("<H", data, 12)[0]
    if found != number:
        others = [one for one, row in CHIPS.items() if row[2] == found]
        raise ChipError("this image is for %s, the board has an %s" % (others[0] if others else "another chip (%d)" % found, name))
    versions = sorted({tuple(int(part) for part in match) for match in re.findall(rb"v(1)\.(\d{2})\.(\d+)", data)})
    if not any(version[:2] == PINNED for version in versions):
        raise ChipError("this image is not MicroPython %d.%d (found: %s)" % (
            *PINNED, ", ".join("%d.%d.%d" % version for version in versions) or "no version"))


def esptool():
    """The command line of esptool. ChipError says how to get it."""
    if importlib.util.find_spec("esptool") is not None:
        return [sys.executable, "-m", "esptool"]
    for name in ("esptool", "esptool.py"):
        if shutil.which(name):
            return [name]
    raise ChipError(HOW)


def write_image(port, chip, path, erase, run=subprocess.run):
    """Write the image file to the chip, all of the flash erased first when wanted. ChipError."""
    with open(path, "rb") as file:
        checked_image(file.read(), chip)
    name, offset, _ = CHIPS[chip]
    base = esptool() + ["--chip", name, "--port", port, "--baud", "460800"]
    for order in ([["erase_flash"]] if erase else []) + [["write_flash", "0x%x" % offset, str(path)]]:
        if run(base + order).returncode:
            raise ChipError("esptool %s failed (its messages stand above). Hold BOOT while the board is plugged in, and try again."
                            % order[0])
