"""The MicroPython that the tests run on: Debian's 32-bit unix VM, its libraries and valgrind, kept in .cache/vm.

Nothing is installed and no root is needed: apt fetches i386 packages of Debian trixie under a configuration of its own,
checks their signatures, and dpkg-deb unpacks them. A 32-bit VM has the device's object sizes. Where it cannot be had
(macOS, other processors, no mirror), a `micropython` on PATH or named by MODE3_MICROPYTHON runs the functional tests, and
the budgets say "not measured".

    python -m tools.setup.vm             fetch if needed, say what is there
    python -m tools.setup.vm FILE [ARG]  run a file on the VM
    python -m tools.setup.vm --command   the command line as the shell wants it
"""
import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "vm"
SUITE = "trixie"
PIN = "1.25.*"
PACKAGES = ("micropython=" + PIN, "libgcc-s1")  # libgcc-s1: without it a live thread at exit aborts
ALONE = ("valgrind",)  # fetched without what it depends on (200 MB of debug symbols, needed by no tool we use)
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/etc/apt/trusted.gpg.d/debian-archive-trixie-stable.gpg")
PROBE = "import sys; print(sys.implementation[0], '.'.join(str(n) for n in sys.implementation[1][:3]), sys.maxsize > 1 << 32)"


class VmMissing(Exception):
    """There is no VM (or no valgrind for it); the text says why and what would help."""


class Vm:
    """One usable MicroPython: command (list), version, bits (32 or 64), valgrind (list or None), why_not_32 (text)."""

    def __init__(self, command, valgrind=None, why_not_32=""):
        self.command = command
        self.valgrind = valgrind
        self.why_not_32 = why_not_32
        try:
            done = subprocess.run(command + ["-c", PROBE], capture_output=True, text=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise VmMissing("%s does not start: %s" % (command[-1], error))
        words = done.stdout.split()
        if done.returncode or len(words) != 3 or words[0] != "micropython":
            raise VmMissing("%s is no MicroPython: %s" % (
                command[-1], (done.stderr or done.stdout).strip()[-200:] or "exit status %d" % done.returncode))
        self.version = words[1]
        self.bits = 64 if words[2] == "True" else 32

    def describe(self):
        """One line for people."""
        text = "MicroPython %s, %d bits: %s" % (self.version, self.bits, self.command[-1])
        if self.valgrind:
            text += ", with valgrind"
        return text + (" (%s)" % self.why_not_32 if self.why_not_32 else "")


def run(command, what, folder=None):
    """Runs a tool of the machine; VmMissing with its last words when it fails."""
    env = dict(os.environ, LC_ALL="C", DEBIAN_FRONTEND="noninteractive")
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=folder)
    if done.returncode:
        raise VmMissing("%s failed: %s" % (what, (done.stderr or done.stdout).strip()[-600:]))
    return done.stdout


def mirror():
    """The address of the machine's own Debian mirror, as apt knows it."""
    codename = ""
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            codename = line.split("=", 1)[1].strip('"')
    sites = run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)"], "apt-get indextargets")
    rows = [line.split() for line in sites.splitlines()]
    for site, release, component in (row for row in rows if len(row) == 3):
        if release == codename and component == "main":
            return site
    raise VmMissing("apt knows no mirror with the component main of %r" % codename)


