"""Factory reset: everything personal goes, the firmware and what makes this charger this one stay.

It is ordered by a marker file and done at the next start, before anything else reads the flash: nothing that runs can write its old
state back, and a power cut in the middle is followed by a start that begins again. The marker goes last. All that lies in the data
folder goes unless it is named here as kept, so that a file nobody thought of goes too.
"""

import json
import os

from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
from firmware.storage import files
from firmware.storage.atomic_file import AtomicFile

MARKER = "factory_reset"

# (what it is, beginnings of its files' names); a name that begins with none of them is "other" and goes
KEPT = (
    ("life_totals", ("life.",)),                    # since the charger was new
    ("starts", ("boot.", "boots")),                 # numbers of starts are never used twice
    ("updates", ("update",)),                       # which firmware was installed when
)
CLEARED = (
    ("settings", ("settings",)),                    # but for its identity
    ("passwords", ("passwords", "attempts")),       # back to the label's; tokens too
    ("pins", ("pins",)),
    ("sessions", ("sessions", "session_")),
    ("curves", ("curve",)),
    ("events", ("events",)),
    ("remembered", ("id_cache", "reservation", "spoken")),
    ("certificates", ("tls",)),
    ("unsent", ("mqtt", "publi")),                  # what waited for a broker or a server
)
CARDS = (("cards", ("cards",)),)                    # goes or stays, as ordered


def _what(name, table):
    for what, beginnings in table:
        for beginning in beginnings:
            if name.startswith(beginning):
                return what
    return None


def contents(folder):
    """{what: bytes on flash} of what is there in the data folder, without what is kept; "cards" and "other" among it."""
    found = {}
    for name in files.names(folder):
        if name.startswith(MARKER) or _what(name, KEPT):
            continue
        what = _what(name, CLEARED + CARDS) or "other"
        found[what] = found.get(what, 0) + (files.size(folder + name) or 0)
    return found


def order(folder, cards, source):
    """Leave the marker: the next start does it. cards: they go too; source: for the event log. OSError from the flash; then nothing
    was ordered."""
    with open(folder + MARKER + ".new", "w") as file:
        json.dump({"cards": cards, "source": source}, file)
    os.rename(folder + MARKER + ".new", folder + MARKER)


def finish(folder):
    """Do what was ordered; returns its source, for the event log. OSError from the flash: the next start tries again."""
    cards, source = _read(folder + MARKER)
    kept = KEPT if cards else KEPT + CARDS
    for name in files.names(folder):
        if not name.startswith(MARKER) and not name.startswith("settings") and _what(name, kept) is None:
            _remove(folder + name)
    store = Store(AtomicFile(folder + "settings", FILE_KIND, FILE_VERSION))
    store.load()
    store.reset()
    files.remove(folder + "settings.old")          # the generation before holds what was personal
    files.remove(folder + "settings.new")
    files.remove(folder + MARKER + ".new")
    files.remove(folder + MARKER)
    return source


def _read(path):
    """(cards, source) of the marker; a damaged one leaves the cards."""
    try:
        with open(path) as file:
            marker = json.load(file)
        return marker["cards"] is True, str(marker["source"])
    except (ValueError, KeyError, TypeError):
        return False, ""


def _remove(path):
    """A file, or a folder with all that is in it."""
    if os.stat(path)[0] & 0x4000:
        for name in files.names(path):
            _remove(path + "/" + name)
        os.rmdir(path)
    else:
        os.remove(path)
