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
        text = (folder / "manifest").read_text("utf-8")
        for size, digest, path in (line.split(" ")[1:] for line in text.splitlines() if line.startswith("file ")):
            found[path] = (folder / "objects" / digest).read_bytes()
            if str(len(found[path])) != size or hashlib.sha256(found[path]).hexdigest() != digest:
                found[path] = None
    except OSError as error:
        raise ValueError("%s is no release: %s" % (folder, error)) from None
    except ValueError:
        raise ValueError("%s is no release: a line of its manifest is not as docs/update.md has it" % folder) from None
    wrong = [path for path, data in found.items() if data is None]
    if wrong or not found:
        raise ValueError("%s: %s" % (folder, "%s is not as the manifest says" % wrong[0] if wrong else "its manifest has no file"))
    return found


def begin_with(flash, folder):
    """Let a flash without slots start from a release; one that has slots stays as it is. ValueError."""
    files = release(folder)
    if not (Path(flash) / "slot.json").exists():
        put(flash, files)
