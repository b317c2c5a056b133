"""Backup over HTTP: the plain settings under a password, and back again, looked at as a whole before anything changes."""

import asyncio
import json

from micropython import const

from firmware.pbkdf2 import derive
from firmware.services.web.reply import HttpError, Reply, json_pieces
from firmware.services.web.request import json_object, unescaped
from firmware.services.web.roles import ADMIN
from firmware.services.web.settings_changes import (
    carry_out,
    change_rows,
    flag,
    in_slices,
    must_write,
    plan_without_refused,
    whole_body,
)
from firmware.settings import sealed, text_form

_PATH = "/api/v1/backup"
_BODY = const(1024)
_LARGEST = const(32896)    # a text of text_form.MAX_TEXT, sealed
_LINES = const(4)          # of the text between two chances for others


class BackupApi:
    """Handlers. settings: the Store; may_write(): no power flows, and it is no showroom; on_change(what): for the event log;
    progress: a list of one, permille of the key that is being derived, None while none is; iterations: of a new backup."""

    def __init__(self, settings, version, may_write, on_change, progress, iterations=sealed.ITERATIONS):
        self._settings = settings
        self._version = version
        self._may_write = may_write
        self._on_change = on_change
        self._progress = progress
        self._iterations = iterations

    def routes(self):
        """The table's rows, for Routes. Bodies are taken here, so that a client keeps its place while the key is derived."""
        return (
            ("POST", _PATH, ADMIN, self.make, -_BODY),
            ("PUT", _PATH, ADMIN, self.restore, -_LARGEST),
            ("GET", _PATH + "/progress", ADMIN, self.tell_progress, 0),
        )

    async def tell_progress(self, request, rest):
        """{"permille": how far the key of a backup has come, null while none is made or opened}."""
        return Reply(json.dumps({"permille": self._progress[0]}))

    async def make(self, request, rest):
        """{"password": 10 to 64 characters} -> the file. It takes some seconds."""
        args = json_object(await whole_body(request))
        password = args.get("password")
        if type(password) is not str or not sealed.SHORTEST_PASSWORD <= len(password) <= sealed.LONGEST_PASSWORD or not _is_text(
                password):
            raise HttpError(422, "bad_value", "password must be text of %d to %d characters" % (
                sealed.SHORTEST_PASSWORD, sealed.LONGEST_PASSWORD), "password")
        salt = sealed.new_salt()
        key = await self._key(password, salt, self._iterations)
        text = bytearray()
        for number, line in enumerate(text_form.lines(self._settings, self._version, own=True)):
            text += line.encode()
            if number % _LINES == 0:
                await asyncio.sleep_ms(0)
        self._on_change("backup_made")
        return Reply(_in_turn(sealed.sealing(bytes(text), key, salt, self._iterations)), kind="application/octet-stream",
                     headers=(("Content-Disposition", 'attachment; filename="mode3.backup"'),), length=sealed.length(len(text)))

    async def restore(self, request, rest):
        """Take the settings of a backup; its password comes percent-encoded in the header X-Backup-Password. ?check=1 only tells
        what would change: {"changes": [{"key", "from", "to", "restart"}], "refused": [{"key", "message"}]}. What this charger
        refuses refuses the whole backup, unless ?skip=1 leaves it out."""
        only_check, skip = flag(request.args, "check"), flag(request.args, "skip")
        if not only_check:
            must_write(self._may_write)
        try:
            password = unescaped(request.headers.get("x-backup-password", ""))
        except ValueError:
            raise HttpError(400, "bad_request", "X-Backup-Password is not well escaped")
        data = await whole_body(request)
        try:
            salt, iterations = sealed.salt_of(data)
            key = await self._key(password, salt, iterations)
            text = await in_slices(sealed.opening(data, key))
        except sealed.SealError as error:
            raise HttpError(422, error.code, str(error))
        try:
            values, _ = await in_slices(text_form.reading(text, ""))
        except text_form.TextError as error:
            raise HttpError(422, "bad_backup", "in the backup: " + str(error), error.key)
        plan, refused = await plan_without_refused(self._settings, values)
        changes = change_rows(self._settings, plan)
        if not only_check:
            if refused and not skip:
                raise HttpError(422, "bad_value", refused[0]["message"] + "; ?skip=1 leaves out what is refused", refused[0]["key"])
            carry_out(self._settings, plan, self._may_write)
            self._on_change("backup_restored")
        return Reply(json_pieces((("changes", changes), ("refused", refused))))

    async def _key(self, password, salt, iterations):
        if self._progress[0] is not None:
            raise HttpError(409, "busy", "another backup is being made or opened")

        def tell(permille):
            self._progress[0] = permille
        tell(0)
        try:
            return await derive(password.encode(), salt, iterations, progress=tell)
        finally:
            tell(None)


def _is_text(password):
    """Half a surrogate pair has no UTF-8."""
    for char in password:
        if 0xD800 <= ord(char) <= 0xDFFF:
            return False
    return True


def _in_turn(pieces):
    """Others run after each piece."""
    for piece in pieces:
        yield piece
        yield b""
