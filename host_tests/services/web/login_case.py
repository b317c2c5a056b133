"""A server that knows who may log in, with its clock and its flash in the test's hands."""
import binascii
import json
import unittest

from firmware.identity import Identity
from firmware.pbkdf2 import slices
from firmware.services.web.login_api import LoginApi
from firmware.services.web.login_desk import LoginDesk
from firmware.services.web.reply import Reply
from firmware.services.web.roles import ADMIN, CONTROL, READ
from host_tests.services.web.harness import Server, run
from host_tests.storage.scratch import Scratch

LABEL, KEY = "label-password", "recovery-key-of-the-label"
GOOD, OTHER = "Correct-Horse-7", "Another-Horse-8"


class Showing:
    """Routes that tell who asks."""

    async def show(self, request, rest):
        return Reply(json.dumps({"role": request.role, "user": request.user}))

    def rows(self):
        return tuple([(method, "/" + role, role, self.show, 0) for role in ("public", READ, CONTROL, ADMIN)
                      for method in ("GET", "POST")])


class LoginCase(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        with open(self.scratch.folder + "identity.json", "w") as file:
            json.dump({"serial": "M3-1", "password": LABEL, "recovery_key": KEY}, file)
        self.now_s = 100
        self.open = True
        self.noted = []
        self.logins = []
        self.make()

    def make(self):
        self.desk = LoginDesk(Identity(self.scratch.folder + "identity.json"), self.scratch.folder + "passwords",
                              lambda: self.now_s, lambda: self.open, lambda: self.logins.append(1))

    def tearDown(self):
        self.scratch.close()

    def with_server(self, test):
        async def main():
            rows = LoginApi(self.desk, lambda code, detail: self.noted.append((code, detail))).routes() + Showing().rows()
            async with Server(rows=rows, role_of=self.desk.sessions.role_of) as server:
                self.server = server
                await test(self)
                self.assertEqual(server.errors, [])
        run(main())

    async def call(self, method, path, body=None, who=None, csrf=True):
        headers = ()
        if who is not None:
            headers = (("Cookie", who[0]),) + ((("X-CSRF-Token", who[1]),) if csrf else ())
        return await self.server.call(method, path, body, headers)

    async def login(self, user="admin", password=GOOD):
        """(cookie, csrf token) of a log-in that works."""
        answer = await self.call("POST", "/api/v1/login", {"user": user, "password": password})
        self.assertEqual(answer.status, 200)
        return answer.headers["set-cookie"].split(";")[0], answer.json()["csrf"]

    async def refused(self, status, code, method, path, body=None, who=None, csrf=True):
        answer = await self.call(method, path, body, who, csrf)
        self.assertEqual((answer.status, answer.json()["error"]["code"]), (status, code))
        return answer

    def keep(self, **passwords):
        """As if these had been chosen before."""
        document = self.desk.credentials.read()
        for user, password in passwords.items():
            key = list(slices(password.encode(), b"salt", 3))[-1]
            document["users"][user] = {"salt": binascii.hexlify(b"salt").decode(), "key": binascii.hexlify(key).decode(),
                                       "iterations": 3}
        self.desk.credentials.write(document)
