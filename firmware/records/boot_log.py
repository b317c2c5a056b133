"""Takes over what boot.py noted before the application ran: crashes, rollbacks, safe mode (docs/boot.md has the format)."""

import json
import os


def take(path, add):
    """Hand every entry to add(kind, number, reason) and delete the file; returns the kinds seen. A damaged file is one entry.

    Nothing happens when there is none. OSError from the flash other than a missing file.
    """
    try:
        with open(path) as file:
            text = file.read()
    except OSError:
        return []
    kinds = []
    try:
        for entry in json.loads(text)["entries"]:
            kind, number, reason = str(entry["kind"]), int(entry["number"]), str(entry["reason"])
            add(kind, number, reason)
            kinds.append(kind)
    except (ValueError, KeyError, TypeError):
        add("damaged", 0, "boot log")
        kinds.append("damaged")
    os.remove(path)
    return kinds
