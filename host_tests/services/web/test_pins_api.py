"""PIN and PUK over HTTP: who may ask what, what each refusal says, and that no answer and no log holds a PIN."""
import unittest

from firmware.access import pins as pin_module
from firmware.access.attempts import FREE, Attempts
from firmware.access.authorization import Rules
from firmware.access.cards import CardStore
from firmware.access.gate import Gate
from firmware.access.pins import Pins
from firmware.charging.station import Station
from firmware.safety.core import SafetyCore
from firmware.safety.io_image import Fitted
from firmware.services.web.pins_api import PinsApi
from host_tests.services.web.harness import Server, run
from host_tests.storage.scratch import Scratch

PIN, GUEST, PUK = "4711", "0815", "48151623"


class PinsApiTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.iterations, pin_module.ITERATIONS = pin_module.ITERATIONS, 2
        self.station = Station(SafetyCore(Fitted()), lambda: (1, 2, 0), lambda stamp: None)
        self.station.free = False
        self.begun = False                           # a charge, while the keys were derived
        self.log, self.open, self.asked, self.now_ms, self.role = [], True, True, 1000, "admin"
        gate = Gate(self.station, CardStore(self.scratch.folder), Rules("local"), lambda: 0, lambda result: None, self.note)
        attempts = Attempts(self.scratch.folder + "attempts", lambda: self.open)
        pins = Pins(self.scratch.folder, attempts, lambda: PUK, lambda: self.open and not self.begun)
        self.api = PinsApi(pins, gate, lambda: self.asked, lambda: self.open, lambda: self.now_ms, self.note)

    def tearDown(self):
        pin_module.ITERATIONS = self.iterations
        self.scratch.close()

    def note(self, code, detail):
        self.log.append(code)
        for secret in (PIN, GUEST, PUK):
            self.assertFalse(secret in code + detail)

    def ask(self, *calls):
        """[(status, error's code or the JSON)] of (method, path, body[, headers])."""
        found = []

        async def main():
            async with Server(rows=self.api.routes(), role_of=lambda request: self.role) as server:
                for method, path, body, *rest in calls:
                    answer = await server.call(method, "/api/v1/" + path, body, *rest)
                    self.assertFalse(PIN in str(answer.json()) or PUK in str(answer.json()))
                    found.append((answer.status, answer.json()["error"]["code"] if answer.status != 200 else answer.json()))
                self.assertEqual(server.errors, [])
        run(main())
        return found

    def plug(self):
        self.station.core.pilot.state = 2
        for _ in range(3):
            self.now_ms += 100
            self.station.tick(self.now_ms)

    def test_pins_are_set_by_who_may_configure_and_only_while_no_power_flows(self):
        self.assertEqual(self.ask(("PUT", "pins", {"pin": PIN, "guest_pin": GUEST}), ("PUT", "pins", {"guest_pin": None}),
                                  ("GET", "pins", None)),
                         [(200, {"pin": True, "guest_pin": True})] + [(200, {"pin": True, "guest_pin": False})] * 2)
        for body, status in (({"pin": "12"}, 422), ({"pin": 1234}, 422), ({"pin": PIN, "guest_pin": PIN}, 422),
                             ({"puk": PUK}, 422)):
            self.assertEqual(self.ask(("PUT", "pins", body)), [(status, "bad_value")])
        self.open = False
        self.assertEqual(self.ask(("PUT", "pins", {"pin": PIN}), ("POST", "puk", {"puk": PUK, "new_pin": "1234"})),
                         [(409, "charging")] * 2)
        self.role = "read"
        self.assertEqual(self.ask(("PUT", "pins", {"pin": PIN}), ("GET", "pins", None)), [(403, "forbidden")] * 2)

    def test_a_charge_that_begins_while_the_keys_are_derived_keeps_the_flash_untouched(self):
        self.ask(("PUT", "pins", {"pin": PIN}))
        self.begun = True
        for call in (("PUT", "pins", {"pin": "1234"}),) + (("POST", "puk", {"puk": PUK, "new_pin": "1234"}),) * 4:
            self.assertEqual(self.ask(call), [(409, "charging")])      # a right PUK is no wrong guess
        self.begun = False
        self.plug()
        self.role = "public"
        self.assertEqual(self.ask(("POST", "pin", {"pin": "1234"}))[0][0], 403)
        self.now_ms += 600000
        self.assertEqual(self.ask(("POST", "pin", {"pin": PIN}))[0][0], 200)

    def test_a_pin_lets_the_vehicle_charge_and_ends_it_for_who_has_no_login(self):
        self.ask(("PUT", "pins", {"pin": PIN, "guest_pin": GUEST}))
        self.plug()
        self.role = "public"
        self.assertEqual(self.ask(("POST", "pin", {"pin": GUEST})), [(200, {"result": "accepted", "id": "guest"})])
        self.assertEqual((self.station.is_authorized(), self.station.session.id), (True, "guest"))
        self.assertEqual(self.ask(("POST", "pin", {"pin": PIN})), [(409, "card_not_the_current_user")])
        self.assertEqual(self.ask(("POST", "pin", {"pin": PIN, "command": "stop"}))[0][0], 200)     # the owner ends the guest's
        self.assertTrue(self.station.stopped)
        self.assertEqual(self.ask(("POST", "pin", {"pin": GUEST}))[0][0], 200)
        self.assertFalse(self.station.stopped)
        self.assertEqual(self.station.last_refusal, None)

    def test_a_guest_cannot_end_the_owners_charge_nor_one_that_a_card_began(self):
        self.ask(("PUT", "pins", {"pin": PIN, "guest_pin": GUEST}))
        self.plug()
        for name in ("PIN", "04A1B2C3"):
            self.station.authorized, self.station.authorized_id = True, name
            self.assertEqual(self.ask(("POST", "pin", {"pin": GUEST, "command": "stop"}), ("POST", "pin", {"pin": GUEST})),
                             [(409, "card_not_the_current_user")] * 2)
            self.assertFalse(self.station.stopped)

    def test_the_owner_ends_a_charge_that_was_begun_without_an_id(self):
        self.ask(("PUT", "pins", {"pin": PIN, "guest_pin": GUEST}), ("POST", "pin", {"pin": PIN, "command": "stop"}))
        self.assertFalse(self.station.stopped)
        self.plug()
        self.station.command("authorize", {}, "web")
        self.assertEqual(self.ask(("POST", "pin", {"pin": GUEST, "command": "stop"}),
                                  ("POST", "pin", {"pin": PIN, "command": "stop"})),
                         [(409, "card_not_the_current_user"), (200, {"result": "accepted", "id": "PIN"})])
        self.assertTrue(self.station.stopped)

    def test_out_of_service_the_charger_says_so(self):
        self.ask(("PUT", "pins", {"pin": PIN}))
        self.station.operative = False
        self.plug()
        self.assertEqual(self.ask(("POST", "pin", {"pin": PIN})), [(409, "inoperative")])

    def test_guesses_are_answered_in_words_and_slowed_down(self):
        self.ask(("PUT", "pins", {"pin": PIN}))
        self.role = "public"
        self.assertEqual(self.ask(*[("POST", "pin", {"pin": "9999"})] * (FREE + 1)), [(403, "wrong_pin")] * FREE + [(429, "wait")])
        self.assertEqual(self.ask(("GET", "pin", None)), [(200, {"asked": True, "wait_s": 10})])
        self.now_ms += 10000
        self.assertEqual(self.ask(("POST", "pin", {"pin": PIN})), [(200, {"result": "accepted", "id": "PIN"})])
        self.assertEqual(self.log.count("wrong_pin"), FREE)

    def test_where_no_pin_is_asked_for_or_set_none_is_judged(self):
        self.assertEqual(self.ask(("POST", "pin", {"pin": PIN})), [(409, "no_pin")])
        self.asked = False
        self.assertEqual(self.ask(("POST", "pin", {"pin": PIN}), ("GET", "pin", None)),
                         [(409, "pin_off"), (200, {"asked": False, "wait_s": 0})])

    def test_what_is_no_pin_is_refused_and_costs_no_guess(self):
        self.ask(("PUT", "pins", {"pin": PIN}))
        for body in ({}, {"pin": 4711}, {"pin": None}, {"pin": PIN, "command": "restart"}, {"pin": "1" * 65}):
            self.assertEqual(self.ask(("POST", "pin", body)), [(422, "bad_value")])
        self.assertEqual(self.ask(("POST", "puk", {"puk": PUK})), [(422, "bad_value")])
        self.assertEqual(self.ask(("GET", "pin", None)), [(200, {"asked": True, "wait_s": 0})])

    def test_a_foreign_page_in_somebodys_browser_cannot_use_up_the_guesses(self):
        self.ask(("PUT", "pins", {"pin": PIN}))
        foreign = (("Origin", "http://evil.example"), ("Content-Type", "text/plain"))
        self.assertEqual(self.ask(("POST", "pin", {"pin": "9999"}, foreign),
                                  ("POST", "puk", {"puk": "1", "new_pin": "1234"}, foreign)), [(403, "forbidden")] * 2)
        self.assertEqual(self.log, ["pins_changed"])

    def test_the_puk_of_the_label_sets_a_new_pin(self):
        self.ask(("PUT", "pins", {"pin": "9999"}))
        self.role = "public"
        self.assertEqual(self.ask(("POST", "puk", {"puk": "00000000", "new_pin": PIN}),
                                  ("POST", "puk", {"puk": PUK, "new_pin": PIN}), ("POST", "pin", {"pin": PIN})),
                         [(403, "wrong_puk"), (200, {}), (200, {"result": "accepted", "id": "PIN"})])
        self.assertEqual(self.log, ["pins_changed", "wrong_puk", "puk_used", "card_accepted"])


if __name__ == "__main__":
    unittest.main()
