"""The page's files, in pieces: out of the packed page where there is one, else as they lie in a folder."""
import binascii
import os
import struct

from micropython import const

from firmware.services.web.reply import PIECE, HttpError, Reply

_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
          "js": "text/javascript; charset=utf-8", "json": "application/json", "svg": "image/svg+xml"}
_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789-_."
_HEAD = const(8)
_ENTRY = const(16)
_MOST_FILES = const(255)


class StaticFiles:
    """Serves the files of folder (without a slash at its end), packed in folder.pack (tools/build/page.py says how) or plain. Of a
    file that is there in both forms the packed one goes to whom unpacks it.

    tag: of this version, so that a browser asks again after an update.
    """

    def __init__(self, folder, tag):
        self._folder = folder
        self._tag = tag

    async def handle(self, request, rest):
        """Route handler for "/*". Raises HttpError 404."""
        name = rest or "index.html"
        kind = _TYPES.get(name[name.rfind(".") + 1:])
        if kind is None or not _is_plain(name):
            raise _missing()
        path = self._folder + ".pack"
        packed = _packed(path, name)
        if packed is None or "gzip" not in request.headers.get("accept-encoding", ""):
            plain = _stat(self._folder + "/" + name)
            if plain is not None:
                path, packed = self._folder + "/" + name, None
                # Its time alone would do, but clocks start in 2000 on a charger.
                start, size, mark = 0, plain[6], "%x-%x" % (plain[6], plain[8])
            elif packed is None:
                raise _missing()
        if packed is not None:
            start, size, crc = packed
            mark = "%xz" % crc
        tag = '"%s-%s"' % (self._tag, mark)
        headers = [("Cache-Control", "no-cache"), ("ETag", tag), ("Vary", "Accept-Encoding")]
        if request.headers.get("if-none-match") == tag:
            return Reply(status=304, kind=kind, headers=headers)
        if packed is not None:
            headers.append(("Content-Encoding", "gzip"))
        return Reply(_pieces(path, start, size), kind=kind, headers=headers, length=size)


def _packed(path, name):
    """(where it begins, bytes, their CRC-32) of a file in the packed page; None where it, or the packed page, is not there, or not
    to its end. The index is read for each: kept, it would take heap while nobody looks at the page."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
            if len(head) < _HEAD or head[:4] != b"M3PK" or head[4] > _MOST_FILES or head[5:] != b"\0\0\0":
                return None
            index = file.read(_ENTRY * head[4])
            end = file.seek(0, 2)
    except OSError:
        return None
    wanted = struct.pack("<I", binascii.crc32(name.encode()) & 0xFFFFFFFF)
    at = index.find(wanted)
    while at > 0 and at % _ENTRY:
        at = index.find(wanted, at + 1)
    if at < 0 or at + _ENTRY > len(index):
        return None
    found = struct.unpack_from("<III", index, at + 4)
    return found if found[0] + found[1] <= end else None


def _missing():
    return HttpError(404, "not_found", "nothing is at this path")


def _is_plain(name):
    for part in name.split("/"):
        if not part or part.startswith("."):
            return False
        for char in part:
            if char not in _PLAIN:
                return False
    return True


def _stat(path):
    try:
        return os.stat(path)
    except OSError:
        return None


def _pieces(path, start, size):
    with open(path, "rb") as file:
        file.seek(start)
        while size > 0:
            piece = file.read(min(size, PIECE))
            if not piece:
                return
            size -= len(piece)
            yield piece
