"""Fuzzing of who may come in: log-in, sessions and tokens, the Host header, certificates. Targets as in fuzz_targets.py."""

import json

from firmware import pbkdf2
from firmware.identity import NAMES, Identity
from firmware.services.web.certificate_api import key_from_der, public_of_certificate
from firmware.services.web.credentials import SCOPES, USERS
from firmware.services.web.hosts import Hosts
from firmware.services.web.login_api import LoginApi, password_problem
from firmware.services.web.login_desk import LoginDesk
from firmware.services.web.reply import HttpError
from firmware.services.web.request import Request
from firmware.services.web.roles import ADMIN, CONTROL, PUBLIC, allows
from firmware.services.web.sessions import csrf_of, digest_of
from tools.checks.fuzz import TOKENS, mutated, need
from tools.checks.fuzz_base import OnFiles, Target
from tools.provision.certificate import new_certificate

LABEL = {name: "label-" + name for name in NAMES}
ADMIN_PASSWORD, ADMIN_NEW = "Correct-Horse-7", "Battery-Staple-8"


def driven(coroutine):
    """Run a coroutine whose waits are only pauses for others; its result."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as end:
        return end.value


class Login(OnFiles):
    """Who does not know the password, the recovery key or the label gets no session and changes nothing; nothing answers 500."""

    name = "login"
    PATHS = (("POST", "/api/v1/login"), ("PUT", "/api/v1/password"), ("POST", "/api/v1/recover"), ("POST", "/api/v1/tokens"))

    def __init__(self):
        super().__init__()
        with open(self.folder + "identity.json", "w") as file:
            json.dump(LABEL, file)
        self.now_s = 0
        key = list(pbkdf2.slices(ADMIN_PASSWORD.encode(), b"salt", 2))[-1]
        self._known = {"users": {"admin": {"salt": b"salt".hex(), "key": key.hex(), "iterations": 2}},
                       "tokens": [{"name": "old", "scope": "read", "digest": digest_of("m3_token").hex()}]}
        self.seeds = tuple(bytes([index]) + json.dumps(body).encode() for index, body in (
            (0, {"user": "admin", "password": ADMIN_PASSWORD}), (0, {"user": "user", "password": LABEL["password"]}),
            (0, {"user": "admin", "password": "wrong"}), (1, {"user": "admin", "old": ADMIN_PASSWORD, "new": ADMIN_NEW}),
            (1, {"user": "user", "old": LABEL["password"], "new": ADMIN_NEW}),
            (2, {"recovery_key": LABEL["recovery_key"], "user": "admin", "new": ADMIN_NEW}),
            (3, {"name": "solar", "scope": "control"})))

    def make(self, rng):
        seed = rng.choice(self.seeds)
        return seed[:1] + mutated(rng, seed[1:], self.tokens)

    def _desk(self):
        desk = LoginDesk(Identity(self.folder + "identity.json"), self.folder + "passwords", lambda: self.now_s, lambda: False)
        desk.credentials.write(json.loads(json.dumps(self._known)))     # the flash is not touched: it waits in RAM
        return desk

    def run(self, data):
        desk = self._desk()
        noted = []
        method, path = self.PATHS[data[0] % 4] if data else self.PATHS[0]
        request = Request("127.0.0.1", method, path, "1.1", {})
        request.role, request.body = PUBLIC, data[1:]
        handler = [row for row in LoginApi(desk, lambda code, detail: noted.append((code, detail))).routes()
                   if (row[0], row[1]) == (method, path)][0][3]
        try:
            driven(handler(request, ""))
        except HttpError as error:
            need(400 <= error.status < 500, "status %d" % error.status)
            need(desk.credentials.read() == self._known and desk.sessions.count() == 0, "refused, and yet something changed")
            return
        values = json.loads(data[1:].decode())
        if path.endswith("login"):
            good = (("admin", ADMIN_PASSWORD), ("user", LABEL["password"]))
            need((values["user"], values["password"]) in good, "let in: %r" % values)
            need(desk.sessions.count() == 1, "no session")
        elif path.endswith("tokens"):
            need(values["scope"] in SCOPES and len(desk.credentials.read()["tokens"]) == 2, "a token %r" % values)
        else:
            knows = values.get("recovery_key", "").strip() == LABEL["recovery_key"] or (values["user"], values.get("old")) in (
                ("admin", ADMIN_PASSWORD), ("user", LABEL["password"]))
            need(knows and values["user"] in USERS and password_problem(values["new"]) is None, "changed by %r" % values)
        told = json.dumps(noted)
        for secret in (ADMIN_PASSWORD, ADMIN_NEW, LABEL["recovery_key"]):
            need(secret not in told, "a secret in the event log")


class Roles(Target):
    """Only the exact cookie with the exact CSRF token, or the exact token, is worth a role."""

    name = "roles"
    tokens = TOKENS + (b";", b"=", b"mode3=", b"Bearer ", b"bearer", b"\t")

    def __init__(self):
        desk = LoginDesk(Identity("/nowhere"), "/nowhere/passwords", lambda: 0, lambda: False)
        self.sessions = desk.sessions
        self.secret = self.sessions.open("admin").encode()
        self.csrf = csrf_of(self.secret.decode()).encode()
        self.sessions.tokens = ((digest_of("m3_token"), CONTROL, "t"),)
        self.seeds = (b"a=b; mode3=" + self.secret + b"\n" + self.csrf + b"\n", b"\n\nBearer m3_token",
                      b"mode3=x\n" + self.csrf + b"\nBearer x")

    def run(self, data):
        parts = (data.split(b"\n") + [b"", b""])[:3]
        try:
            cookie, csrf, bearer = [part.decode() for part in parts]
        except ValueError:
            return                     # read_head() lets no such header through
        headers = {name: value for name, value in (("cookie", cookie), ("x-csrf-token", csrf), ("authorization", bearer)) if value}
        for method in ("GET", "POST"):
            role = self.sessions.role_of(Request("127.0.0.1", method, "/", "1.1", dict(headers)))
            if allows(role, ADMIN):
                need(self.secret.decode() in cookie, "admin without the cookie")
                need(method == "GET" or csrf == self.csrf.decode(), "a change without the CSRF token")
            elif role != PUBLIC:
                need(role == CONTROL and bearer[7:].strip() == "m3_token", "%s from nowhere" % role)


class HostHeader(Target):
    """A name that is not ours never means us."""

    name = "host_header"
    seeds = (b"garage", b"garage.local:80", b"192.168.1.20:8080", b"evil.example", b"localhost", b"127.0.0.1", b"[::1]:80")
    tokens = TOKENS + (b".", b".local", b":80", b"@", b"#", b"/", b"[", b"]", b"127.0.0.1", b"garage")

    def __init__(self):
        self.hosts = Hosts(lambda: ("garage",), lambda: ("192.168.1.20",))

    def run(self, data):
        try:
            host = data.decode()
        except ValueError:
            return
        request = Request("192.168.1.9", "GET", "/", "1.1", {"host": host})
        try:
            ours = self.hosts.check(request) is None
        except HttpError as error:
            need(error.status == 421, "status %d" % error.status)
            return
        need(ours, "neither nor")
        name = host.lower().rpartition(":")[0] if ":" in host else host.lower()
        need(name in ("garage", "garage.local", "192.168.1.20"), "taken for ours: %r" % host)


class Certificates(Target):
    """DER of any kind: the two values, or ValueError or IndexError; what is taken for a key is whole."""

    name = "certificates"

    def __init__(self):
        self.seeds = new_certificate("M3-1")

    def run(self, data):
        for read in (key_from_der, public_of_certificate):
            try:
                found = read(data)
            except (ValueError, IndexError):
                continue
            if read is key_from_der:
                need(len(found[0]) == 121 and key_from_der(found[0]) == found, "a key that is none")
            else:
                need(len(found) == 65 and found[0] == 4, "a point that is none")


TARGETS = (Login, Roles, HostHeader, Certificates)
