"""Log-in, log-out, passwords and tokens over HTTP. Loaded at a request (web_desk.py)."""

import binascii
import json
import os

from micropython import const

from firmware import pbkdf2
from firmware.identity import random_text
from firmware.services.web.credentials import SCOPES, USERS
from firmware.services.web.reply import HttpError, Reply
from firmware.services.web.request import json_object, must_be_ours
from firmware.services.web.roles import ADMIN, PUBLIC, allows
from firmware.services.web.sessions import cookie, digest_of

_BODY = const(512)
_SHORTEST = const(10)
_LONGEST = const(64)
_CLASSES = const(3)           # of four: small and capital letters, digits, everything else
_IN_A_ROW = const(3)          # the same character so often is refused
_MOST_TOKENS = const(8)
_TOKEN_LENGTH = const(32)     # of 31 letters: 158 bits
_SALT_BYTES = const(16)
_RECOVERY = "recovery key"


class LoginApi:
    """desk: a LoginDesk (login_desk.py). note(code, detail) is the event log's."""

    def __init__(self, desk, note):
        self._desk = desk
        self._note = note

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("POST", "/api/v1/login", PUBLIC, self.login, _BODY),
            ("POST", "/api/v1/logout", PUBLIC, self.logout, _BODY),
            ("GET", "/api/v1/session", PUBLIC, self.session, 0),
            ("PUT", "/api/v1/password", PUBLIC, self.change_password, _BODY),
            ("POST", "/api/v1/recover", PUBLIC, self.recover, _BODY),
            ("GET", "/api/v1/tokens", ADMIN, self.list_tokens, 0),
            ("POST", "/api/v1/tokens", ADMIN, self.add_token, _BODY),
            ("DELETE", "/api/v1/tokens/*", ADMIN, self.remove_token, 0),
        )

    async def login(self, request, rest):
        """{"user", "password"} -> cookie and {"role", "csrf", "user", "must_change_password"}."""
        user, password = _texts(request, "user", "password")
        must_change = await self._check(request, user, password)
        sessions = self._desk.sessions
        sessions.close(request)                 # a new secret for a new log-in: one that somebody planted is worth nothing
        secret = sessions.open(user, must_change)
        self._note("login", "%s from %s" % (user, request.peer))
        self._desk.on_login()
        header = cookie(request, secret)
        request.headers["cookie"] = header[1].split(";")[0]
        return Reply(json.dumps(sessions.about(request)), headers=(header,))

    async def logout(self, request, rest):
        """The session ends, whoever asks."""
        user = self._desk.sessions.close(request)
        if user is not None:
            self._note("logout", user)
        return Reply("{}", headers=(cookie(request, ""),))

    async def session(self, request, rest):
        """{"role", "user", "csrf", "must_change_password"}; the role is public where nobody is logged in."""
        return Reply(json.dumps(self._desk.sessions.about(request)))

    async def change_password(self, request, rest):
        """{"user", "old", "new"}. The admin may give the user a new one without the old."""
        values = json_object(request.body)
        user, new = _texts(request, "user", "new")
        if values.get("old") is None and user == "user" and allows(request.role, ADMIN):
            old = None
        else:
            old, = _texts(request, "old")
            await self._check(request, user, old)
        self._must_be_good(new, user, old)
        await self._set(user, new)
        self._desk.sessions.password_changed(user, request)
        self._note("password_changed", user)
        return Reply(json.dumps(self._desk.sessions.about(request)))

    async def recover(self, request, rest):
        """{"recovery_key", "user", "new"}: the key on the label stands for the password that was forgotten."""
        key, user, new = _texts(request, "recovery_key", "user", "new")
        if user not in USERS:
            raise HttpError(422, "bad_value", "user must be one of " + ", ".join(USERS), "user")
        self._must_be_good(new, user, None)
        async with self._desk.lock:
            self._must_not_wait(request, _RECOVERY)
            right = self._desk.identity.get("recovery_key")
            if not right or not pbkdf2.same(digest_of(right), digest_of(key.strip())):
                self._refuse(request, "recovery key", "recovery_key")
        self._desk.attempts.succeeded(request.peer, (_RECOVERY, user))
        await self._set(user, new)
        self._desk.sessions.password_changed(user)
        self._note("password_recovered", "%s from %s" % (user, request.peer))
        return Reply("{}")

    def _must_not_wait(self, request, what):
        """An attempt at a secret begins: a user's name, _RECOVERY. 429 where this address has to wait, 403 from another page."""
        must_be_ours(request)
        wait_s = self._desk.attempts.wait_s(request.peer)
        if wait_s:
            raise HttpError(429, "too_many_attempts", "wait %d s before the next attempt" % wait_s,
                            headers=(("Retry-After", str(wait_s)),))
        self._desk.attempts.begin(request.peer, what)

    def _refuse(self, request, what, field):
        self._note("login_failed", "%s from %s" % (what, request.peer))
        wrong = "user or password is wrong" if field == "password" else "this is not the recovery key"
        raise HttpError(403, "bad_login", wrong, field)

    async def _check(self, request, user, password):
        """Whether it is the label's password, which must be changed. 403 when it is wrong, 429 when the address must wait first."""
        async with self._desk.lock:             # one derivation at a time: it is work
            self._must_not_wait(request, user if user in USERS else "")
            right = must_change = False
            if user in USERS:
                row = self._desk.credentials.read()["users"].get(user)
                if row is None:
                    label = self._desk.identity.get("password")
                    right = must_change = label != "" and pbkdf2.same(digest_of(label), digest_of(password))
                else:
                    key = await pbkdf2.derive(password.encode(), binascii.unhexlify(row["salt"]), row["iterations"])
                    right = pbkdf2.same(key, binascii.unhexlify(row["key"]))
            if not right:
                self._refuse(request, user if user in USERS else "somebody", "password")
        self._desk.attempts.succeeded(request.peer, (user,))
        return must_change

    def _must_be_good(self, new, user, old):
        wrong = password_problem(new)
        if wrong is None and (new == old or new == self._desk.identity.get("password")):
            wrong = "another one than before and than the label's"
        if wrong is not None:
            raise HttpError(422, "bad_password", "a password must be " + wrong, "new")

    async def _set(self, user, password):
        salt = os.urandom(_SALT_BYTES)
        async with self._desk.lock:
            key = await pbkdf2.derive(password.encode(), salt, pbkdf2.LOGIN_ITERATIONS)
            document = self._desk.credentials.read()
            document["users"][user] = {"salt": _hex(salt), "key": _hex(key), "iterations": pbkdf2.LOGIN_ITERATIONS}
            self._keep(document)

    def _keep(self, document):
        try:
            self._desk.credentials.write(document)
        except OSError:
            raise HttpError(503, "flash_failed", "the flash cannot be written; nothing was changed")

    async def list_tokens(self, request, rest):
        """{"tokens": [{"name", "scope"}]}: what they are nobody can see any more."""
        rows = [{"name": token["name"], "scope": token["scope"]} for token in self._desk.credentials.read()["tokens"]]
        return Reply(json.dumps({"tokens": rows}))

    async def add_token(self, request, rest):
        """{"name", "scope"} -> {"name", "scope", "token"}: the only time that the token is shown."""
        name, scope = _texts(request, "name", "scope")
        if not _is_name(name):
            raise HttpError(422, "bad_value", "name must be 1 to 20 letters, digits, '-' or '_'", "name")
        if scope not in SCOPES:
            raise HttpError(422, "bad_value", "scope must be one of " + ", ".join(SCOPES), "scope")
        document = self._desk.credentials.read()
        tokens = document["tokens"]
        if [token for token in tokens if token["name"] == name]:
            raise HttpError(409, "token_exists", "there is a token of this name", "name")
        if len(tokens) >= _MOST_TOKENS:
            raise HttpError(409, "too_many_tokens", "at most %d tokens; delete one first" % _MOST_TOKENS)
        secret = "m3_" + random_text(_TOKEN_LENGTH)
        document["tokens"] = tokens + [{"name": name, "scope": scope, "digest": _hex(digest_of(secret))}]
        self._keep(document)
        self._desk.sessions.tokens = self._desk.credentials.tokens()
        self._note("token_added", "%s, %s" % (name, scope))
        return Reply(json.dumps({"name": name, "scope": scope, "token": secret}))

    async def remove_token(self, request, rest):
        """The token is worth nothing from now on."""
        document = self._desk.credentials.read()
        left = [token for token in document["tokens"] if token["name"] != rest]
        if len(left) == len(document["tokens"]):
            raise HttpError(404, "unknown_token", "there is no token of this name")
        document["tokens"] = left
        self._keep(document)
        self._desk.sessions.tokens = self._desk.credentials.tokens()
        self._note("token_removed", rest)
        return Reply("{}")


def password_problem(password):
    """None for a password that is good enough, else what it must be, to end a sentence with."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        return "%d to %d characters long" % (_SHORTEST, _LONGEST)
    kinds = set()
    before, row = "", 0
    for char in password:
        kinds.add("a" if "a" <= char <= "z" else "A" if "A" <= char <= "Z" else "0" if "0" <= char <= "9" else "-")
        row = row + 1 if char == before else 1
        before = char
        if row >= _IN_A_ROW:
            return "without the same character %d times in a row" % _IN_A_ROW
    if len(kinds) < _CLASSES:
        return "of three of these: small letters, capital letters, digits, other characters"
    return None


def _texts(request, *names):
    values = json_object(request.body)
    for name in names:
        try:
            values[name].encode()
        except (KeyError, AttributeError, ValueError, RuntimeError):     # the last two: half a surrogate pair
            raise HttpError(422, "bad_value", name + " must be text", name)
    return [values[name] for name in names]


def _is_name(text):
    for char in text:
        if not ("a" <= char <= "z" or "A" <= char <= "Z" or "0" <= char <= "9" or char in "-_"):
            return False
    return 1 <= len(text) <= 20


def _hex(data):
    return binascii.hexlify(data).decode()
