# cpython only: the whole firmware on the twin in one process
"""A central system attached to the whole charger: asked at the reader, remembered on flash, and what holds while it is away."""
import unittest

from firmware.access.remote import Remote
from host_tests.twin.charger import Charger

ANN, BEN = "04A1B2C3", "04B1B2C3D4E5F6"


class Central(Remote):
    """Answers at once by a list of its own; for the others it is silent."""

    def __init__(self, **answers):
        self.answers = answers
        self.reachable = True
        self.asked = []

    def online(self):
        return self.reachable

    def authorize(self, token, done):
        self.asked.append(token)
        if token in self.answers:
            done(self.answers[token], 4000000000)


class CentralTest(unittest.TestCase):
    def charger(self, central, **settings):
        charger = Charger(self)
        values = {"access.csms_order": "first_online", "access.timeout_s": 5}
        values.update({"access." + key: value for key, value in settings.items()})

        def begin():
            charger.app.settings.set_many(values)
            charger.app.desk.attach(central)
        charger.at(2, begin)
        return charger

    def card(self, charger, at_s, uid):
        charger.at(at_s, lambda: charger.world.present_card(uid))

    def test_its_answers_are_asked_for_and_remembered_over_a_power_cut_while_it_is_away(self):
        central, seen = Central(**{ANN: "accepted", BEN: "blocked"}), {}
        charger = self.charger(central, mode="remote", csms_offline="local_authorization")

        def look(name):
            return lambda: seen.update({name: [charger.fact(fact) for fact in ("authorized", "last_refusal")]})
        charger.at(3, charger.ev(plugged=True))
        self.card(charger, 5, BEN)
        charger.at(6, look("blocked"))
        self.card(charger, 8, "DEADBEEF")
        charger.at(14, look("silent"))
        self.card(charger, 15, ANN)
        charger.at(16, look("accepted"))
        charger.at(25, charger.ev(plugged=False))
        charger.at(40, lambda: charger.world.reset("power"))       # after it nothing is attached: it is away
        charger.at(50, charger.ev(plugged=True))
        self.card(charger, 55, BEN)
        charger.at(56, look("blocked before"))
        self.card(charger, 58, "DEADBEEF")
        charger.at(59, look("never heard of"))
        self.card(charger, 60, ANN)
        charger.at(61, look("accepted before"))
        charger.run(70)
        self.assertEqual(central.asked, [BEN, "DEADBEEF", ANN])
        self.assertEqual({name: (authorized, refusal and refusal["code"]) for name, (authorized, refusal) in seen.items()}, {
            "blocked": (False, "card_blocked"), "silent": (False, "card_no_answer"), "accepted": (True, None),
            "blocked before": (False, "card_blocked"), "never heard of": (False, "card_offline"), "accepted before": (True, None)})
        self.assertEqual(len(charger.edges("coil", True)), 2)

    def test_who_was_let_in_while_it_was_away_is_stopped_when_it_refuses(self):
        central, seen = Central(**{ANN: "invalid"}), []
        central.reachable = False
        charger = self.charger(central, mode="remote", csms_offline="no_authorization")
        charger.at(3, charger.ev(plugged=True))
        self.card(charger, 5, ANN)
        charger.at(20, lambda: setattr(central, "reachable", True))
        charger.at(35, lambda: seen.append([charger.fact(name) for name in ("contactor", "authorized")]))
        charger.run(36)
        self.assertTrue(charger.edges("coil", True))
        self.assertEqual((central.asked, seen), ([ANN], [["open", False]]))

    def test_with_access_off_it_must_accept_the_default_id(self):
        for answer, coil in (("accepted", 1), ("blocked", 0)):
            central = Central(Garage=answer)
            charger = self.charger(central, mode="off", default_id="Garage")
            charger.at(4, charger.ev(plugged=True))
            charger.run(20)
            self.assertEqual((central.asked, len(charger.edges("coil", True))), (["Garage"], coil))

    def test_its_card_list_is_not_taught_here(self):
        answers = []
        charger = self.charger(Central(), mode="remote")
        charger.at(3, lambda: answers.append(charger.app.station.command("teach_cards", {"mode": "add"}, "web")))
        charger.run(4)
        self.assertEqual(answers, [{"result": "refused", "reason": "central_list"}])


if __name__ == "__main__":
    unittest.main()
