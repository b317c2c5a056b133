"""A card at the reader: who begins a charge, who ends it, who is refused and why, and how cards are taught."""
from firmware.access.authorization import ACCEPT, REJECT
from firmware.access.card import ADMIN, VIP, Card, hex_from_uid
from firmware.access.cards import CardStore
from host_tests.access.gate_case import ANN, BEN, BOSS, MASTER, STRANGER, GateTest


class ChargingTest(GateTest):
    def test_a_known_card_lets_the_vehicle_charge_and_ends_it_and_nobody_else_does(self):
        self.plug()
        self.assertFalse(self.station.is_authorized())
        self.assertEqual(self.card(ANN), (ACCEPT, "local"))
        self.assertTrue(self.station.is_authorized())
        self.assertEqual(self.station.session.id, hex_from_uid(ANN))
        self.assertEqual(self.card(BEN), (REJECT, "not_the_current_user"))
        self.assertEqual(self.card(STRANGER), (REJECT, "not_the_current_user"))
        self.assertFalse(self.station.stopped)
        self.assertEqual(self.card(ANN), (ACCEPT, "ended"))
        self.assertTrue(self.station.stopped)
        self.assertEqual(self.card(BEN), (REJECT, "not_the_current_user"))
        self.assertEqual(self.card(ANN), (ACCEPT, "again"))
        self.assertFalse(self.station.stopped)
        self.unplug()
        self.plug()
        self.assertFalse(self.station.is_authorized())
        self.assertEqual(self.card(BEN), (ACCEPT, "local"))

    def test_who_stopped_goes_on_only_while_the_card_would_still_be_let_in(self):
        self.plug()

        def block(card):
            card.blocked = True

        def expire(card):
            card.expires_utc = self.utc_s
        for spoil, reason in ((block, "blocked"), (expire, "expired"), (None, "unknown_card")):
            self.card(ANN)
            self.card(ANN)
            self.assertTrue(self.station.stopped)
            good = self.store.find(ANN)
            if spoil is None:
                self.store.remove(ANN)
            else:
                spoilt = self.store.find(ANN)
                spoil(spoilt)
                self.store.change(spoilt)
            self.assertEqual(self.card(ANN), (REJECT, reason))
            self.assertTrue(self.station.stopped)
            if spoil is not None:
                self.store.change(good)
                self.assertEqual(self.card(ANN), (ACCEPT, "again"))
                self.card(ANN)
            self.unplug()
            self.plug()

    def test_an_unknown_card_is_refused_and_nothing_is_authorised(self):
        self.plug()
        self.assertEqual(self.card(STRANGER), (REJECT, "unknown_card"))
        self.assertFalse(self.station.is_authorized())
        self.assertEqual(self.station.last_refusal[0], "card_unknown")
        self.assertEqual(self.notes, ["card_refused"])

    def test_an_admin_card_ends_any_charge_and_begins_none(self):
        self.plug()
        self.assertEqual(self.card(BOSS), (REJECT, "admin_card"))
        self.card(ANN)
        self.assertEqual(self.card(BOSS), (ACCEPT, "ended_by_admin"))
        self.assertTrue(self.station.stopped)
        blocked = self.store.find(BOSS)
        blocked.blocked = True
        self.store.change(blocked)
        self.card(ANN)
        self.assertEqual(self.card(BOSS), (REJECT, "not_the_current_user"))

    def test_an_authorisation_without_a_vehicle_lapses_after_a_minute(self):
        self.card(ANN)
        self.let(59000)
        self.assertTrue(self.station.is_authorized())
        self.assertEqual(self.card(BEN, 500), (REJECT, "not_the_current_user"))
        self.let(1000)
        self.assertFalse(self.station.is_authorized())
        self.assertEqual(self.station.last_refusal[0], "authorization_lapsed")
        self.plug()
        self.assertFalse(self.station.is_authorized())

    def test_an_authorisation_followed_by_a_vehicle_stays(self):
        self.card(ANN)
        self.let(50000)
        self.plug()
        self.let(120000)
        self.assertTrue(self.station.is_authorized())
        self.assertEqual(self.station.session.id, hex_from_uid(ANN))

    def test_the_same_card_withdraws_an_authorisation_that_no_vehicle_followed(self):
        self.card(ANN)
        self.assertEqual(self.card(ANN), (ACCEPT, "ended"))
        self.assertFalse(self.station.is_authorized())
        self.plug()
        self.assertFalse(self.station.stopped)
        self.assertEqual(self.card(BEN), (ACCEPT, "local"))

    def test_another_id_cannot_take_over_a_session(self):
        self.plug()
        self.card(ANN)
        answer = self.station.command("authorize", {"id": "BB"}, "web")
        self.assertEqual((answer, self.station.session.id), ({"result": "refused", "reason": "occupied"}, hex_from_uid(ANN)))
        self.assertEqual(self.card(ANN), (ACCEPT, "ended"))

    def test_out_of_service_nobody_is_let_in(self):
        self.station.operative = False
        self.plug()
        self.assertEqual(self.card(ANN)[0], REJECT)
        self.assertEqual(self.station.last_refusal[0], "inoperative")
        self.assertFalse(self.station.is_authorized())

    def test_a_vip_s_charge_shows_its_flag_and_no_other_does(self):
        self.store.change(Card(BEN, "", VIP))
        self.plug()
        for uid, flag in ((BEN, True), (ANN, False)):
            self.card(uid)
            self.assertEqual(self.station.flags.has("vip"), flag)
            self.unplug()
            self.assertFalse(self.station.flags.has("vip"))
            self.plug()

    def test_a_reservation_lets_only_its_card_in(self):
        self.station.reserved_for = hex_from_uid(BEN)
        self.plug()
        self.assertEqual(self.card(ANN), (REJECT, "not_the_booker"))
        self.assertEqual(self.card(BEN), (ACCEPT, "local"))

    def test_a_list_that_cannot_be_read_lets_nobody_in(self):
        def broken(uid):
            raise OSError(5)
        self.store.find = broken
        self.plug()
        self.assertEqual(self.card(ANN), (REJECT, "list_unreadable"))
        self.assertFalse(self.station.is_authorized())


