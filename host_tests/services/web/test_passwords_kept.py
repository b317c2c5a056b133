"""Passwords on flash: written while no power flows, and what holds when the file is damaged."""
import unittest

from firmware.services.web.roles import ADMIN
from host_tests.services.web.login_case import GOOD, LABEL, OTHER, LoginCase


class KeptTest(LoginCase):
    def test_under_load_a_new_password_counts_at_once_and_waits_for_the_flash(self):
        async def test(self):
            self.open = False
            await self.call("PUT", "/api/v1/password", {"user": "admin", "old": LABEL, "new": GOOD})
            await self.login("admin", GOOD)
            self.assertRaises(OSError, self.scratch.read, "passwords")
            self.assertTrue(self.desk.credentials.flush())
            self.assertFalse(self.desk.credentials.flush())
            await self.login("admin", GOOD)
        self.with_server(test)
        self.assertTrue(len(self.scratch.read("passwords")) > 100)

    def test_what_the_flash_refused_does_not_count_though_an_earlier_change_still_waits(self):
        async def test(self):
            self.open = False
            await self.call("PUT", "/api/v1/password", {"user": "admin", "old": LABEL, "new": GOOD})
            self.open = True
            self.desk.credentials._file.write = refuse
            answer = await self.call("PUT", "/api/v1/password", {"user": "admin", "old": GOOD, "new": OTHER})
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (503, "flash_failed"))
            await self.refused(403, "bad_login", "POST", "/api/v1/login", {"user": "admin", "password": OTHER})
            await self.login("admin", GOOD)

        def refuse(payload):
            raise OSError(5)
        self.with_server(test)

    def test_behind_a_damaged_file_old_passwords_and_tokens_taken_back_do_not_hold(self):
        self.desk.credentials.write({"users": {}, "tokens": [{"name": "old", "scope": ADMIN, "digest": "00" * 32}]})
        self.keep(admin=OTHER)
        document = self.desk.credentials.read()
        document["tokens"] = []
        self.desk.credentials.write(document)
        self.keep(admin=GOOD)
        with open(self.scratch.folder + "passwords", "wb") as file:
            file.write(b"M3 rubbish that is no file of ours")
        self.make()
        self.assertIn("passwords", self.desk.credentials.damage)
        self.assertEqual((self.desk.sessions.tokens, self.desk.credentials.read()), ((), {"users": {}, "tokens": []}))

        async def test(self):
            await self.refused(403, "bad_login", "POST", "/api/v1/login", {"user": "admin", "password": OTHER})
            answer = await self.call("POST", "/api/v1/login", {"user": "admin", "password": LABEL})
            self.assertEqual((answer.status, answer.json()["must_change_password"]), (200, True))
        self.with_server(test)

    def test_a_damaged_file_is_told_and_the_label_s_password_holds(self):
        with open(self.scratch.folder + "passwords", "wb") as file:
            file.write(b"M3 rubbish that is no file of ours")
        self.make()
        self.assertIn("passwords", self.desk.credentials.damage)

        async def test(self):
            answer = await self.call("POST", "/api/v1/login", {"user": "user", "password": LABEL})
            self.assertEqual(answer.status, 200)
        self.with_server(test)


if __name__ == "__main__":
    unittest.main()
