"""slot.json: which of the two slots starts and whether it has proved itself. boot.py obeys it (docs/boot.md).

The file is replaced by one rename, so that a power cut leaves the old or the new pointer, never a part. It is
obeyed only when it is, byte for byte, what this writes, its CRC included.
"""
import binascii
import json
import os
import sys

NAME = "slot.json"
_PAIRS = (("a", "b"), ("b", "a"), ("a", None), ("b", None))


class SlotError(ValueError):
    """The slot cannot be made active; the text says why."""


def text_from_pointer(active, previous, confirmed, tries):
    """The file's text. SlotError when the slots or the number of tries are none."""
    if (active, previous) not in _PAIRS or not 0 <= tries <= 99:
        raise SlotError("active %s, previous %s, tries %s" % (active, previous, tries))
    body = '{"format":1,"active":"%s","previous":%s,"confirmed":%s,"tries":%d' % (
        active, '"%s"' % previous if previous else "null", "true" if confirmed else "false", tries)
    return '%s,"crc":"%08x"}' % (body, binascii.crc32(body.encode()) & 0xFFFFFFFF)


def read(root):
    """{"active", "previous" or None, "confirmed", "tries"}; None: no pointer, or a damaged one."""
    try:
        with open(root + NAME) as file:
            text = file.read(200)
        found = json.loads(text)
        pointer = {key: found[key] for key in ("active", "previous", "confirmed", "tries")}
        whole = text_from_pointer(pointer["active"], pointer["previous"], pointer["confirmed"], pointer["tries"])
        return pointer if whole == text else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def running(root):
    """The slot this code was started from: "a", "b", or "" without slots (frozen, development, twin)."""
    for slot in ("a", "b"):
        if root + slot in sys.path:
            return slot
    return ""


def confirm(root):
    """The application runs well: its slot is no longer on trial. True when the pointer says so now.

    False without slots, and when the pointer has moved on to another slot meanwhile: one slot cannot vouch
    for the other. OSError when the flash refuses.
    """
    pointer = read(root)
    if pointer is None or pointer["active"] != running(root):
        return False
    if not pointer["confirmed"]:
        _write(root, pointer["active"], pointer["previous"], True, 0)
    return True


def activate(root, slot):
    """The next start runs `slot` on trial; the running one is kept to go back to. SlotError if not whole."""
    now = running(root)
    if slot not in ("a", "b") or slot == now or not is_whole(root, slot):
        raise SlotError("slot %s cannot be made active: running, not whole or unknown" % slot)
    _write(root, slot, now or None, False, 0)


def is_whole(root, slot):
    """Whether a slot holds an application and no `incomplete`, the file there while it is written."""
    base = root + slot
    if _exists(base + "/incomplete"):
        return False
    return _exists(base + "/firmware/app.mpy") or _exists(base + "/firmware/app.py")


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _write(root, active, previous, confirmed, tries):
    text = text_from_pointer(active, previous, confirmed, tries)
    with open(root + NAME + ".new", "w") as file:
        file.write(text)
    os.rename(root + NAME + ".new", root + NAME)
