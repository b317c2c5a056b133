"""Who a request comes from: a cookie of somebody who logged in, a script's token, or nobody we know.

A session's secret lives in its cookie; here lies only its SHA-256, so that looking it up takes no time that would tell anything.
The CSRF token is made from the same secret: a foreign page, which cannot read the cookie, cannot know it.
"""

import binascii
import hashlib

from micropython import const

from firmware.identity import random_text
from firmware.pbkdf2 import same
from firmware.services.web.roles import ADMIN, API, CONTROL, PUBLIC

IDLE_S = const(1500)          # 25 minutes without use log out
MAX_SESSIONS = const(6)       # the one that was used longest ago gives way
_SECRET_LENGTH = const(32)    # of 31 letters: 158 bits
_ROLES = (("admin", ADMIN), ("user", CONTROL))     # whoever else has a session (a guest) is PUBLIC with a name
# What a page asks for by itself, also while nobody sits before it: no use.
_BY_ITSELF = ("/api/v1/status", "/api/v1/stream", "/api/v1/session")

_DIGEST, _USER, _MUST_CHANGE, _USED_S = range(4)


class Sessions:
    """now_s(): seconds since the start, never going back. tokens: ((digest, role, name), …) of scripts; set by who reads them."""

    def __init__(self, now_s):
        self._now_s = now_s
        self._open = []
        self.tokens = ()

    def role_of(self, request):
        """The role of a request; request.user becomes the name of who logged in, or of the token, or None; request.source
        "api" for a token.

        A call that changes something counts only with the X-CSRF-Token of its session; without, it comes from nobody."""
        request.user = None
        bearer = request.headers.get("authorization", "")
        if bearer[:7].lower() == "bearer ":
            digest = digest_of(bearer[7:].strip())
            for known, role, name in self.tokens:
                if known == digest:
                    request.user = name
                    request.source = API
                    return role
            return PUBLIC
        secret = _secret(request)
        session = self._find(secret)
        if session is None:
            return PUBLIC
        if request.method not in ("GET", "HEAD") and not same(
                request.headers.get("x-csrf-token", "").encode(), csrf_of(secret).encode()):
            return PUBLIC
        if request.path not in _BY_ITSELF:
            session[_USED_S] = self._now_s()
        request.user = session[_USER]
        return PUBLIC if session[_MUST_CHANGE] else _role(session[_USER])

    def open(self, user, must_change=False):
        """A new session of "admin", "user" or "guest"; returns its secret, for cookie()."""
        self._sweep()
        if len(self._open) >= MAX_SESSIONS:
            self._open.sort(key=_used_s)
            self._open.pop(0)
        secret = random_text(_SECRET_LENGTH)
        self._open.append([digest_of(secret), user, must_change, self._now_s()])
        return secret

    def about(self, request):
        """{"role", "user", "csrf", "must_change_password"} of the request's session; without one the role is public."""
        secret = _secret(request)
        session = self._find(secret)
        if session is None:
            return {"role": request.role, "user": request.user, "csrf": None, "must_change_password": False}
        return {"role": PUBLIC if session[_MUST_CHANGE] else _role(session[_USER]), "user": session[_USER],
                "csrf": csrf_of(secret), "must_change_password": session[_MUST_CHANGE]}

    def close(self, request):
        """Log out: the request's session is gone. Its user, or None."""
        session = self._find(_secret(request))
        if session is None:
            return None
        self._open.remove(session)
        return session[_USER]

    def password_changed(self, user, request=None):
        """Sessions with the old password end; the one that changed it stays and may now do what its user may."""
        own = None if request is None else self._find(_secret(request))
        self._open = [session for session in self._open if session is own or session[_USER] != user]
        if own is not None and own[_USER] == user:
            own[_MUST_CHANGE] = False

    def count(self):
        """How many are logged in."""
        self._sweep()
        return len(self._open)

    def _sweep(self):
        now_s = self._now_s()
        self._open = [session for session in self._open if now_s - session[_USED_S] < IDLE_S]

    def _find(self, secret):
        if not secret:
            return None
        self._sweep()
        digest = digest_of(secret)
        for session in self._open:
            if session[_DIGEST] == digest:
                return session
        return None


def _used_s(session):
    return session[_USED_S]


def _role(user):
    for name, role in _ROLES:
        if name == user:
            return role
    return PUBLIC


def digest_of(secret):
    """What is kept of a secret that is long and random: nobody finds it from this."""
    return hashlib.sha256(secret.encode()).digest()


def csrf_of(secret):
    """The token that goes with a session: 128 bits, in hexadecimal digits."""
    return binascii.hexlify(digest_of("csrf " + secret)[:16]).decode()


def _name(request):
    # A cookie set over HTTPS cannot be replaced over HTTP, so each has a name of its own.
    return "__Host-mode3" if request.secure else "mode3"


def cookie(request, secret):
    """The header that sets the cookie; secret "" takes it away."""
    return "Set-Cookie", "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s" % (
        _name(request), secret, "; Secure" if request.secure else "", "" if secret else "; Max-Age=0")


def _secret(request):
    name = _name(request)
    for part in request.headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""