def apt_options(work, mirror):
    """apt's private configuration below `work`: its own sources, lists, cache and package state, nobody else's."""
    keyring = next((path for path in KEYRINGS if os.path.exists(path)), None)
    if keyring is None:
        raise VmMissing("Debian's signing keys are missing (package debian-archive-keyring)")
    for folder in ("lists/partial", "cache/archives/partial", "state", "sources.d"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    (work / "status").touch()
    (work / "sources.list").write_text("deb [signed-by=%s] %s %s main\n" % (keyring, mirror, SUITE))
    options = {
        "Dir::Etc::sourcelist": work / "sources.list", "Dir::Etc::sourceparts": work / "sources.d",
        "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": work / "sources.d",
        "Dir::State": work / "state", "Dir::State::status": work / "status", "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache", "APT::Architecture": "i386", "APT::Architectures": "i386",
        "APT::Sandbox::User": _user(), "APT::Install-Recommends": "false", "Acquire::Languages": "none",
        "Acquire::Retries": "3", "Debug::NoLocking": "1",
    }
    return ["apt-get", "-qq"] + [word for key, value in options.items() for word in ("-o", "%s=%s" % (key, value))]


def _user():
    """The user apt may download as: ourselves, for `_apt` cannot write into our cache."""
    import pwd
    return pwd.getpwuid(os.getuid()).pw_name


def _fetch(target):
    """Fetches and unpacks the packages; `target` appears complete or not at all."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "i386", "i686"):
        raise VmMissing("Debian's 32-bit x86 VM does not run on %s %s" % (sys.platform, platform.machine()))
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise VmMissing("the machine has no %s" % tool)
    work = target.with_name(target.name + ".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    apt = apt_options(work, mirror())
    print("fetching the 32-bit MicroPython VM and valgrind (about 14 MB) into %s …" % CACHE.relative_to(ROOT),
          file=sys.stderr, flush=True)
    run(apt + ["update"], "apt-get update (%s)" % SUITE)
    run(apt + ["install", "--yes", "--download-only", *PACKAGES], "apt-get install --download-only")
    archives = work / "cache" / "archives"
    done = subprocess.run(apt + ["download", *ALONE], cwd=archives, capture_output=True, text=True)
    if done.returncode:
        raise VmMissing("apt-get download %s failed: %s" % (" ".join(ALONE), done.stderr.strip()[-600:]))
    unpacked = work / "unpacked"
    names = []
    for package in sorted(archives.glob("*.deb")):
        run(["dpkg-deb", "-x", str(package), str(unpacked)], "dpkg-deb -x " + package.name)
        names.append(package.name)
    (unpacked / "packages.txt").write_text("\n".join(names) + "\n")
    shutil.rmtree(target, ignore_errors=True)
    os.replace(unpacked, target)
    shutil.rmtree(work)


def _debian(fetch):
    """The Vm in .cache/vm, fetched when it is missing and `fetch` is true."""
    key = hashlib.sha256(repr((SUITE, PACKAGES, ALONE)).encode()).hexdigest()[:12]
    target = CACHE / key
    if not (target / "packages.txt").exists():
        if not fetch:
            raise VmMissing("not fetched yet: run `make vm`")
        CACHE.mkdir(parents=True, exist_ok=True)
        with open(CACHE / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (target / "packages.txt").exists():
                _fetch(target)
    libraries = target / "usr/lib/i386-linux-gnu"
    loader = [str(libraries / "ld-linux.so.2"), "--library-path", str(libraries)]
    tools = target / "usr/libexec/valgrind"
    valgrind = ["env", "VALGRIND_LIB=" + str(tools), *loader, str(target / "usr/bin/valgrind.bin")]
    return Vm(loader + [str(target / "usr/bin/micropython")], valgrind)


_found = {}


def find_vm(fetch=True):
    """The best Vm there is; VmMissing when there is none. MODE3_MICROPYTHON=path overrides everything."""
    if fetch not in _found:
        _found[fetch] = _find_vm(fetch)
    return _found[fetch]


def _find_vm(fetch):
    named = os.environ.get("MODE3_MICROPYTHON")
    if named:
        return Vm([named], why_not_32="named by MODE3_MICROPYTHON")
    try:
        return _debian(fetch)
    except VmMissing as error:
        reason = str(error)
    on_path = shutil.which("micropython")
    if on_path is None:
        raise VmMissing("no 32-bit VM: %s; and no `micropython` on PATH" % reason)
    return Vm([on_path], why_not_32="no 32-bit VM: " + reason)


_SLOW = ("--tool=cachegrind", "--cache-sim=yes", "--cachegrind-out-file=" + os.devnull)    # 50 to 65 times; callgrind 90 to 150


def vm_command(heap_kb=None, callgrind_out=None, fetch=True, valgrind=(), slowed=False):
    """The command line that starts the VM, to which a file or -c and its arguments are added.

    heap_kb: the VM's heap in kilobytes (None: its own 1 MB or 2 MB). callgrind_out: count instructions under
    valgrind's callgrind and write its profile there. slowed: 50 to 65 times, to about a device's speed (30 to 60 times slower than
    a host). valgrind: more options of that. VmMissing when there is no VM, or no valgrind for it.
    """
    vm = find_vm(fetch)
    command = list(vm.command)
    if callgrind_out is not None or slowed:
        if vm.valgrind is None:
            raise VmMissing("no valgrind that runs the VM (%s)" % (vm.why_not_32 or "not fetched"))
        tool = _SLOW if slowed else ("--tool=callgrind", "--callgrind-out-file=%s" % callgrind_out)
        command = [*vm.valgrind, "--quiet", *tool, *valgrind, *command]
    if heap_kb is not None:
        command += ["-X", "heapsize=%dk" % heap_kb]
    return command


def vm_environment(*more):
    """The environment for the firmware's tests on the VM: MICROPYPATH = the repository, lib, shims, our unittest, more."""
    places = [ROOT, ROOT / "lib", ROOT / "tools/twin/shims", ROOT / "host_tests/vm", *more]
    return dict(os.environ, MICROPYPATH=":".join([".frozen"] + [str(place) for place in places]))


def instructions(callgrind_out):
    """The total of executed instructions in a callgrind profile."""
    for line in Path(callgrind_out).read_text().splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    raise ValueError("%s: no line 'totals:'" % callgrind_out)


def main(arguments):
    try:
        if not arguments:
            print(find_vm().describe())
        elif arguments == ["--command"]:
            print(shlex.join(vm_command()))
        elif arguments[0].startswith("-"):
            sys.exit("unknown option %s; allowed: --command, or a file to run" % arguments[0])
        else:
            sys.exit(subprocess.run(vm_command() + arguments, env=vm_environment()).returncode)
    except VmMissing as error:
        sys.exit("MicroPython VM: %s" % error)


if __name__ == "__main__":
    main(sys.argv[1:])
