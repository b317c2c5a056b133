"""Builds a ROMFS image, MicroPython's read-only file system whose files run from where they lie.

An image is one record; a record is its kind, the length of its payload, the payload. Numbers are written seven bits to a
byte, highest first, the top bit set on all but the last. A folder holds its name and records, a file its name and data.
"""
KIND_IMAGE = b"\xd2\xcd\x31"  # the number whose bits read "RM1"
KIND_DATA = 2
KIND_FOLDER = 4
KIND_FILE = 5


def number(value):
    """A number as ROMFS writes it."""
    out = bytearray((value & 0x7F,))
    value >>= 7
    while value:
        out.insert(0, 0x80 | value & 0x7F)
        value >>= 7
    return bytes(out)


def _record(kind, payload):
    return number(kind) + number(len(payload)) + payload


def _name(name):
    encoded = name.encode()
    return number(len(encoded)) + encoded


def _content(tree):
    out = b""
    for name, entry in sorted(tree.items()):
        if isinstance(entry, dict):
            out += _record(KIND_FOLDER, _name(name) + _content(entry))
        else:
            out += _record(KIND_FILE, _name(name) + _record(KIND_DATA, entry))
    return out


def image(files):
    """The image of {"folder/file.mpy": bytes, …}."""
    tree = {}
    for path, data in files.items():
        *folders, name = path.split("/")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = data
    content = _content(tree)
    return KIND_IMAGE + number(len(content)) + content
