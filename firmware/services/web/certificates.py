"""The page's certificate and its key, both DER: a pair imported by the administrator, else the two files from provisioning.

The imported pair is one file, so that a power cut or a full flash leaves the one before: data/tls_pair, length of the certificate
u16 · certificate · key. Two files in data/, as it once was, are still read.
"""

import struct

from micropython import const

from firmware.storage import files
from firmware.storage.atomic_file import AtomicFile

PAIR_KIND = const(44)
_FILES = ("key.der", "cert.der")


def pair(root):
    """(certificate, key, "imported" or "provisioned"); (None, None, "none") where there is no whole pair. root: with its slash."""
    try:
        payload = _file(root).read()[0]
        if payload is not None:
            end = 2 + struct.unpack_from("<H", payload)[0]
            return payload[2:end], payload[end:], "imported"
    except OSError:
        payload = None             # the flash fails there: what provisioning gave may still be read
    for folder, source in ((root + "data/", "imported"), (root, "provisioned")):
        try:
            return _read(folder + "cert.der"), _read(folder + "key.der"), source
        except OSError:
            continue               # none here
    return None, None, "none"


def keep(root, certificate, key):
    """Import a pair in place of the one before. OSError when the flash fails: then that one still holds."""
    _file(root).write(struct.pack("<H", len(certificate)) + certificate + key)
    for name in _FILES:
        try:
            files.remove(root + "data/" + name)
        except OSError:
            continue               # the new pair goes before them; forget() tries again


def forget(root):
    """Drop the imported pair; True when there was one."""
    found = pair(root)[2] == "imported"
    for name in _FILES:            # first, or they would be taken for the imported pair
        files.remove(root + "data/" + name)
    _file(root).clear()
    return found


def _file(root):
    return AtomicFile(root + "data/tls_pair", PAIR_KIND)


def _read(path):
    with open(path, "rb") as file:
        return file.read()
