"""Logging in by the page: roles, cookies, sessions, and what a new or forgotten password does."""
import unittest

from firmware.pbkdf2 import LOGIN_ITERATIONS
from firmware.services.web.login_api import password_problem
from firmware.services.web.roles import ADMIN, CONTROL
from firmware.services.web.sessions import IDLE_S, MAX_SESSIONS
from host_tests.services.web.login_case import GOOD, KEY, LABEL, OTHER, LoginCase


class LoginTest(LoginCase):
    def test_the_first_log_in_takes_the_label_s_password_and_allows_nothing_but_a_new_one(self):
        async def test(self):
            answer = await self.call("POST", "/api/v1/login", {"user": "admin", "password": LABEL})
            said = answer.json()
            self.assertEqual((answer.status, said["role"], said["user"], said["must_change_password"]),
                             (200, "public", "admin", True))
            who = answer.headers["set-cookie"].split(";")[0], said["csrf"]
            await self.refused(401, "login_required", "GET", "/admin", None, who)
            answer = await self.call("PUT", "/api/v1/password", {"user": "admin", "old": LABEL, "new": GOOD}, who)
            self.assertEqual((answer.status, answer.json()["role"], answer.json()["must_change_password"]), (200, "admin", False))
            self.assertEqual((await self.call("GET", "/admin", None, who)).json(), {"role": "admin", "user": "admin"})
            await self.refused(403, "bad_login", "POST", "/api/v1/login", {"user": "admin", "password": LABEL})
            await self.login("admin", GOOD)
            self.assertEqual((await self.call("POST", "/api/v1/login", {"user": "user", "password": LABEL})).json()["user"], "user")
        self.with_server(test)
        kept = self.scratch.read("passwords")
        for secret in (GOOD, LABEL):
            self.assertEqual(kept.find(secret.encode()), -1)
        row = self.desk.credentials.read()["users"]["admin"]
        self.assertEqual((row["iterations"], len(row["salt"])), (LOGIN_ITERATIONS, 32))
        self.assertEqual([code for code, _ in self.noted], ["login", "password_changed", "login_failed", "login", "login"])
        self.make()       # a restart
        self.with_server(lambda case: case.login("admin", GOOD))

    def test_user_and_admin_have_their_roles_and_everybody_else_none(self):
        self.keep(admin=GOOD, user=OTHER)

        async def test(self):
            for user, password, role in (("admin", GOOD, ADMIN), ("user", OTHER, CONTROL)):
                who = await self.login(user, password)
                self.assertEqual((await self.call("POST", "/" + role, None, who)).json(), {"role": role, "user": user})
            await self.refused(403, "forbidden", "GET", "/admin", None, who)
            await self.refused(401, "login_required", "GET", "/read")
            await self.refused(401, "login_required", "GET", "/read", None, ("mode3=" + "a" * 32, ""))
            for body in ({"user": "root", "password": GOOD}, {"user": "admin", "password": ""},
                         {"user": "admin", "password": GOOD + "x"}):
                await self.refused(403, "bad_login", "POST", "/api/v1/login", body)
                self.now_s += 1000
            for body in ({}, {"user": "admin"}, {"user": 1, "password": "x"}, {"user": "admin", "password": None}):
                await self.refused(422, "bad_value", "POST", "/api/v1/login", body)
        self.with_server(test)
        self.assertEqual(self.logins, [1, 1])

    def test_a_cookie_alone_changes_nothing(self):
        self.keep(admin=GOOD)

        async def test(self):
            who = await self.login()
            other = await self.login()
            self.assertEqual((await self.call("GET", "/admin", None, who, csrf=False)).status, 200)
            await self.refused(401, "login_required", "POST", "/admin", None, who, csrf=False)
            await self.refused(401, "login_required", "POST", "/admin", None, (who[0], other[1]))
            self.assertEqual((await self.call("POST", "/admin", None, who)).status, 200)
        self.with_server(test)

    def test_the_cookie_is_for_this_site_and_no_script(self):
        self.keep(admin=GOOD)

        async def test(self):
            answer = await self.call("POST", "/api/v1/login", {"user": "admin", "password": GOOD})
            parts = answer.headers["set-cookie"].split("; ")
            self.assertTrue(parts[0].startswith("mode3=") and len(parts[0]) == 38)
            self.assertEqual(sorted(parts[1:]), ["HttpOnly", "Path=/", "SameSite=Strict"])
            self.assertEqual(answer.headers["cache-control"], "no-store")
            answer = await self.call("POST", "/api/v1/logout", None, (parts[0], ""))
            self.assertIn("mode3=; ", answer.headers["set-cookie"])
            self.assertIn("Max-Age=0", answer.headers["set-cookie"])
            await self.refused(401, "login_required", "GET", "/read", None, (parts[0], ""))
        self.with_server(test)

    def test_25_minutes_without_use_log_out_and_what_a_page_asks_by_itself_is_no_use(self):
        self.keep(admin=GOOD)

        async def test(self):
            who = await self.login()
            self.now_s += IDLE_S - 1
            self.assertEqual((await self.call("GET", "/admin", None, who)).status, 200)
            self.now_s += IDLE_S - 1
            for path in ("/api/v1/status", "/api/v1/session"):
                self.assertEqual((await self.call("GET", path, None, who)).status, 200)
            self.now_s += 1
            await self.refused(401, "login_required", "GET", "/admin", None, who)
            said = (await self.call("GET", "/api/v1/session", None, who)).json()
            self.assertEqual(said, {"role": "public", "user": None, "csrf": None, "must_change_password": False})
        self.with_server(test)
        self.assertEqual(self.desk.sessions.count(), 0)

    def test_a_page_loaded_anew_learns_who_it_is(self):
        self.keep(user=GOOD)

        async def test(self):
            who = await self.login("user")
            self.assertEqual((await self.call("GET", "/api/v1/session", None, who, csrf=False)).json(),
                             {"role": "control", "user": "user", "csrf": who[1], "must_change_password": False})
        self.with_server(test)

    def test_sessions_are_few_and_the_oldest_gives_way(self):
        self.keep(admin=GOOD)

        async def test(self):
            first = await self.login()
            self.now_s += 1
            second = await self.login()
            for _ in range(MAX_SESSIONS - 2):
                self.now_s += 1
                await self.login()
            await self.call("GET", "/admin", None, first)
            self.now_s += 1
            await self.login()
            self.assertEqual((await self.call("GET", "/admin", None, first)).status, 200)
            await self.refused(401, "login_required", "GET", "/admin", None, second)
        self.with_server(test)
        self.assertEqual(self.desk.sessions.count(), MAX_SESSIONS)

    def test_bad_passwords_are_refused_and_say_what_is_missing(self):
        for password, word in (("Short-7", "10 to 64"), ("x" * 65, "10 to 64"), ("Aaaa-bcdef7", "in a row"),
                               ("abcdefghij", "three"), ("abcdefgh12", "three"), ("ÄÖÜäöüß789", "three")):
            self.assertIn(word, password_problem(password))
        for password in ("Abcdefgh12", "abcdefgh-1", "ABCDEFG-12", "Aabbaabba-", "äbcdefgh-1A"):
            self.assertIsNone(password_problem(password))

        async def test(self):
            self.keep(admin=GOOD)
            who = await self.login()
            for new in ("short", GOOD, LABEL):
                answer = await self.refused(422, "bad_password", "PUT", "/api/v1/password",
                                            {"user": "admin", "old": GOOD, "new": new}, who)
                self.assertEqual(answer.json()["error"]["field"], "new")
            await self.refused(403, "bad_login", "PUT", "/api/v1/password", {"user": "admin", "old": OTHER, "new": OTHER}, who)
            await self.refused(422, "bad_value", "PUT", "/api/v1/password", {"user": "admin", "new": OTHER}, who)
        self.with_server(test)

    def test_a_new_password_ends_the_other_sessions_of_its_user(self):
        self.keep(admin=GOOD, user=GOOD)

        async def test(self):
            here, there, user = await self.login(), await self.login(), await self.login("user")
            answer = await self.call("PUT", "/api/v1/password", {"user": "admin", "old": GOOD, "new": OTHER}, here)
            self.assertEqual(answer.status, 200)
            self.assertEqual((await self.call("GET", "/admin", None, here)).status, 200)
            await self.refused(401, "login_required", "GET", "/admin", None, there)
            self.assertEqual((await self.call("GET", "/control", None, user)).status, 200)
            # the admin gives the user a new one without knowing the old; the user cannot do that
            self.assertEqual((await self.call("PUT", "/api/v1/password", {"user": "user", "new": OTHER}, here)).status, 200)
            await self.refused(401, "login_required", "GET", "/control", None, user)
            user = await self.login("user", OTHER)
            await self.refused(422, "bad_value", "PUT", "/api/v1/password", {"user": "user", "new": GOOD}, user)
        self.with_server(test)

    def test_the_recovery_key_gives_a_forgotten_password_back(self):
        self.keep(admin=GOOD)

        async def test(self):
            old = await self.login()
            for body, code in (({"recovery_key": "x", "user": "admin", "new": OTHER}, (403, "bad_login")),
                               ({"recovery_key": "", "user": "admin", "new": OTHER}, (403, "bad_login")),
                               ({"recovery_key": KEY, "user": "root", "new": OTHER}, (422, "bad_value")),
                               ({"recovery_key": KEY, "user": "admin", "new": "short"}, (422, "bad_password"))):
                await self.refused(code[0], code[1], "POST", "/api/v1/recover", body)
            self.assertEqual((await self.call("POST", "/api/v1/recover",
                                              {"recovery_key": " %s\n" % KEY, "user": "admin", "new": OTHER})).status, 200)
            await self.refused(401, "login_required", "GET", "/admin", None, old)
            await self.login("admin", OTHER)
        self.with_server(test)
        self.assertIn(("password_recovered", "admin from 127.0.0.1"), self.noted)

    def test_a_charger_that_knows_neither_label_nor_password_lets_nobody_in(self):
        with open(self.scratch.folder + "identity.json", "w") as file:
            file.write("{}")

        async def test(self):
            await self.refused(403, "bad_login", "POST", "/api/v1/login", {"user": "admin", "password": ""})
            await self.refused(403, "bad_login", "POST", "/api/v1/recover", {"recovery_key": "", "user": "admin", "new": GOOD})
        self.with_server(test)



if __name__ == "__main__":
    unittest.main()
