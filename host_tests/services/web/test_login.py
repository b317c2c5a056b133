import binascii
import json
import unittest

from firmware.identity import Identity
from firmware.pbkdf2 import LOGIN_ITERATIONS, slices
from firmware.services.web.login_api import LoginApi, password_problem
from firmware.services.web.login_desk import LoginDesk
from firmware.services.web.reply import Reply
from firmware.services.web.roles import ADMIN, CONTROL, READ
from firmware.services.web.sessions import IDLE_S, MAX_SESSIONS
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


class LoginTest(unittest.TestCase):
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

    def test_guesses_wait_longer_and_longer_and_the_right_password_waits_too(self):
        self.keep(admin=GOOD)

        async def test(self):
            bad = {"user": "admin", "password": "x"}
            for _ in range(3):
                await self.refused(403, "bad_login", "POST", "/api/v1/login", bad)
            waits = []
            for _ in range(12):
                answer = await self.refused(429, "too_many_attempts", "POST", "/api/v1/login",
                                            {"user": "admin", "password": GOOD})
                waits.append(int(answer.headers["retry-after"]))
                self.now_s += waits[-1]
                await self.refused(403, "bad_login", "POST", "/api/v1/login", bad)
            self.assertEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
            await self.refused(429, "too_many_attempts", "POST", "/api/v1/recover",
                               {"recovery_key": KEY, "user": "admin", "new": GOOD})
            self.now_s += 300
            await self.login()
            await self.refused(403, "bad_login", "POST", "/api/v1/login", bad)     # all is forgiven
        self.with_server(test)

    def test_the_user_s_password_does_not_wipe_out_guesses_at_the_admin_s(self):
        self.keep(admin=GOOD, user=OTHER)

        async def test(self):
            for _ in range(3):
                self.assertEqual((await self.call("POST", "/api/v1/login", {"user": "admin", "password": "x"})).status, 403)
                self.now_s += 1
                await self.login("user", OTHER)
            bad = {"user": "admin", "password": "x"}
            for wait_s in (1, 2, 4):
                await self.refused(403, "bad_login", "POST", "/api/v1/login", bad)
                await self.refused(429, "too_many_attempts", "POST", "/api/v1/login", bad)
                self.now_s += wait_s
                await self.refused(429, "too_many_attempts", "POST", "/api/v1/login", bad)
                self.now_s += wait_s
                await self.login("user", OTHER)          # who knows one has to wait for it too, and goes on
            await self.login("admin", GOOD)
            await self.refused(403, "bad_login", "POST", "/api/v1/login", bad)       # what was known is forgiven
            await self.login("user", OTHER)
        self.with_server(test)

    def test_regression_a_foreign_page_in_somebody_s_browser_cannot_use_up_the_guesses(self):
        """It sent wrong passwords as a form does, which browsers let any page do, and the owner waited five minutes at a time."""
        self.keep(admin=GOOD)
        foreign = (("Origin", "http://evil.example"), ("Content-Type", "text/plain"))
        proxied = (("Origin", "https://charger.home.example"), ("Content-Type", "application/json"))

        async def test(self):
            for path, body in (("login", {"user": "admin", "password": "guess"}),
                               ("recover", {"recovery_key": "guess", "user": "admin", "new": OTHER})):
                for _ in range(6):
                    answer = await self.server.call("POST", "/api/v1/" + path, body, foreign)
                    self.assertEqual((answer.status, answer.json()["error"]["code"]), (403, "forbidden"))
            answer = await self.server.call("POST", "/api/v1/login", {"user": "admin", "password": GOOD}, proxied)
            self.assertEqual(answer.status, 200)
        self.with_server(test)

    def test_many_addresses_guess_no_faster_and_who_got_in_before_does_not_wait_for_them(self):
        attempts = self.desk.attempts
        attempts.begin("192.168.1.2", "user")
        attempts.succeeded("192.168.1.2", ("user",))
        for number in range(10):
            self.assertEqual(attempts.wait_s("10.0.0.%d" % number), 0)
            attempts.begin("10.0.0.%d" % number, "user")
        self.assertEqual(attempts.wait_s("10.0.0.99"), 1)
        for number in range(10):
            attempts.begin("10.0.1.%d" % number, "user")
        self.assertEqual(attempts.wait_s("10.0.0.99"), 30)
        self.assertEqual(attempts.wait_s("192.168.1.2"), 0)
        self.now_s += 901
        self.assertEqual(attempts.wait_s("10.0.0.99"), 0)

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

    def test_tokens_open_what_their_scope_allows_until_they_are_deleted(self):
        self.keep(admin=GOOD)

        async def test(self):
            who = await self.login()
            made = {}
            for scope in (READ, CONTROL, ADMIN):
                answer = await self.call("POST", "/api/v1/tokens", {"name": "for-" + scope, "scope": scope}, who)
                made[scope] = answer.json()["token"]
            listed = await self.call("GET", "/api/v1/tokens", None, who)
            self.assertEqual(sorted([row["name"] for row in listed.json()["tokens"]]), ["for-admin", "for-control", "for-read"])
            for scope, token in made.items():
                self.assertEqual(listed.body.find(token.encode()), -1)
                self.assertEqual(self.scratch.read("passwords").find(token.encode()), -1)
                answer = await self.server.call("POST", "/" + scope, None, (("Authorization", "Bearer " + token),))
                self.assertEqual(answer.json(), {"role": scope, "user": "for-" + scope})
            for header in ("Bearer x", "Bearer ", "Bearer", "Basic " + made[ADMIN], made[ADMIN]):
                answer = await self.server.call("GET", "/read", None, (("Authorization", header),))
                self.assertEqual(answer.status, 401)
            answer = await self.server.call("POST", "/control", None, (("Authorization", "Bearer " + made[READ]),))
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (403, "forbidden"))
            for body, status in (({"name": "for-read", "scope": READ}, 409), ({"name": "", "scope": READ}, 422),
                                 ({"name": "a b", "scope": READ}, 422), ({"name": "x", "scope": "public"}, 422)):
                self.assertEqual((await self.call("POST", "/api/v1/tokens", body, who)).status, status)
            for number in range(5):
                answer = await self.call("POST", "/api/v1/tokens", {"name": "n%d" % number, "scope": READ}, who)
                self.assertEqual(answer.status, 200)
            await self.refused(409, "too_many_tokens", "POST", "/api/v1/tokens", {"name": "n5", "scope": READ}, who)
            self.assertEqual((await self.call("DELETE", "/api/v1/tokens/for-admin", None, who)).status, 200)
            await self.refused(404, "unknown_token", "DELETE", "/api/v1/tokens/for-admin", None, who)
            answer = await self.server.call("GET", "/read", None, (("Authorization", "Bearer " + made[ADMIN]),))
            self.assertEqual(answer.status, 401)
            self.made = made
        self.with_server(test)
        self.make()

        async def restarted(self):
            answer = await self.server.call("GET", "/read", None, (("Authorization", "Bearer " + self.made[READ]),))
            self.assertEqual(answer.status, 200)
        self.with_server(restarted)

    def test_a_token_speaks_as_a_program_and_who_logged_in_as_the_page(self):
        self.keep(admin=GOOD)

        async def test(self):
            who = await self.login()
            token = (await self.call("POST", "/api/v1/tokens", {"name": "solar", "scope": ADMIN}, who)).json()["token"]
            bearer = ("Authorization", "Bearer " + token)
            for headers in ((bearer,), (("Cookie", who[0]), ("X-CSRF-Token", who[1])),
                            (bearer, ("Cookie", who[0]), ("X-CSRF-Token", who[1]))):
                self.assertEqual((await self.server.call("POST", "/api/v1/commands/stop", {}, headers)).status, 200)
            self.assertEqual(self.server.station.speakers, ["api", "web", "api"])
        self.with_server(test)

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
