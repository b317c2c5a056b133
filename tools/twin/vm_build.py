"""The firmware as it ships, for the twin on MicroPython: .mpy in a ROMFS image, and the twin's own side compiled too.

The twin's side is compiled so that a small heap can be tried: compiling a source takes more of it than the charger does.
"""
import shutil
from pathlib import Path

from tools.build.application import application
from tools.setup.lib import read_lock
from tools.setup.mpy import ROOT, compile_file
from tools.setup.romfs import image

TWIN = ROOT / "tools/twin"
SIDE = ("costs.py", "hal.py", "pilot.py", "pilot_line.py", "vm_awake.py", "vm_port.py", "waveform.py")


def build(folder, root=ROOT):
    """Fills the folder for VmTwin(build=folder); returns the size of the image in bytes."""
    folder = Path(folder)
    (folder / "shims").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(TWIN / "vm_main.py", folder / "vm_main.py")
    for path in [TWIN / name for name in SIDE] + sorted((TWIN / "shims").glob("*.py")):
        name = path.relative_to(TWIN).with_suffix(".mpy")
        (folder / name).write_bytes(compile_file(path, path.name))
    for package in read_lock(root / "lib"):         # what a device's image of MicroPython brings along
        for name in package["files"]:
            target = (folder / "lib" / name).with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(compile_file(root / "lib" / name, name))
    data = image(application(root))
    (folder / "image.romfs").write_bytes(data)
    return len(data)
