"""A reserved charger: only its card begins, the flag is up, and it ends by use, time or order; a restart changes nothing."""
import unittest

from firmware.access.authorization import ACCEPT, REJECT, Rules
from firmware.access.card import hex_from_uid
from firmware.access.reservation import Reservation
from host_tests.access.gate_case import ANN, BEN, GateTest


class ReservationTest(GateTest):
    def setUp(self):
        super().setUp()
        self.start()

    def start(self):
        """The charger starts."""
        self.station.reserved_for = ""
        self.station.flags.clear("reserved")
        self.reservation = Reservation(self.scratch.folder + "reservation", self.station, lambda: self.utc_s,
                                       lambda utc_s: str(utc_s) if utc_s else None, self.note)
        self.reservation.load()
        self.station.on("reserve", self.reservation.reserve)
        self.station.on("cancel_reservation", self.reservation.cancel)

    def let(self, ms):
        for _ in range(ms // 100):
            super().let(100)
            self.reservation.tick(self.now_ms)

    def reserve(self, uid=BEN, for_s=600, **args):
        answer = self.station.command("reserve", dict(args, id=hex_from_uid(uid), for_s=for_s), "ocpp_test")
        return answer.get("reason")

    def cancel(self, **args):
        return self.station.command("cancel_reservation", args, "web").get("reason")

    def reserved(self):
        self.assertEqual(self.station.flags.has("reserved"), self.station.reserved_for != "")
        self.assertEqual(self.reservation.fact() is not None, self.station.reserved_for != "")
        return self.station.reserved_for != ""

    def test_only_the_card_that_reserved_begins_and_with_that_it_is_used_up(self):
        self.assertEqual(self.reserve(), None)
        self.assertTrue(self.reserved())
        self.plug()
        self.assertEqual(self.card(ANN), (REJECT, "not_the_booker"))
        self.assertEqual(self.station.command("authorize", {}, "web")["reason"], "reserved")
        self.assertEqual(self.gate.unlock("PIN", "start"), "card_not_the_booker")
        self.assertEqual(self.card(BEN), (ACCEPT, "local"))
        self.let(200)
        self.assertFalse(self.reserved())
        self.unplug()
        self.plug()
        self.assertEqual(self.card(ANN), (ACCEPT, "local"))

    def test_a_card_is_the_same_card_however_its_uid_was_written(self):
        """Booked or let in over the network as 04:a1:…, it was refused at the reader, and could not end its own charge."""
        text = hex_from_uid(BEN)
        for spelled in (text.lower(), ":".join([text[at:at + 2] for at in range(0, len(text), 2)]), text[:4] + " " + text[4:]):
            self.assertEqual(self.station.command("reserve", {"id": spelled, "for_s": 600}, "mqtt_test")["result"], "accepted")
            self.plug()
            self.assertEqual(self.card(ANN), (REJECT, "not_the_booker"))
            self.assertEqual(self.station.command("authorize", {"id": spelled}, "mqtt_test")["result"], "accepted")
            self.assertEqual(self.station.session.id, text)
            self.let(200)
            self.assertFalse(self.reserved())
            self.assertEqual(self.card(BEN), (ACCEPT, "ended"))
            self.unplug()
        self.station.command("authorize", {"id": "Ann's car"}, "mqtt_test")
        self.assertEqual(self.station.authorized_id, "Ann's car")

    def test_one_that_older_firmware_kept_as_it_was_spelled_is_for_the_same_card(self):
        self.reserve()
        self.station.reserved_for = "04:01:02:01"          # so it stood on the flash
        self.reservation.save()
        self.start()
        self.assertEqual(self.station.reserved_for, hex_from_uid(BEN))
        self.plug()
        self.assertEqual(self.card(ANN), (REJECT, "not_the_booker"))
        self.assertEqual(self.card(BEN), (ACCEPT, "local"))

    def test_a_central_systems_id_with_a_dash_is_booked_as_it_is(self):
        self.plug()
        for _ in range(2):
            self.assertEqual(self.station.command("authorize", {"id": "1234-5678"}, "ocpp_test")["result"], "accepted")
            self.assertEqual(self.station.session.id, "1234-5678")

    def test_where_access_is_free_it_is_not_while_reserved(self):
        self.station.free, self.gate.rules = True, Rules("off")
        self.reserve()
        self.plug()
        self.assertFalse(self.station.is_authorized())
        self.assertEqual(self.card(ANN), (REJECT, "not_the_booker"))
        self.assertEqual(self.card(BEN), (ACCEPT, "free"))
        self.assertTrue(self.station.is_authorized())

    def test_a_word_that_lapses_without_a_vehicle_leaves_it_reserved(self):
        self.reserve()
        self.card(BEN)
        self.let(61000)
        self.assertFalse(self.station.is_authorized())
        self.assertTrue(self.reserved())

    def test_it_ends_with_its_time_also_without_a_clock(self):
        for utc_s in (1800000000, 0):
            self.utc_s = utc_s
            self.reserve(for_s=60)
            self.let(59000)
            self.utc_s = utc_s and utc_s + 59
            self.assertTrue(self.reserved())
            self.utc_s = utc_s and utc_s + 60
            self.let(1100)
            self.assertFalse(self.reserved())
            self.assertEqual(self.notes[-1], "reservation_expired")

    def test_it_ends_by_order_of_its_number(self):
        self.assertEqual(self.cancel(), "not_reserved")
        self.reserve(number=7)
        self.assertEqual(self.cancel(number=8), "not_reserved")
        self.assertTrue(self.reserved())
        self.assertEqual(self.cancel(number=7), None)
        self.assertFalse(self.reserved())
        self.reserve()
        self.assertEqual(self.cancel(), None)

    def test_another_gets_none_while_it_holds_and_its_own_is_replaced(self):
        self.reserve(number=7)
        self.assertEqual(self.reserve(ANN), "reserved")
        self.assertEqual(self.reserve(ANN, number=8), "reserved")
        self.assertEqual(self.reserve(BEN, 1200), None)
        self.assertEqual(self.reservation.fact()["left_s"], 1200)
        self.assertEqual(self.reserve(ANN, number=9), "reserved")
        self.reserve(BEN, number=7)
        self.assertEqual(self.reserve(ANN, number=7), None)
        self.assertEqual(self.reservation.fact()["id"], hex_from_uid(ANN))

    def test_none_is_taken_where_nobody_could_charge(self):
        self.card(ANN)
        self.assertEqual(self.reserve(), "occupied")
        self.plug()
        self.assertEqual(self.reserve(), "occupied")
        self.unplug()
        self.station.operative = False
        self.assertEqual(self.reserve(), "inoperative")
        self.station.operative = True
        self.station.faults.begin("flash")
        self.assertEqual(self.reserve(), "fault" if self.station.faults.first_error() else None)

    def test_it_outlives_a_restart_and_its_end_too(self):
        self.reserve(number=7, for_s=600)
        self.let(100)
        self.assertTrue(self.reservation.save())
        self.assertFalse(self.reservation.save())
        self.utc_s += 300
        self.start()
        self.assertTrue(self.reserved())
        self.assertEqual(self.reservation.fact(), {"id": hex_from_uid(BEN), "number": 7, "until": "1800000600", "left_s": 300,
                                                   "by": "restart"})
        self.utc_s += 301
        self.let(200)
        self.assertFalse(self.reserved())
        self.reservation.save()
        self.assertEqual([name for name in self.scratch.names() if name.startswith("reservation")], [])
        self.start()
        self.assertFalse(self.reserved())

    def test_without_a_clock_after_a_restart_it_holds_for_its_whole_time_and_no_longer(self):
        self.reserve(for_s=60)
        self.reservation.save()
        self.utc_s = 0
        self.start()
        self.let(59000)
        self.assertTrue(self.reserved())
        self.let(1100)
        self.assertFalse(self.reserved())

    def test_made_without_a_clock_its_end_is_kept_when_the_clock_is_set(self):
        self.utc_s = 0
        self.reserve(for_s=600)
        self.reservation.save()
        self.let(60000)
        self.assertEqual(self.reservation.fact()["until"], None)
        self.utc_s = 1800000000
        self.let(100)
        self.assertTrue(self.reservation.save())
        self.start()
        self.assertEqual(self.reservation.fact()["left_s"], 540)

    def test_a_damaged_file_reserves_for_nobody(self):
        self.reserve()
        self.reservation.save()
        for name in self.scratch.names():
            if name.startswith("reservation"):
                self.scratch.flip(name, 20)
        self.start()
        self.assertFalse(self.reserved())


if __name__ == "__main__":
    unittest.main()