class WornOutTest(GateTest):
    def test_admin_card_that_is_expired_or_another_station_s_ends_nobody_s_charge(self):
        self.assertEqual(self.card(ANN), (ACCEPT, "local"))
        for what in ({"expires_utc": self.utc_s}, {"stations": "elsewhere"}):
            self.store.change(Card(BOSS, "", ADMIN, **what))
            self.assertEqual(self.card(BOSS), (REJECT, "not_the_current_user"), what)
        self.store.change(Card(BOSS, "", ADMIN))
        self.assertEqual(self.card(BOSS), (ACCEPT, "ended_by_admin"))


class TeachingTest(GateTest):
    def known(self, uid):
        return self.store.find(uid) is not None

    def test_master_new_master_teaches_the_new_card(self):
        self.card(MASTER)
        self.assertEqual(self.card(STRANGER), (ACCEPT, "teaching"))
        self.assertFalse(self.known(STRANGER))
        self.assertEqual(self.card(MASTER), (ACCEPT, "teaching"))
        self.assertTrue(self.known(STRANGER))
        self.assertEqual(self.shown[-1], "accepted")

    def test_five_seconds_are_all_there_is(self):
        self.card(MASTER)
        self.let(5200)
        self.assertEqual(self.card(STRANGER)[0], REJECT)
        self.card(MASTER)                        # withdraws what the first one authorised
        self.card(MASTER)
        self.card(STRANGER)
        self.let(5200)
        self.card(MASTER)
        self.assertFalse(self.known(STRANGER))

    def test_a_new_master_waits_until_the_one_before_is_found(self):
        for number in range(100):
            self.store.add(Card(bytes((3, 0, 0, number))))
        self.store = self.gate.teacher._store = CardStore(self.scratch.folder)
        for name in self.scratch.names():
            if name.startswith("cards.master"):
                self.scratch.flip(name, 6)
        self.gate.teacher.start("master", self.now_ms)
        self.card(STRANGER, 100)
        self.assertEqual((self.shown[-1], self.known(STRANGER), self.teaching), ("refused", False, True))
        self.card(STRANGER, 5000)
        self.assertEqual((self.shown[-1], self.known(STRANGER), self.teaching), ("accepted", True, False))
        self.assertEqual([card.uid for card in self.store.cards() if card.master], [STRANGER])

    def test_another_card_than_the_master_confirms_nothing(self):
        self.card(MASTER)
        self.card(STRANGER)
        self.card(ANN)
        self.assertFalse(self.known(STRANGER))
        self.assertEqual(self.shown[-1], "refused")

    def test_master_that_is_expired_blocked_or_another_station_s_teaches_nobody(self):
        for what in ({"expires_utc": self.utc_s}, {"blocked": True}, {"stations": "elsewhere"}):
            self.store.change(Card(MASTER, "", ADMIN, True, **what))
            self.assertEqual(self.card(MASTER)[0], REJECT, what)
            self.assertEqual(self.card(STRANGER)[0], REJECT, what)
            self.assertEqual(self.card(MASTER)[0], REJECT, what)
            self.assertFalse(self.known(STRANGER), what)

    def test_with_a_vehicle_plugged_nothing_is_taught(self):
        self.may_teach = False
        self.card(MASTER)
        self.assertEqual(self.card(STRANGER)[0], REJECT)
        self.assertFalse(self.gate.teacher.start("add", self.now_ms))
        self.assertFalse(self.teaching)

    def test_a_list_that_is_being_tidied_refuses_a_card_but_does_not_end_the_mode(self):
        self.gate.teacher.start("add", self.now_ms)
        self.store.busy = True
        self.card(STRANGER)
        self.assertEqual((self.shown[-1], self.known(STRANGER), self.teaching), ("refused", False, True))
        self.store.busy = False
        self.card(STRANGER)
        self.assertEqual((self.shown[-1], self.known(STRANGER), self.teaching), ("accepted", True, True))
        self.assertEqual(self.gate.teacher.left_s(), 30)
        self.let(29000)
        self.assertEqual(self.gate.teacher.left_s(), 1)
        self.let(1200)
        self.assertEqual((self.gate.teacher.left_s(), self.teaching), (0, False))

    def test_the_page_s_modes_add_and_remove_card_after_card(self):
        self.assertTrue(self.gate.teacher.start("add", self.now_ms))
        self.assertTrue(self.teaching)
        for uid in (STRANGER, b"\x05\x06\x07\x08"):
            self.assertEqual(self.card(uid, 25000), (ACCEPT, "teaching"))
            self.assertTrue(self.known(uid))
        self.card(ANN)
        self.assertEqual(self.shown[-1], "refused")       # it is known already
        self.gate.teacher.start("remove", self.now_ms)
        self.card(ANN)
        self.assertFalse(self.known(ANN))
        self.let(30100)
        self.assertFalse(self.teaching)
        self.assertEqual(self.card(BEN), (ACCEPT, "local"))

    def test_a_vehicle_ends_teaching(self):
        self.gate.teacher.start("add", self.now_ms)
        self.may_teach = False
        self.let(100)
        self.assertFalse(self.teaching)
        self.assertEqual(self.card(STRANGER)[0], REJECT)

    def test_after_the_list_was_cleared_the_next_card_is_the_master(self):
        self.store.clear()
        self.gate.teacher.start("master", self.now_ms)
        self.card(STRANGER, 59000)
        self.assertTrue(self.store.find(STRANGER).master)
        self.assertFalse(self.teaching)
        self.assertEqual(self.card(ANN)[0], REJECT)

    def test_a_full_flash_teaches_nothing_and_says_so(self):
        def full(card):
            raise OSError(28)
        self.store.add = full
        self.gate.teacher.start("add", self.now_ms)
        self.card(STRANGER)
        self.assertEqual((self.shown[-1], self.notes[-1]), ("refused", "flash"))
