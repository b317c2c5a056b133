"""MicroPython's own tools for frozen builds (manifestfile.py, makemanifest.py, mpy-tool.py), of the version that we run.

`python -m tools.setup.manifest_tool` fetches them into .cache/: apt takes Debian's source package of MicroPython as the signed
index names it, and these few files are unpacked. No package of pip's has them. They check our manifest and are no part of the rest.
"""
import fcntl
import os
import shutil
import sys
import tarfile

from tools.setup import vm

CACHE = vm.ROOT / ".cache" / "manifest_tool"
WANTED = ("tools/manifestfile.py", "tools/makemanifest.py", "tools/mpy-tool.py", "py/makeqstrdata.py",
          "mpy-cross/mpy_cross/__init__.py")


def find(fetch=True):
    """The folder that stands for MicroPython's source tree, with WANTED in it. vm.VmMissing, which says why not."""
    target = CACHE / vm.SUITE
    if not target.is_dir():
        if not fetch:
            raise vm.VmMissing("not fetched yet: run python -m tools.setup.manifest_tool")
        CACHE.mkdir(parents=True, exist_ok=True)
        with open(CACHE / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.is_dir():
                _fetch(target)
    return target


def _fetch(target):
    """`target` appears complete or not at all."""
    if shutil.which("apt-get") is None:
        raise vm.VmMissing("the machine has no apt-get")
    work = target.with_name(target.name + ".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    apt = vm.apt_options(work, vm.mirror())
    sources = work / "sources.list"
    sources.write_text(sources.read_text().replace("deb [", "deb-src ["))
    vm.run(apt + ["update"], "apt-get update (%s)" % vm.SUITE)
    print("fetching MicroPython's tools for frozen builds (6 MB)", file=sys.stderr, flush=True)
    vm.run(apt + ["source", "--download-only", "--tar-only", "micropython"], "apt-get source micropython", work)
    unpacked = work / "unpacked"
    with tarfile.open(next(work.glob("micropython_*.orig.tar.*"))) as archive:
        for member in archive:
            name = member.name.partition("/")[2]
            if name in WANTED and member.isfile():
                place = unpacked / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(archive.extractfile(member).read())
    missing = [name for name in WANTED if not (unpacked / name).is_file()]
    if missing:
        raise vm.VmMissing("MicroPython's source package lacks " + ", ".join(missing))
    os.replace(unpacked, target)
    shutil.rmtree(work)


if __name__ == "__main__":
    try:
        print(find())
    except vm.VmMissing as error:
        sys.exit(str(error))
