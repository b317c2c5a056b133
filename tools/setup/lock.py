"""Makes tools/setup/run.lock, device.lock and dev.lock from the dependency groups of pyproject.toml.

`python -m tools.setup.lock` asks pip, without installing anything, which wheels it would choose on every Python and platform
we support, and writes their versions and SHA-256. Only wheels are taken: nothing is built on the user's machine.
"""
import json
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GROUPS = ("run", "device", "dev")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (
    ("manylinux1_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"),
    ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64"),
    ("macosx_10_9_x86_64", "macosx_10_12_x86_64", "macosx_11_0_x86_64"),
    ("macosx_11_0_arm64",),
)


def group(groups, name):
    """The requirement strings of one dependency group, its included groups first."""
    found = []
    for entry in groups[name]:
        found += group(groups, entry["include-group"]) if isinstance(entry, dict) else [entry]
    return found


def resolve(requirements, python, platforms):
    """What pip would install there: {(name, version): {sha256, …}}."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--only-binary",
                   ":all:", "--target", folder, "--python-version", python, "--report", folder + "/report.json"]
        for platform in platforms:
            command += ["--platform", platform]
        done = subprocess.run(command + requirements, capture_output=True, text=True)
        if done.returncode:
            sys.exit("no wheels for Python %s on %s:\n%s" % (python, platforms[0], done.stderr.strip()))
        report = json.loads(Path(folder, "report.json").read_text())
    found = {}
    for item in report["install"]:
        pin = (item["metadata"]["name"].lower().replace("_", "-"), item["metadata"]["version"])
        found.setdefault(pin, set()).add(item["download_info"]["archive_info"]["hashes"]["sha256"])
    return found


def lock_text(name, requirements):
    """The text of one lock file, in the form pip's --require-hashes reads."""
    places = [(requirements, python, platforms) for python in PYTHONS for platforms in PLATFORMS]
    pins = {}
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda place: resolve(*place), places):
            for pin, hashes in found.items():
                pins.setdefault(pin, set()).update(hashes)
    names = [pin[0] for pin in pins]
    double = sorted({n for n in names if names.count(n) > 1})
    if double:
        sys.exit("%s: different versions on different platforms: %s" % (name, ", ".join(double)))
    lines = ["# Made by `python -m tools.setup.lock` from pyproject.toml's group %r. Do not edit." % name]
    for (package, version), hashes in sorted(pins.items()):
        lines.append("%s==%s \\\n%s" % (package, version, " \\\n".join(
            "    --hash=sha256:" + digest for digest in sorted(hashes))))
    return "\n".join(lines) + "\n"


def main():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    for name in GROUPS:
        target = ROOT / "tools" / "setup" / (name + ".lock")
        target.write_text(lock_text(name, group(groups, name)))
        print("wrote", target.relative_to(ROOT))


if __name__ == "__main__":
    main()
