"""What is remembered of updates, on flash: what is being tried, what failed, what waits in the other slot, and the log.

The log is newest first: [{"utc_s", "version", "result", "detail"}], result "downloaded", "installed" or a code of refusal.REASONS.
"""

import json

from micropython import const

from firmware.storage.atomic_file import AtomicFile

UPDATE_KIND = const(40)


def _file(root):
    return AtomicFile(root + "data/update", UPDATE_KIND)


def read(root):
    """The record, {} without one; a damaged one is none."""
    payload = _file(root).read()[0]
    try:
        found = json.loads(payload) if payload else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def log(root):
    """Its log."""
    return read(root).get("log") or []


def write(root, found):
    """Replace it. OSError from the flash."""
    _file(root).write(json.dumps(found).encode())
