#!/usr/bin/env python3
"""What continuous integration runs: installs what it needs, then `make test` and `make proof`, and sums up.

A test skipped for want of a tool is a failure here: everything the tests want can be had on a Debian machine.
"""
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUITES = ("test", "proof")

# Debian package -> how to see that it is there. Installed when root and missing; nothing else is taken from the system.
PACKAGES = (
    ("make", lambda: shutil.which("make")),
    ("git", lambda: shutil.which("git")),
    ("debian-archive-keyring", lambda: os.path.exists("/usr/share/keyrings/debian-archive-keyring.gpg")),
    ("python3-venv", lambda: importable("ensurepip")),
    ("chromium", lambda: any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    ("openssl", lambda: shutil.which("openssl")),
    ("curl", lambda: shutil.which("curl")),
    ("nginx-light", lambda: shutil.which("nginx") or os.path.exists("/usr/sbin/nginx")),
    ("mosquitto", lambda: shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")),   # a real MQTT broker
    ("python3-pyftpdlib", lambda: os.path.isdir("/usr/lib/python3/dist-packages/pyftpdlib")),   # a real FTP server
    ("fonts-dejavu-core", lambda: os.path.isdir("/usr/share/fonts/truetype/dejavu")),   # pages are looked at with letters
)


def importable(name):
    """True when the Python that runs this has the module."""
    return subprocess.run([sys.executable, "-c", "import " + name], capture_output=True).returncode == 0


def install():
    """Installs the missing packages; says which when it may not."""
    missing = [name for name, there in PACKAGES if not there()]
    if not missing:
        return
    if shutil.which("apt-get") is None or os.getuid() != 0:
        sys.exit("missing: %s (install them, or run as root on Debian)" % ", ".join(missing))
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.run(["apt-get", "-qq", "update"], check=True, env=env)
    subprocess.run(["apt-get", "-qq", "install", "--yes", "--no-install-recommends", *missing], check=True, env=env)


def main():
    os.chdir(ROOT)
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed, this is %d.%d" % sys.version_info[:2])
    install()
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    for suite in SUITES:
        result = ROOT / "build" / (suite + ".json")
        result.unlink(missing_ok=True)
        start = time.monotonic()
        returncode = subprocess.run(["make", suite, "STRICT=--strict", "PYTHON=" + sys.executable]).returncode
        print("make %s: exit status %d after %.0f s\n" % (suite, returncode, time.monotonic() - start), flush=True)
        counts = json.loads(result.read_text()) if result.exists() else {"passed": 0, "failed": 1, "skipped": 0}
        if returncode and not counts["failed"] and not counts["skipped"]:
            counts["failed"] = 1
        for name in totals:
            totals[name] += counts[name]
    if totals["skipped"]:
        print("skipped tests count as failures here; they and their reasons stand above")
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % totals)
    return 1 if totals["failed"] or totals["skipped"] or not totals["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
