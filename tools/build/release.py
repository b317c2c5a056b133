"""Builds and signs a release: `python -m tools.build.release VERSION [--key FILE] [--notes FILE]`.

Writes build/release/VERSION/ with `manifest` and `objects/<SHA-256>`, a folder that any file server serves, and beside them
`mode3-VERSION.bundle` for the upload through the page. Same sources, version, date and key: same bytes. docs/update.md has the
formats.
"""
import argparse
import ast
import hashlib
import shutil
import subprocess
import sys

from tools.build import keys, page
from tools.build.application import application as as_it_ships
from tools.checks.arguments import at_home
from tools.setup.mpy import ROOT
from tools.twin import cpython

if not cpython.installations():
    cpython.install()

from firmware.services.ota.manifest import Manifest, version_from_text  # MicroPython's modules had to be there first
from firmware.services.ota.refusal import UpdateError

OUT = ROOT / "build" / "release"
BOOT = 0        # the lowest version of boot.py that starts what is built here
VERSION_PY = '"""The one place that says which version this is."""\n\nVERSION = "%s"\n'


def application(version, moduli, root=ROOT):
    """{path: bytes} of a slot as it ships with this version, which trusts these keys."""
    changes = {"firmware.version": VERSION_PY % version, "firmware.services.ota.release_keys": keys.trusting(moduli)}
    return as_it_ships(root, changes)


def _bare(text):
    """A source without comments and docstrings: a bundle has little room."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node):
            node.body[:1] = [] if len(node.body) > 1 else [ast.Pass()]
    return (ast.unparse(tree) + "\n").encode()


def sources(version, moduli, root=ROOT):
    """The same as sources, for a host's Python: what a twin on CPython runs."""
    texts = {path.relative_to(root).as_posix(): path.read_text() for path in sorted((root / "firmware").rglob("*.py"))
             if "__pycache__" not in path.parts}
    texts["firmware/version.py"] = VERSION_PY % version
    texts["firmware/services/ota/release_keys.py"] = keys.trusting(moduli)
    found = {path: _bare(text) for path, text in texts.items()}
    return {**found, **page.shipped(root / "firmware/page")}


def manifest_text(files, version, date, board="any", notes="", boot=BOOT):
    """The signed part of a manifest. ValueError for a version that is none."""
    version_from_text(version)
    lines = ["mode3-manifest 1", "version " + version, "date " + date, "board " + board, "boot %d" % boot]
    lines += ["note " + line for line in notes.strip().splitlines()]
    for path in sorted(files):
        lines.append("file %d %s %s" % (len(files[path]), hashlib.sha256(files[path]).hexdigest(), path))
    lines.append("end %d %d" % (len(files), sum(len(data) for data in files.values())))
    return ("\n".join(lines) + "\n").encode()


def signed(text, key):
    """The whole manifest: the text and the signature of the private key in that file."""
    return text + b"signature " + keys.sign(key, text).hex().encode() + b"\n"


def write(out, files, manifest, version):
    """The folder for a server, and the bundle. The same objects stay where they are: a server's copy is updated by adding."""
    objects = out / "objects"
    shutil.rmtree(objects, ignore_errors=True)
    objects.mkdir(parents=True)
    for data in files.values():
        (objects / hashlib.sha256(data).hexdigest()).write_bytes(data)
    (out / "manifest").write_bytes(manifest)
    (out / ("mode3-%s.bundle" % version)).write_bytes(manifest + b"".join(files[path] for path in sorted(files)))


def check(manifest):
    """The firmware's own reader takes it. UpdateError."""
    reader = Manifest()
    reader.feed(manifest)
    reader.finish()
    return reader


def commit_date():
    """Day of the newest commit: the same for everybody who builds it. ValueError where there is none to ask."""
    try:
        done = subprocess.run(("git", "log", "-1", "--format=%cs"), cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        done = None
    if done is None or done.returncode:
        raise ValueError("git does not know the day of the newest commit: name one with --date")
    return done.stdout.strip()


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.build.release", description=__doc__.splitlines()[0])
    parser.add_argument("version", help="three numbers, such as 1.4.0; chargers take higher ones only")
    parser.add_argument("--key", type=at_home, default=keys.KEY, help="private key (default: %s)" % keys.KEY)
    parser.add_argument("--notes", type=at_home, help="text file: what is new, shown before the update")
    parser.add_argument("--date", default=None, help="YYYY-MM-DD (default: of the newest commit)")
    parser.add_argument("--board", default="any", help="chips it is for, by commas (default: any)")
    parser.add_argument("--out", type=at_home, help="folder to write (default: build/release/VERSION)")
    parser.add_argument("--sources", action="store_true", help="Python sources instead of .mpy: for a twin on CPython")
    parser.add_argument("--trust", action="store_true", help="let the built firmware trust this key, which the sources do not name")
    options = parser.parse_args(arguments)
    try:
        version_from_text(options.version)
        modulus = keys.modulus_of(options.key)
        trusted = keys.moduli()
        if modulus not in trusted:
            if not options.trust:
                parser.error("the sources do not know this key, no charger would take the release: make keys, or --trust to try")
            trusted = (*trusted, modulus)
        files = (sources if options.sources else application)(options.version, trusted)
        notes = options.notes.read_text() if options.notes else ""
        text = manifest_text(files, options.version, options.date or commit_date(), options.board, notes)
        manifest = signed(text, options.key)
        check(manifest)
    except (ValueError, OSError, keys.KeyProblem, UpdateError) as problem:
        print(problem)
        return 1
    out = options.out or OUT / options.version
    write(out, files, manifest, options.version)
    print("%s: %d files, %d kB; serve this folder, or upload mode3-%s.bundle on the page" % (
        out, len(files), sum(map(len, files.values())) // 1024, options.version))
    return 0


if __name__ == "__main__":
    sys.exit(main())
