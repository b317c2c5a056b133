"""Takes over what boot.py noted before the application ran: crashes, rollbacks, safe mode (docs/boot.md has the format)."""

import json

from micropython import const

from firmware.storage import files

_LONGEST = const(8192)         # boot.py keeps 16 entries of some 100 bytes


def take(path, add):
    """Hand every entry to add(kind, number, reason) and delete the file; returns the kinds seen. A damaged file is one entry.

    Nothing happens when there is none. OSError from the flash other than a missing file.
    """
    data = files.read(path, _LONGEST)
    if data is None:
        return []
    kinds = []
    try:
        for entry in json.loads(data.decode())["entries"]:
            kind, number, reason = str(entry["kind"]), int(entry["number"]), str(entry["reason"])
            add(kind, number, reason)
            kinds.append(kind)
    except (ValueError, KeyError, TypeError):
        add("damaged", 0, "boot log")
        kinds.append("damaged")
    files.remove(path)
    return kinds
