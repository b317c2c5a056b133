"""Makes what an image with the application frozen into it is built of: `python -m tools.build.frozen` writes build/frozen/.

mpy/ holds the application, compiled as it ships, for manifest.py; firmware/page.pack is for the flash, beside boot.py. The rest of
the way is MicroPython's own build: docs/frozen.md.
"""
import shutil
import sys

from tools.build.page import shipped
from tools.setup.folder import write_files
from tools.setup.mpy import ROOT, compile_application

OUT = ROOT / "build" / "frozen"
MANIFEST = ROOT / "tools" / "build" / "manifest.py"


def files(root=ROOT):
    """{path below build/frozen: bytes}. A frozen module is found by the name in its file, not by its file's: it is a path there."""
    found = {"mpy/" + name: data for name, data in compile_application(root, named=lambda path: path.as_posix()).items()}
    found.update(shipped(root / "firmware/page"))
    return found


def write(out=OUT):
    """Write them, and nothing that was there before; returns files()."""
    made = files()
    shutil.rmtree(out, ignore_errors=True)
    write_files(out, made)
    return made


if __name__ == "__main__":
    made = write()
    print("%d bytes in %d files in %s; next: docs/frozen.md" % (sum(map(len, made.values())), len(made), OUT.relative_to(ROOT)))
    sys.exit(0)
