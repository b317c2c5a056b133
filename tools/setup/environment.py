"""Makes .venv and installs one of the locked sets into it: `python3 tools/setup/environment.py run|device|dev`.

Runs on the machine's own Python with nothing installed. The file .venv/.<set>-installed says that the set is in place.
"""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
SETS = ("run", "device", "dev")


def missing_venv():
    """The package to install when this Python cannot make environments, or None."""
    try:
        import ensurepip  # noqa: F401  (Debian ships it, and with it a working venv, apart from python3 itself)
        import venv  # noqa: F401
    except ImportError:
        return "python%d.%d-venv" % sys.version_info[:2]
    return None


def usable(python):
    """True when the environment's Python still starts, is new enough and has pip."""
    code = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([str(python), "-c", code], capture_output=True).returncode == 0
    except OSError:
        return False


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in SETS:
        sys.exit("usage: environment.py %s" % "|".join(SETS))
    if sys.version_info < (3, 11):
        sys.exit("Mode3 needs Python 3.11 or newer; %s is %d.%d. PYTHON=/path/to/python3 names another." % (
            sys.executable, *sys.version_info[:2]))
    name = arguments[0]
    python = VENV / "bin" / "python"
    if not usable(python):
        package = missing_venv()
        if package:
            sys.exit("Python's venv module is missing: install the package %s (Debian: sudo apt install %s)" % (
                package, package))
        print("making .venv …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    print("installing the %s set of tools/setup/%s.lock …" % (name, name), flush=True)
    done = subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                           "--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / "tools/setup" / (name + ".lock"))])
    if done.returncode:
        sys.exit("pip could not install tools/setup/%s.lock (its messages stand above)" % name)
    (VENV / (".%s-installed" % name)).touch()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
