"""Programs come with a token."""
import unittest

from firmware.services.web.roles import ADMIN, CONTROL, READ
from host_tests.services.web.login_case import GOOD, LoginCase


class TokensTest(LoginCase):
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



if __name__ == "__main__":
    unittest.main()
