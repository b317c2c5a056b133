"""Files of a slot: hashed, copied and written a piece at a time, so that the loop goes on in between."""

import asyncio
import binascii
import hashlib
import os

from micropython import const

from firmware.storage import files

_PIECE = const(1024)
_FOLDER_BIT = const(0x4000)
_BLOCK = const(4096)             # what a file takes on flash, at least
FOLDER_BYTES = 8192              # a folder has two of them


async def digest_of(path):
    """SHA-256 of a file in hex; None when it is not there."""
    if files.size(path) is None:
        return None
    sha = hashlib.sha256()
    buffer = bytearray(_PIECE)
    view = memoryview(buffer)
    with open(path, "rb") as file:
        while True:
            count = file.readinto(buffer)
            if not count:
                break
            sha.update(view[:count])
            await asyncio.sleep_ms(0)
    return binascii.hexlify(sha.digest()).decode()


async def holds(path, size, digest):
    """True when the file is there, has that size and that SHA-256."""
    return files.size(path) == size and await digest_of(path) == digest


def is_folder(path):
    """True for a folder that is there."""
    try:
        return os.stat(path)[0] & _FOLDER_BIT != 0
    except OSError:
        return False


def walk(base):
    """Yields (path below base, is a folder), what is in a folder before the folder itself. base: without a slash at its end."""
    folders = [("", None)]
    while folders:
        folder, waiting = folders[-1]
        if waiting is None:
            waiting = files.names(base + "/" + folder)
            folders[-1] = folder, waiting
        if not waiting:
            folders.pop()
            if folder:
                yield folder[:-1], True
            continue
        path = folder + waiting.pop()
        if is_folder(base + "/" + path):
            folders.append((path + "/", None))
        else:
            yield path, False


def room_of(size):
    """Bytes of flash that a file of that size takes, its entry counted in."""
    return (size // _BLOCK + 1) * _BLOCK


def free_bytes(root):
    """Room on the file system of root."""
    found = os.statvfs(root)
    return found[1] * found[3]
