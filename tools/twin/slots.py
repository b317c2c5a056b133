"""Puts an application into a slot of a twin's flash, as provisioning puts the first one on a device."""
import hashlib
import runpy
from pathlib import Path

from tools.setup.folder import write_files
from tools.setup.mpy import ROOT


def pointer(active, previous=None, confirmed=True, tries=0):
    """slot.json's text (docs/boot.md), as the firmware's own module writes it; ValueError where that would not."""
    module = runpy.run_path(str(ROOT / "firmware/drivers/slot_pointer.py"))    # alone: no firmware stays imported beside a slot's
    return module["text_from_pointer"](active, previous, confirmed, tries)


def put(flash, files, slot="a"):
    """Write {path: bytes} into the slot and let the next start run it."""
    flash = Path(flash)
    write_files(flash / slot, files)
    (flash / "slot.json").write_text(pointer(slot))


def release(folder):
    """{path: bytes} of a release's folder (docs/update.md). ValueError when it is none, or not whole."""
    folder = Path(folder)
    found = {}
    try:
        for line in (folder / "manifest").read_text().splitlines():
            if line.startswith("file "):
                _, size, digest, path = line.split(" ")
                found[path] = (folder / "objects" / digest).read_bytes()
                if len(found[path]) != int(size) or hashlib.sha256(found[path]).hexdigest() != digest:
                    raise ValueError("%s: %s is not as the manifest says" % (folder, path))
    except OSError as error:
        raise ValueError("%s is no release: %s" % (folder, error)) from None
    return found


def begin_with(flash, folder):
    """Let a flash without slots start from a release; one that has slots stays as it is. ValueError."""
    files = release(folder)
    if not (Path(flash) / "slot.json").exists():
        put(flash, files)
