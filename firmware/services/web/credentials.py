"""Passwords and tokens of this charger, in a file of their own: salted keys and digests, nothing that could be shown.

    {"users": {"admin": {"salt", "key", "iterations"}, "user": …}, "tokens": [{"name", "scope", "digest"}]}      bytes as hex

A user who is not in it has the password of the label and must choose another at the first log-in. The file is read when
it is wanted.
"""

import binascii
import json

from micropython import const

from firmware.services.web.roles import ADMIN, CONTROL, READ
from firmware.storage.atomic_file import AtomicFile

_KIND = const(14)
_VERSION = const(1)
_MAX_BYTES = const(4096)
USERS = ("user", "admin")
SCOPES = (READ, CONTROL, ADMIN)


class Credentials:
    """path: of the file. may_write(): the flash may be touched; what is changed meanwhile waits in RAM for flush().

    damage: what was wrong with the file, as a sentence; "" when all is well."""

    def __init__(self, path, may_write):
        self._file = AtomicFile(path, _KIND, _VERSION, _MAX_BYTES)
        self._may_write = may_write
        self._waiting = None
        self.damage = ""

    def read(self):
        """The whole document, to be changed and given to write() (of `tokens` a new list is made). Where it cannot be read the
        label's password holds again and must be changed, and no token: the generation before it is no way out, in it are passwords
        that were changed and tokens that were taken back."""
        if self._waiting is not None:          # a copy: what write() refuses must not count
            return {"users": dict(self._waiting["users"]), "tokens": self._waiting["tokens"]}
        payload, _, source, self.damage = self._file.read()
        document = None
        if payload is not None and source == "current":
            try:
                document = json.loads(payload.decode())
            except ValueError:
                self.damage = "the file of passwords is whole but holds none"
        if not isinstance(document, dict):
            document = {}
        return {"users": document.get("users", {}), "tokens": document.get("tokens", [])}

    def write(self, document):
        """Keep a document; OSError when the flash fails: the old one still holds."""
        if self._may_write():
            self._file.write(json.dumps(document).encode())
            self._waiting = None
        else:
            self._waiting = document

    def flush(self):
        """Write what waited for an open contactor; True when it wrote. OSError when the flash fails."""
        if self._waiting is None:
            return False
        self._file.write(json.dumps(self._waiting).encode())
        self._waiting = None
        return True

    def tokens(self):
        """Rows for Sessions.tokens."""
        rows = ()
        for token in self.read()["tokens"]:
            if token.get("scope") in SCOPES:
                rows += ((binascii.unhexlify(token["digest"]), token["scope"], token["name"]),)
        return rows
