"""Factory reset over HTTP: told before, ordered with a clear word about the cards, refused while a vehicle charges."""
import unittest

from firmware.services.web.reset_api import ResetApi
from firmware.services.web.roles import CONTROL
from host_tests.services.web.harness import ApiTest

PATH = "/api/v1/factory_reset"


class Reset(ApiTest):
    def setUp(self):
        self.orders = []
        self.answer = True
        self.api = ResetApi(lambda: {"settings": 7, "cards": 9}, self.order)

    def order(self, cards):
        if self.answer is None:
            raise OSError(5)
        self.orders.append(cards)
        return self.answer

    def test_what_goes_and_what_stays_is_told(self):
        async def test(server):
            told = (await server.call("GET", PATH)).json()
            self.assertEqual(told["clears"], [{"what": "cards", "bytes": 9}, {"what": "settings", "bytes": 7}])
            self.assertIn("firmware", told["keeps"])
            self.assertEqual(self.orders, [])
        self.with_server(test)

    def test_an_order_says_what_becomes_of_the_cards(self):
        async def test(server):
            for body in (None, {}, {"cards": 1}, {"cards": None}, {"cards": "no"}, {"cards": True, "all": True}):
                answer = await server.call("POST", PATH, body)
                self.assertEqual(answer.status, 422, body)
            self.assertEqual(self.orders, [])
            self.assertEqual((await server.call("POST", PATH, {"cards": False})).json(), {"restarting": True})
            self.assertEqual((await server.call("POST", PATH, {"cards": True})).status, 200)
            self.assertEqual(self.orders, [False, True])
        self.with_server(test)

    def test_it_is_refused_while_a_vehicle_charges_and_where_the_flash_fails(self):
        async def test(server):
            for self.answer, status, code in ((False, 409, "charging"), (None, 503, "flash_failed")):
                answer = await server.call("POST", PATH, {"cards": True})
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (status, code))
        self.with_server(test)

    def test_only_an_administrator_may(self):
        async def test(server):
            for method in ("GET", "POST"):
                self.assertEqual((await server.call(method, PATH)).status, 403)
        self.with_server(test, role_of=lambda request: CONTROL)


if __name__ == "__main__":
    unittest.main()
