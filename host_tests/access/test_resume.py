"""The power was cut during a charge: who had it is judged as if the card came now."""
import unittest

from firmware.access.authorization import Rules
from firmware.access.card import ADMIN, USER, Card, hex_from_uid
from host_tests.access.gate_case import ANN, BEN
from host_tests.access.remote_case import RemoteTest


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


if __name__ == "__main__":
    unittest.main()
