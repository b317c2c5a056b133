"""The tree names no package registry (`python -m tools.checks.words`): a mirror is each machine's own affair.

The hosts are asked from pip, apt and npm at run time, as far as the machine has them, and searched in every file git knows
or would take.
"""
import re
import shutil
import subprocess
import sys
from urllib.parse import urlsplit

from tools.checks.source import ROOT, Finding, show

ASK = (
    [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
    [sys.executable, "-m", "pip", "config", "get", "global.extra-index-url"],
    [sys.executable, "-c", "from pip._internal.models.index import PyPI; print(PyPI.url, 'https://' + PyPI.file_storage_domain)"],
    ["apt-get", "indextargets", "--format", "$(SITE)"],
    ["npm", "config", "get", "registry"],
)


def hosts(ask=ASK):
    """The registries' host names as this machine's tools know them; hosts without a dot and bare addresses are no names."""
    found = set()
    for command in ask:
        if shutil.which(command[0]) is None:
            continue
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        for word in done.stdout.split() if done.returncode == 0 else ():
            host = urlsplit(word).hostname or ""
            if "." in host and not re.fullmatch(r"[0-9.:]+", host):
                found.add(host.lower())
    return sorted(found)


def tracked(root):
    """The files git tracks or would take."""
    done = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
                          capture_output=True, text=True)
    if done.returncode:  # not a clone but an unpacked archive
        return [path for path in root.rglob("*") if path.is_file()
                and not {".venv", ".cache", "build", ".git"} & set(path.relative_to(root).parts[:1])]
    return [root / name for name in done.stdout.split("\0") if name and (root / name).is_file()]


def check(root=ROOT, names=None):
    """All places that name a registry's host."""
    names = hosts() if names is None else names
    findings = []
    for path in tracked(root):
        text = path.read_bytes().decode("utf-8", "replace").lower()
        for name in names:
            if name not in text:
                continue
            for number, line in enumerate(text.splitlines(), 1):
                if name in line:
                    findings.append(Finding(path.relative_to(root).as_posix(), number, "names a package registry's host",
                                            "no registry by name; tools ask pip, apt or npm"))
    return findings


if __name__ == "__main__":
    sys.exit(show(check()))
