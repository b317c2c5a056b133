"""Finds a request's row in the table of routes."""
import asyncio

from firmware.services.web.reply import HttpError


class Routes:
    """rows: (method, path, role, handler, max_body_bytes). A negative size: the handler takes up to so many bytes itself, a piece
    at a time, with `await request.read()`, and may take its time.

    A path that ends in "*" takes any rest, given to the handler as its second argument. role is a name of roles.py, or
    a function that returns one (asked at each request). Handlers are `async handler(request, rest)` and return a Reply
    or raise HttpError. Rows are tried from the top.

    A row without a method stands for a group of routes that is loaded at a request: (None, path, least role of the group, group,
    0), with an on_demand.OnDemand; its rows are tried next. Its role is asked for before anything is loaded.
    """

    def __init__(self, rows):
        self._rows = rows
        self._loading = asyncio.Lock()
        self._group = None                 # that is being loaded

    def find(self, method, path, may=None):
        """[row, rest]; raises HttpError 404, or 405 with the methods that are allowed. may(role) raises where the request may not
        have a group loaded."""
        found = []
        for _ in self._steps(method, path, may, found):
            continue
        return found

    async def reach(self, method, path, may):
        """find() for a loop that must go on: what is loaded for it is loaded a module at a turn."""
        found = []
        async with self._loading:              # what one has loaded another would forget
            try:
                for _ in self._steps(method, path, may, found):
                    await asyncio.sleep_ms(0)
            finally:
                if self._group is not None:    # no memory for the rest of it, or whoever asks is gone
                    self._group.forget()
                    self._group = None
        return found

    def _steps(self, method, path, may, found):
        """Puts row and rest into found; yields where others may run."""
        wanted = "GET" if method == "HEAD" else method
        allowed = []
        for row in self._candidates(path, may):
            if row is None:
                yield
                continue
            rest = _rest(row[1], path)
            if rest is not None:
                if row[1] == "/*" and allowed:
                    break                      # the page's files are no further method of a path that others serve
                if row[0] == wanted:
                    found.append(row)
                    found.append(rest)
                    return
                if row[0] not in allowed:
                    allowed.append(row[0])
        if not allowed:
            raise HttpError(404, "not_found", "nothing is at this path")
        if "GET" in allowed:
            allowed.append("HEAD")
        methods = ", ".join(allowed)
        raise HttpError(405, "method_not_allowed", "allowed: " + methods, headers=(("Allow", methods),))

    def _candidates(self, path, may):
        for row in self._rows:
            if row[0] is not None:
                yield row
            elif _rest(row[1], path) is not None:
                if may is not None:
                    may(row[2])
                self._group = row[3]
                yield from row[3].steps()
                self._group = None
                yield from row[3].rows()

    def all(self):
        """Every row, those of the groups too: for what describes them."""
        for row in self._rows:
            if row[0] is None:
                yield from row[3].rows()
            else:
                yield row


def _rest(pattern, path):
    if pattern.endswith("*"):
        return path[len(pattern) - 1:] if path.startswith(pattern[:-1]) else None
    return "" if pattern == path else None
