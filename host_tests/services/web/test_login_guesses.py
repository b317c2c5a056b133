"""Wrong passwords wait longer and longer, and nobody else for them."""
import unittest

from host_tests.services.web.login_case import GOOD, KEY, OTHER, LoginCase


class GuessesTest(LoginCase):
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



if __name__ == "__main__":
    unittest.main()
