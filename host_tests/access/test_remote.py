"""A central system that knows the cards: asked, silent, late, gone, back again; what it said is worth something for one plug-in."""
import unittest

from firmware.access.authorization import ACCEPT, ASK, REJECT, Rules
from firmware.access.card import ADMIN, USER, Card, hex_from_uid
from firmware.access.remote import STATUSES, Remote
from host_tests.access.test_gate import ANN, BEN, BOSS, STRANGER, GateTest

NAMES = {"blocked": "card_blocked", "expired": "card_expired", "invalid": "card_unknown", "concurrent": "card_concurrent"}


class Central(Remote):
    """A scripted system: remembers what it was asked, answers when the test says so."""

    def __init__(self):
        self.reachable = True
        self.asked = []
        self.cancelled = []
        self.done = None
        self.raises = False

    def online(self):
        return self.reachable

    def authorize(self, token, done):
        if self.raises:
            raise OSError(113)
        self.asked.append(token)
        self.done = done

    def cancel(self, token):
        self.cancelled.append(token)


class RemoteTest(GateTest):
    order, offline = "first_online", "local_authorization"

    def setUp(self):
        super().setUp()
        self.central, self.learned, self.cache = Central(), [], {}
        self.gate.attach(self.central)
        self.gate.learned = lambda *news: self.learned.append(news)
        self.gate.cached = self.cache.get
        self.rules(self.order, self.offline)

    def rules(self, order, offline, mode="remote"):
        self.gate.rules = Rules(mode, order, offline, "box1", True)

    def power(self):
        """The vehicle draws power for a while."""
        self.station.session.charging_ms = 5000

    def is_asked(self, *uids):
        self.assertEqual(self.central.asked, [hex_from_uid(uid) for uid in uids])


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


class ResumeTest(RemoteTest):
    """The power was cut during a charge, and the owner wants it to go on: it is judged as if its card came now."""

    def resume(self, token=None):
        self.gate.resume(token or hex_from_uid(ANN))
        self.core.pilot.state = 0
        self.let(500)
        self.assertFalse(self.station.is_authorized())
        self.plug()
        self.let(300)

    def setUp(self):
        super().setUp()
        self.gate.rules = Rules("local")

    def test_it_goes_on_for_the_vehicle_that_is_still_plugged(self):
        self.resume()
        self.assertEqual((self.station.is_authorized(), self.station.session.id), (True, hex_from_uid(ANN)))

    def test_a_record_of_older_firmware_names_the_same_card(self):
        self.resume(":".join(["%02x" % byte for byte in ANN]))
        self.assertEqual((self.station.is_authorized(), self.station.session.id), (True, hex_from_uid(ANN)))

    def test_it_does_not_where_the_vehicle_went(self):
        self.gate.resume(hex_from_uid(ANN))
        self.unplug()
        self.plug()
        self.let(600000)
        self.assertFalse(self.station.is_authorized())

    def test_a_card_that_was_blocked_or_removed_or_expired_meanwhile_is_refused(self):
        for what, code in (({"blocked": True}, "card_blocked"), ({"expires_utc": self.utc_s}, "card_expired"),
                           ({"kind": ADMIN}, "card_admin"), (None, "card_unknown")):
            if what is None:
                self.store.remove(ANN)
            else:
                self.store.change(Card(ANN, "", **dict({"kind": USER}, **what)))
            self.resume()
            self.assertFalse(self.station.is_authorized())
            self.assertEqual(self.station.last_refusal[:2], (code, "power_cut"))
            self.unplug()

    def test_a_card_that_may_have_expired_waits_for_the_clock(self):
        self.store.change(Card(ANN, "", USER, expires_utc=self.utc_s + 60))
        utc_s, self.utc_s = self.utc_s, 0
        self.resume()
        self.let(60000)
        self.assertEqual((self.station.is_authorized(), self.station.last_refusal), (False, None))
        self.utc_s = utc_s
        self.let(6000)
        self.assertTrue(self.station.is_authorized())
        self.unplug()
        self.utc_s = 0
        self.resume()
        self.let(610000)
        self.assertEqual(self.station.last_refusal[0], "card_clock_unknown")
        self.utc_s = utc_s
        self.let(60000)
        self.assertFalse(self.station.is_authorized())

    def test_a_central_system_is_asked_anew_as_soon_as_it_can_be(self):
        self.rules("first_online", "local_authorization")
        self.central.reachable = False
        self.resume()
        self.let(30000)
        self.assertFalse(self.station.is_authorized())
        self.central.reachable = True
        self.let(6000)
        self.is_asked(ANN)
        self.central.done("blocked")
        self.assertFalse(self.station.is_authorized())
        self.let(60000)
        self.is_asked(ANN)

    def test_whoever_comes_first_is_not_put_out(self):
        self.utc_s = 0
        self.store.change(Card(ANN, "", USER, expires_utc=1900000000))
        self.resume()
        self.card(BEN)
        self.utc_s = 1800000000
        self.let(20000)
        self.assertEqual(self.station.session.id, hex_from_uid(BEN))

    def test_a_pin_counts_while_one_is_asked_for_and_an_order_as_it_did(self):
        self.resume("PIN")
        self.assertEqual((self.station.is_authorized(), self.station.last_refusal[0]), (False, "card_refused"))
        self.unplug()
        self.gate.pin_asked = True
        for token in ("PIN", "guest", "by hand"):
            self.resume(token)
            self.assertEqual((self.station.is_authorized(), self.station.session.id), (True, token))
            self.unplug()

    def test_what_an_external_system_released_by_a_command_goes_on_and_where_it_can_be_asked_it_is(self):
        self.rules(self.order, self.offline, "external")
        self.resume()
        self.assertFalse(self.station.is_authorized())
        self.is_asked(ANN)
        self.central.done("blocked")
        self.unplug()
        self.gate.attach(None)
        self.resume()
        self.assertTrue(self.station.is_authorized())

    def test_a_list_that_cannot_be_read_lets_nobody_go_on(self):
        def broken(uid):
            raise OSError(5)
        self.store.find = broken
        self.resume()
        self.assertEqual((self.station.is_authorized(), self.station.last_refusal[0]), (False, "card_list_unreadable"))


class BossTest(RemoteTest):
    def test_an_admin_card_of_the_list_ends_a_charge_that_the_central_system_allowed(self):
        self.plug()
        self.card(STRANGER)
        self.central.done("accepted")
        self.assertEqual(self.card(BOSS), (ACCEPT, "ended_by_admin"))


if __name__ == "__main__":
    unittest.main()
