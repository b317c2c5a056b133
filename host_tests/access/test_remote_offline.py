"""What holds while a central system is away, and what becomes of it once it is back."""
import unittest

from firmware.access.authorization import ACCEPT
from firmware.access.card import hex_from_uid
from firmware.access.remote import STATUSES
from host_tests.access.gate_case import BEN, STRANGER
from host_tests.access.remote_case import NAMES, RemoteTest


class OfflineTest(RemoteTest):
    order, offline = "first_online", "no_authorization"

    def setUp(self):
        super().setUp()
        self.central.reachable = False
        self.plug()
        self.assertEqual(self.card(STRANGER), (ACCEPT, "verify_later"))

    def test_who_was_let_in_offline_is_asked_about_later_and_may_go_on(self):
        self.let(600000)
        self.is_asked()
        self.central.reachable = True
        self.let(200)
        self.is_asked(STRANGER)
        self.central.done("accepted")
        self.let(600000)
        self.is_asked(STRANGER)
        self.assertTrue(self.station.is_authorized())
        self.assertFalse(self.station.stopped)

    def test_who_is_refused_later_is_stopped_and_only_the_same_card_may_ask_again(self):
        for status in STATUSES[1:]:
            self.power()
            self.central.reachable = True
            self.let(200)
            self.central.done(status)
            self.assertEqual((self.station.is_authorized(), self.station.stopped), (False, True))
            self.assertEqual(self.station.last_refusal[:2], (NAMES[status], "central"))
            self.assertEqual(self.station.command("start", {}, "web")["reason"], "not_authorized")
            self.card(BEN)
            self.central.done("accepted")
            self.assertFalse(self.station.is_authorized(), "another took over what the first had charged")
            self.card(STRANGER)
            self.central.done("accepted")
            self.assertEqual((self.station.is_authorized(), self.station.stopped), (True, False))
            self.unplug()
            self.central.reachable = False
            self.plug()
            self.card(STRANGER)

    def test_silence_is_no_refusal_then_and_it_is_asked_again(self):
        self.central.reachable = True
        self.let(200)
        self.let(10200)
        self.assertTrue(self.station.is_authorized())
        self.let(59000)
        self.is_asked(STRANGER)
        self.let(2000)
        self.is_asked(STRANGER, STRANGER)

    def test_the_card_may_end_its_charge_while_it_is_verified(self):
        self.central.reachable = True
        self.let(200)
        self.assertEqual(self.card(STRANGER), (ACCEPT, "ended"))

    def test_a_refusal_for_a_vehicle_that_has_gone_stops_nobody(self):
        self.central.reachable = True
        self.let(200)
        self.unplug()
        self.central.reachable = False
        self.plug()
        self.card(BEN)
        self.central.done("blocked")
        self.assertTrue(self.station.is_authorized())
        self.assertEqual(self.station.session.id, hex_from_uid(BEN))


class DefaultIdTest(RemoteTest):
    """Access is off under a central system: it is asked about the default id."""

    def setUp(self):
        super().setUp()
        self.rules("first_local", "local_authorization", "off")
        self.gate.default_id = "Garage"
        self.plug()
        self.let(200)

    def test_the_charge_begins_with_its_word_and_the_id_is_never_empty(self):
        self.assertEqual((self.central.asked, self.station.is_authorized()), (["Garage"], False))
        self.central.done("accepted")
        self.assertTrue(self.station.is_authorized())
        self.assertEqual(self.station.session.id, "Garage")

    def test_a_refusal_holds_and_is_asked_about_again_minutes_later(self):
        self.central.done("invalid")
        self.let(290000)
        self.assertEqual((len(self.central.asked), self.station.is_authorized()), (1, False))
        self.let(11000)
        self.assertEqual(len(self.central.asked), 2)
        self.central.done("accepted")
        self.assertTrue(self.station.is_authorized())

    def test_offline_what_it_said_before_counts(self):
        self.central.done("invalid")
        self.unplug()
        self.central.reachable = False
        self.notes.clear()
        self.plug()
        self.let(20000)
        self.assertEqual((self.station.is_authorized(), self.notes), (False, []))
        self.cache["Garage"] = True
        self.let(6000)
        self.assertTrue(self.station.is_authorized())

    def test_one_that_looks_like_a_card_is_one_id_from_the_question_to_its_end(self):
        """In lower case it was let in under one spelling, and verified under another: never."""
        self.unplug()
        self.rules("first_local", "no_authorization", "off")
        self.gate.default_id = "cafe0001"
        self.central.asked.clear()
        self.central.reachable = False
        self.plug()
        self.let(6000)
        self.assertEqual((self.station.is_authorized(), self.station.session.id), (True, "CAFE0001"))
        self.central.reachable = True
        self.let(200)
        self.assertEqual(self.central.asked, ["CAFE0001"])
        self.central.done("blocked")
        self.let(60000)
        self.assertEqual((self.station.is_authorized(), self.central.asked), (False, ["CAFE0001"]))


class FreeOfflineTest(RemoteTest):
    """Everybody may charge while the central system is away."""

    def setUp(self):
        super().setUp()
        self.rules("first_online", "free_charging")
        self.gate.rules.free_offline = True
        self.gate.default_id = "Garage"

    def test_while_it_is_there_a_card_is_needed_and_a_short_gap_changes_nothing(self):
        self.plug()
        self.let(60000)
        self.central.reachable = False
        self.let(29000)
        self.central.reachable = True
        self.let(60000)
        self.assertEqual((self.station.is_authorized(), self.central.asked), (False, []))

    def test_while_it_is_away_the_vehicle_charges_under_the_default_id_and_goes_on_when_it_is_back(self):
        self.central.reachable = False
        self.let(31000)
        self.plug()
        self.let(300)
        self.assertEqual((self.station.is_authorized(), self.station.session.id), (True, "Garage"))
        self.central.reachable = True
        self.let(60000)
        self.assertTrue(self.station.is_authorized())

    def test_the_time_before_anybody_looked_for_it_does_not_count(self):
        """Set hours after the start it let the first vehicle charge at once, before the central system could be reached."""
        self.gate.later = None
        self.central.reachable = False
        self.now_ms = 5000000
        self.plug()
        self.let(25000)
        self.assertFalse(self.station.is_authorized())
        self.let(6000)
        self.assertTrue(self.station.is_authorized())

    def test_without_any_central_system_attached_it_is_away(self):
        self.gate.attach(None)
        self.plug()
        self.let(31000)
        self.assertTrue(self.station.is_authorized())


if __name__ == "__main__":
    unittest.main()
