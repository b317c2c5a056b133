"""The known Wi-Fi networks: one secret setting holds them as JSON, the owner's order first. Keys are never shown."""

import json

MOST = 5
KNOWN_FORM = "a JSON list of at most 5 networks [name of 1-32 bytes, key of 8-63 characters or empty, hidden]"


class KnownError(Exception):
    """field: "ssid", "key", "hidden", "priority" or None; the message says what is allowed."""

    def __init__(self, field, message):
        super().__init__(message)
        self.field = field
        self.message = message


def check(ssid, key, hidden):
    """Raise KnownError where one of them cannot be."""
    if not isinstance(ssid, str) or not _printable(ssid) or not 1 <= len(ssid.encode()) <= 32:
        raise KnownError("ssid", "a network's name has 1 to 32 bytes without control characters")
    if not isinstance(key, str) or key and not 8 <= len(key) <= 63 or not _is_ascii(key):
        raise KnownError("key", "a key has 8 to 63 ASCII characters; an open network has none")
    if not isinstance(hidden, bool):
        raise KnownError("hidden", "must be true or false")


def networks_from_text(text):
    """[(ssid, key, hidden), …] of the setting network.known; raises KnownError."""
    if not text:
        return []
    try:
        rows = json.loads(text)
    except ValueError:
        raise KnownError(None, "must be " + KNOWN_FORM)
    if not isinstance(rows, list) or len(rows) > MOST:
        raise KnownError(None, "must be " + KNOWN_FORM)
    found = []
    for row in rows:
        if not isinstance(row, list) or len(row) != 3:
            raise KnownError(None, "must be " + KNOWN_FORM)
        check(row[0], row[1], row[2])
        if row[0] in [one[0] for one in found]:
            raise KnownError("ssid", "each network once")
        found.append((row[0], row[1], row[2]))
    return found


def text_from_networks(networks):
    """What the setting holds."""
    return json.dumps([list(row) for row in networks])


def changed(networks, ssid, values):
    """The list with one network added or changed. values: key (a key that is left out stays), hidden, priority (0: first)."""
    for name in values:
        if name not in ("key", "hidden", "priority"):
            raise KnownError(name, "unknown field; allowed: key, hidden, priority")
    before = [row for row in networks if row[0] == ssid]
    rest = [row for row in networks if row[0] != ssid]
    key = values.get("key", before[0][1] if before else "")
    hidden = values.get("hidden", before[0][2] if before else False)
    check(ssid, key, hidden)
    if not before and len(rest) >= MOST:
        raise KnownError("ssid", "at most %d networks: forget one first" % MOST)
    place = values.get("priority", networks.index(before[0]) if before else len(rest))
    if type(place) is not int or not 0 <= place <= MOST:
        raise KnownError("priority", "must be a whole number from 0 to %d" % MOST)
    return rest[:place] + [(ssid, key, hidden)] + rest[place:]


def _printable(text):
    for char in text:
        if ord(char) < 0x20 or ord(char) == 0x7F or 0xD800 <= ord(char) <= 0xDFFF:
            return False
    return True


def _is_ascii(text):
    for char in text:
        if not " " <= char <= "~":
            return False
    return True
