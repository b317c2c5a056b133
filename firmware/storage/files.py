"""The few things the primitives need from a file system, the same on LittleFS and on a host."""

import errno
import os

NO_SPACE = 28  # what LittleFS and POSIX say when they are full; MicroPython's errno has no name for it


def split(path):
    """("folder/", "name") of a path; the folder is "" when there is none."""
    cut = path.rfind("/") + 1
    return path[:cut], path[cut:]


def names(folder):
    """Names in a folder ("" is the current one; a missing folder has none), in no order."""
    # MicroPython's root is "/": only there the slash must stay.
    where = folder if folder == "/" else folder.rstrip("/")
    try:
        return os.listdir(where or ".")
    except OSError as error:
        if error.errno == errno.ENOENT:
            return []
        raise


def exists(path):
    """True when a file or folder is there."""
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise
    return True


def size(path):
    """Length of a file in bytes, None when it is not there."""
    try:
        return os.stat(path)[6]
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise


def read(path, max_bytes):
    """The file's first `max_bytes` + 1 bytes (one more tells a file that is too long), None when it is not there."""
    try:
        with open(path, "rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise


def remove(path):
    """Delete a file; that it was not there is fine."""
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def make_folders(folder):
    """Create a folder and those above it; that they were there is fine."""
    made = ""
    for part in folder.split("/"):
        made += part + "/"
        if part and not exists(made[:-1]):
            os.mkdir(made[:-1])
