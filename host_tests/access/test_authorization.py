"""Who may charge: every mode, on and off line, with every kind of card."""
import unittest

from firmware.access.authorization import ACCEPT, ASK, MODES, OFFLINE, ORDERS, REJECT, Rules, Situation, decide
from firmware.access.card import ADMIN, VIP, Card

UID = "04A1B2C3"
NOW_S = 1800000000


def card(**known):
    return Card(bytes.fromhex(UID), "Ann", **known)


CARDS = {
    "none": None, "good": card(), "vip": card(kind=VIP), "blocked": card(blocked=True), "admin": card(kind=ADMIN),
    "master": card(kind=ADMIN, master=True), "expired": card(expires_utc=NOW_S), "lasting": card(expires_utc=NOW_S + 1),
    "elsewhere": card(stations="other another"), "here": card(stations="other box1"),
}
GOOD = ("good", "vip", "master", "lasting", "here")
REASONS = {"none": "unknown_card", "blocked": "blocked", "admin": "admin_card", "expired": "expired", "elsewhere": "other_station"}


def verdict(rules, name, online=True, cached=None, reserved_for="", utc_s=NOW_S):
    return decide(rules, UID, Situation(CARDS[name], cached, online, reserved_for, utc_s))


class AuthorizationTest(unittest.TestCase):
    def rules(self, mode, order="first_local", offline="local_authorization"):
        return Rules(mode, order, offline, "box1")

    def test_access_off_lets_everybody_charge(self):
        for name in CARDS:
            self.assertEqual(verdict(self.rules("off"), name), (ACCEPT, "free"))

    def test_the_local_list_decides_alone(self):
        for rules in (self.rules("local"), self.rules("remote", "only_local"), self.rules("remote", "only_local", "free_charging")):
            for online in (False, True):
                for name in CARDS:
                    wanted = (ACCEPT, "local") if name in GOOD else (REJECT, REASONS[name])
                    self.assertEqual(verdict(rules, name, online, cached=True), wanted)

    def test_all_cards_are_accepted_but_those_the_list_refuses(self):
        for name in CARDS:
            wanted = (ACCEPT, "all") if name == "none" or name in GOOD else (REJECT, REASONS[name])
            self.assertEqual(verdict(self.rules("all"), name), wanted)

    def test_a_card_with_an_expiry_date_is_refused_while_the_clock_is_unknown(self):
        for mode in ("local", "all"):
            self.assertEqual(verdict(self.rules(mode), "lasting", utc_s=0), (REJECT, "clock_unknown"))
            self.assertEqual(verdict(self.rules(mode), "good", utc_s=0)[0], ACCEPT)

    def test_first_local_asks_the_central_system_only_about_others(self):
        for name in CARDS:
            wanted = (ACCEPT, "local") if name in GOOD else (ASK, "central")
            self.assertEqual(verdict(self.rules("remote"), name), wanted)

    def test_first_online_ignores_the_local_list(self):
        for name in CARDS:
            self.assertEqual(verdict(self.rules("remote", "first_online"), name), (ASK, "central"))
            for offline in OFFLINE:
                for cached in (None, False, True):
                    rules = self.rules("remote", "first_online", offline)
                    self.assertEqual(verdict(rules, name, False, cached), verdict(rules, "none", False, cached))

    def test_offline_each_policy(self):
        for cached in (None, False, True):
            for name in CARDS:
                known = (ACCEPT, "cached") if cached else (ACCEPT, "local")
                listed = (REJECT, REASONS[name]) if name in REASONS and name != "none" else (
                    (REJECT, "blocked") if cached is False else known)
                if name == "none":
                    strict = (REJECT, "blocked") if cached is False else known if cached else (REJECT, "offline")
                    lenient = (REJECT, "blocked") if cached is False else known if cached else (ACCEPT, "verify_later")
                else:
                    strict = lenient = listed
                for policy, wanted in (("local_authorization", strict), ("local_unknown_authorization", lenient),
                                       ("no_authorization", (ACCEPT, "verify_later")), ("no_charging", (REJECT, "offline")),
                                       ("free_charging", (ACCEPT, "free"))):
                    self.assertEqual(verdict(self.rules("remote", offline=policy), name, False, cached), wanted)

    def test_an_external_system_that_is_silent_lets_nobody_charge(self):
        for name in CARDS:
            self.assertEqual(verdict(self.rules("external"), name), (ASK, "external"))
            self.assertEqual(verdict(self.rules("external"), name, online=False), (REJECT, "offline"))

    def test_a_reserved_charger_takes_only_the_card_that_reserved_it_whatever_the_mode(self):
        for mode in MODES:
            for order in ORDERS:
                for policy in OFFLINE:
                    for online in (False, True):
                        rules = self.rules(mode, order, policy)
                        for name in CARDS:
                            self.assertEqual(verdict(rules, name, online, reserved_for="99"), (REJECT, "not_the_booker"))
                            self.assertEqual(verdict(rules, name, online, reserved_for=UID), verdict(rules, name, online))
