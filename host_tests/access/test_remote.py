"""A central system that knows the cards: asked, silent, late; what it said is worth something for one plug-in."""
import unittest

from firmware.access.authorization import ACCEPT, ASK, REJECT
from firmware.access.card import hex_from_uid
from firmware.access.remote import STATUSES
from host_tests.access.gate_case import ANN, BEN, BOSS, STRANGER
from host_tests.access.remote_case import NAMES, RemoteTest


class AskingTest(RemoteTest):
    def setUp(self):
        super().setUp()
        self.plug()

    def test_its_word_counts_and_is_learned(self):
        for status in STATUSES[1:] + STATUSES[:1]:
            self.assertEqual(self.card(STRANGER), (ASK, "central"))
            self.assertFalse(self.station.is_authorized())
            self.central.done(status, 1900000000)
            self.assertEqual(self.station.is_authorized(), status == "accepted")
            if status != "accepted":
                self.assertEqual(self.station.last_refusal[0], NAMES[status])
            self.assertEqual(self.learned.pop(), (hex_from_uid(STRANGER), status, 1900000000))
        self.assertEqual(self.station.session.id, hex_from_uid(STRANGER))

    def test_an_answer_that_is_none_is_the_services_fault_and_lets_nobody_in(self):
        self.card(STRANGER)
        with self.assertRaises(ValueError):
            self.central.done("yes")
        self.assertFalse(self.station.is_authorized())

    def test_no_answer_in_time_is_a_refusal_and_a_late_one_is_learned_but_counts_no_more(self):
        for seconds in (0, 1, 10, 999):
            self.gate.wait_at_most(seconds * 1000)
            self.station.last_refusal = None
            self.card(STRANGER)
            self.let(seconds * 1000)
            self.assertEqual(self.station.last_refusal, None)
            self.let(200)
            self.assertEqual(self.station.last_refusal[0], "card_no_answer")
            self.central.done("accepted")
            self.assertFalse(self.station.is_authorized())
            self.assertEqual(self.learned[-1][1], "accepted")
        self.assertEqual(self.central.cancelled, [hex_from_uid(STRANGER)] * 4)

    def test_who_stopped_goes_on_when_the_central_system_still_says_so(self):
        for status in ("blocked", "accepted"):
            if not self.station.authorized:
                self.card(STRANGER)
                self.central.done("accepted")
            if not self.station.stopped:
                self.assertEqual(self.card(STRANGER), (ACCEPT, "ended"))
            self.assertEqual(self.card(STRANGER), (ASK, "central"))
            self.assertTrue(self.station.stopped)
            self.central.done(status)
            self.assertEqual(self.station.stopped, status != "accepted")

    def test_who_was_let_in_by_a_command_goes_on_where_there_is_nobody_to_ask(self):
        self.gate.attach(None)
        self.rules("first_online", "local_authorization", "external")
        self.station.command("authorize", {"id": hex_from_uid(STRANGER)}, "web")
        self.assertEqual(self.card(STRANGER), (ACCEPT, "ended"))
        self.assertEqual(self.card(STRANGER), (ACCEPT, "again"))
        self.assertFalse(self.station.stopped)

    def test_while_one_is_asked_for_no_other_card_acts(self):
        self.card(ANN)
        self.assertEqual(self.card(BEN), (REJECT, "busy"))
        self.assertEqual(self.card(ANN), (ASK, "busy"))
        self.assertEqual(self.gate.unlock("PIN", "start"), "card_busy")
        self.central.done("accepted")
        self.assertEqual(self.station.session.id, hex_from_uid(ANN))
        self.is_asked(ANN)

    def test_the_answer_for_a_vehicle_that_has_gone_lets_no_other_charge(self):
        self.card(STRANGER)
        self.unplug()
        self.plug()
        self.assertEqual(self.central.cancelled, [hex_from_uid(STRANGER)])
        self.assertEqual(self.notes[-1], "card_dropped")
        self.central.done("accepted")
        self.assertFalse(self.station.is_authorized())
        self.card(BEN)                                  # nor does the old answer speak for the next card
        self.central.asked.clear()

    def test_an_answer_to_an_older_question_is_none_to_the_newer(self):
        self.card(STRANGER)
        old = self.central.done
        self.let(11000)
        self.card(STRANGER)
        old("accepted")
        self.assertFalse(self.station.is_authorized())
        self.central.done("invalid")
        self.central.done("accepted")                   # said twice: the first word holds
        self.assertFalse(self.station.is_authorized())

    def test_asked_before_the_vehicle_came_the_answer_is_for_the_first_that_comes(self):
        self.unplug()
        self.card(ANN)
        self.plug()
        self.central.done("accepted")
        self.assertTrue(self.station.is_authorized())
        self.unplug()
        self.card(ANN)
        self.plug()
        self.unplug()
        self.plug()
        self.central.done("accepted")
        self.assertFalse(self.station.is_authorized())

    def test_a_service_that_raises_is_named_and_is_silent(self):
        raised = []
        self.station.on("error", lambda where, error: raised.append(where))
        self.central.raises = True
        self.assertEqual(self.card(STRANGER), (ASK, "central"))
        self.let(10200)
        self.assertEqual((raised, self.station.last_refusal[0]), (["remote"], "card_no_answer"))

    def test_without_anybody_to_ask_the_offline_rules_hold(self):
        self.gate.attach(None)
        self.assertEqual(self.card(STRANGER), (REJECT, "offline"))
        self.cache[hex_from_uid(STRANGER)] = True
        self.assertEqual(self.card(STRANGER), (ACCEPT, "cached"))

    def test_only_local_and_first_local_do_not_ask_about_a_card_of_the_list(self):
        for order in ("only_local", "first_local"):
            self.rules(order, self.offline)
            self.assertEqual(self.card(ANN), (ACCEPT, "local"))
            self.unplug()
            self.plug()
        self.is_asked()

    def test_an_external_system_is_asked_about_every_card_and_without_it_nobody_charges(self):
        self.rules(self.order, "free_charging", "external")
        self.assertEqual(self.card(ANN), (ASK, "external"))
        self.central.done("accepted")
        self.assertTrue(self.station.is_authorized())
        self.unplug()
        self.central.reachable = False
        self.plug()
        self.assertEqual(self.card(ANN), (REJECT, "offline"))


class BossTest(RemoteTest):
    def test_an_admin_card_of_the_list_ends_a_charge_that_the_central_system_allowed(self):
        self.plug()
        self.card(STRANGER)
        self.central.done("accepted")
        self.assertEqual(self.card(BOSS), (ACCEPT, "ended_by_admin"))


if __name__ == "__main__":
    unittest.main()
