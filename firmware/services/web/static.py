"""The page's files from the file system, in pieces."""
import os

from firmware.services.web.reply import PIECE, HttpError, Reply

_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
          "js": "text/javascript; charset=utf-8", "json": "application/json", "svg": "image/svg+xml"}
_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789-_."


class StaticFiles:
    """Serves folder (without a slash at its end). A file's packed form `name.gz` goes first where it is there.

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
        path = self._folder + "/" + name
        packed = _stat(path + ".gz")
        plain = _stat(path) if packed is None or "gzip" not in request.headers.get("accept-encoding", "") else None
        if packed is None and plain is None:
            raise _missing()
        found = plain or packed
        # The sizes and times of both forms would do as well, but clocks start in 2000 on a charger: hence the tag.
        tag = '"%s-%x-%x%s"' % (self._tag, found[6], found[8], "" if plain else "z")
        headers = [("Cache-Control", "no-cache"), ("ETag", tag), ("Vary", "Accept-Encoding")]
        if request.headers.get("if-none-match") == tag:
            return Reply(status=304, kind=kind, headers=headers)
        if not plain:
            headers.append(("Content-Encoding", "gzip"))
            path += ".gz"
        return Reply(_pieces(path), kind=kind, headers=headers, length=found[6])


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


def _pieces(path):
    with open(path, "rb") as file:
        while True:
            piece = file.read(PIECE)
            if not piece:
                return
            yield piece
