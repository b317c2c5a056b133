"""Fetches what lib/lock.json lists into lib/, by hash (`make lib`); --check says whether lib/ holds exactly that.

Only the files the lock names are taken from a wheel, so that what the device carries can be seen in one place. Old packages for
MicroPython are no wheels and no Python projects either: the archive with nothing but the files ("kind": "files"). pip finds it,
checks its hash and unpacks it before it refuses it; that is where they are taken from.
"""
import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FETCHED = ".fetched.json"  # in lib/: {file: sha256}, written last, so it also says that the fetch was complete


class LibError(Exception):
    """lib/ or its lock is not as it should be; the text names the place."""


def read_lock(lib):
    """The packages of lib/lock.json; LibError when an entry lacks a field."""
    place = lib / "lock.json"
    try:
        packages = json.loads(place.read_text())["packages"]
    except (OSError, ValueError, KeyError) as error:
        raise LibError("%s: cannot be read: %r" % (place, error))
    for package in packages:
        for field in ("name", "version", "why", "sha256", "files"):
            if not package.get(field):
                raise LibError("%s: %s lacks %r" % (place, package.get("name", "an entry"), field))
    return packages


def digest(data):
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _pip_download(package, folder, *options):
    """Lets pip fetch the package into folder; it refuses what has another hash. Returns what pip said, and its exit status."""
    wanted = folder / "wanted.txt"
    wanted.write_text("%s==%s --hash=sha256:%s\n" % (package["name"], package["version"], package["sha256"]))
    return subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", *options, "--dest", str(folder),
         "-r", str(wanted)], capture_output=True, text=True, env=dict(os.environ, TMPDIR=str(folder)))


def download(package, folder):
    """The path of the package's wheel."""
    done = _pip_download(package, folder, "--only-binary", ":all:")
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise LibError("lib/lock.json: %s %s could not be fetched:\n%s" % (
            package["name"], package["version"], done.stderr.strip()))
    return wheels[0]


def download_files(package, folder):
    """The folder in which pip has unpacked an archive that is no Python project."""
    done = _pip_download(package, folder, "--no-binary", ":all:", "--no-clean")
    for place in folder.rglob(package["files"][0]):
        return Path(str(place)[:-len(package["files"][0])])
    raise LibError("lib/lock.json: %s %s could not be fetched:\n%s" % (package["name"], package["version"], done.stderr.strip()))


def copy(package, folder, lib):
    """Copies the package's files from the folder into lib; returns {file: sha256}."""
    found = {}
    for name in package["files"]:
        _check_inside(package, name)
        try:
            found[name] = _put(lib / name, (folder / name).read_bytes())
        except OSError:
            raise LibError("lib/lock.json: %s has no file %r" % (package["name"], name))
    return found


def _check_inside(package, name):
    if name.startswith("/") or ".." in Path(name).parts:
        raise LibError("lib/lock.json: %s: %r lies outside lib/" % (package["name"], name))


def _put(target, content):
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return digest(content)


def unpack(package, wheel, lib):
    """Copies the package's files out of its wheel into lib; returns {file: sha256}."""
    data = wheel.read_bytes()
    if digest(data) != package["sha256"]:
        raise LibError("%s: SHA-256 is %s, lib/lock.json allows %s" % (wheel.name, digest(data), package["sha256"]))
    found = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in package["files"]:
            _check_inside(package, name)
            try:
                found[name] = _put(lib / name, archive.read(name))
            except KeyError:
                raise LibError("lib/lock.json: %s has no file %r" % (wheel.name, name))
    return found


def check(lib):
    """Raises LibError unless lib/ holds exactly what the lock lists, unchanged since it was fetched."""
    try:
        fetched = json.loads((lib / FETCHED).read_text())
    except (OSError, ValueError):
        raise LibError("lib/ is not fetched yet: run `make lib`")
    packages = read_lock(lib)
    if fetched["packages"] != [[p["name"], p["version"], p["sha256"], p["files"]] for p in packages]:
        raise LibError("lib/lock.json changed since lib/ was fetched: run `make lib`")
    for name, expected in fetched["files"].items():
        place = lib / name
        if not place.is_file() or digest(place.read_bytes()) != expected:
            raise LibError("lib/%s: missing or edited; lib/ is never edited, run `make lib`" % name)
    foreign = [place for place in _others(lib) if str(place.relative_to(lib)) not in fetched["files"]]
    if foreign:
        raise LibError("%s: not listed in lib/lock.json; run `make lib`" % foreign[0])


def _others(lib):
    """All files in lib/ but our own three and what Python and a desktop leave behind."""
    return [place for place in sorted(lib.rglob("*")) if place.is_file() and "__pycache__" not in place.parts
            and place.name not in ("README.md", "lock.json") and not place.name.startswith(".")]


def fetch(lib):
    """Fetches all packages of the lock into lib/; what else lies there goes."""
    packages = read_lock(lib)
    for place in _others(lib):
        place.unlink()
    files = {}
    for package in packages:
        with tempfile.TemporaryDirectory() as folder:
            if package.get("kind") == "files":
                files.update(copy(package, download_files(package, Path(folder)), lib))
            else:
                files.update(unpack(package, download(package, Path(folder)), lib))
    listed = [[p["name"], p["version"], p["sha256"], p["files"]] for p in packages]
    (lib / FETCHED).write_text(json.dumps({"packages": listed, "files": files}, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fetch nothing, only say whether lib/ is right")
    options = parser.parse_args()
    lib = ROOT / "lib"
    try:
        try:
            check(lib)
        except LibError:
            if options.check:
                raise
            fetch(lib)
            check(lib)
            print("lib/: " + ", ".join("%s %s" % (p["name"], p["version"]) for p in read_lock(lib)))
    except LibError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
