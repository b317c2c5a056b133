"""What holds for every mode, policy, card, cache, reservation and time there is: all of them are tried."""
import unittest

from firmware.access.authorization import ACCEPT, ASK, MODES, OFFLINE, ORDERS, REJECT, Rules, Situation, decide
from firmware.access.card import ADMIN, VIP, Card
from firmware.access.gate import _REFUSALS
from firmware.charging.facts import REFUSALS

UID, OTHER = "04A1B2C3", "04B1B2C3"
END_S = 1800000000
TIMES = (0, END_S - 1, END_S, END_S + 1000)


def card(**known):
    return Card(bytes.fromhex(UID), "Ann", **known)


CARDS = (
    None, card(), card(kind=VIP), card(blocked=True), card(kind=ADMIN), card(kind=ADMIN, master=True), card(expires_utc=END_S),
    card(kind=ADMIN, master=True, expires_utc=END_S), card(stations="other"), card(stations="box1 other"),
    card(blocked=True, expires_utc=END_S), card(kind=ADMIN, blocked=True),
)
# from the strictest to the most generous: whoever a stricter one lets in, the next lets in too
STRICTNESS = ("no_charging", "local_authorization", "local_unknown_authorization", "no_authorization", "free_charging")


def worthless(one, utc_s):
    """A card of the list that may not charge at this time, at box1."""
    return one is not None and (one.blocked or one.kind == ADMIN and not one.master or one.stations == "other"
                                or one.expires_utc != 0 and not 0 < utc_s < one.expires_utc)


def rules_of(mode):
    """Every way to set a mode, as far as it matters there."""
    for order in ORDERS if mode == "remote" else ORDERS[:1]:
        for offline in OFFLINE if mode in ("remote", "off") else OFFLINE[:1]:
            for central in (False, True) if mode == "off" else (True,):
                yield Rules(mode, order, offline, "box1", central)


def situations(reservations=("", UID, OTHER)):
    """Every situation."""
    for one in CARDS:
        for cached in (None, False, True):
            for online in (False, True):
                for reserved in reservations:
                    for utc_s in TIMES:
                        yield Situation(one, cached, online, reserved, utc_s)


def everything():
    for mode in MODES:
        for rules in rules_of(mode):
            for now in situations():
                yield rules, now


class EveryDecisionTest(unittest.TestCase):
    def test_each_has_a_verdict_and_a_reason_that_people_can_be_told(self):
        reasons = set()
        for rules, now in everything():
            verdict, reason = decide(rules, UID, now)
            self.assertTrue(verdict in (ACCEPT, REJECT, ASK))
            if verdict == REJECT:
                reasons.add(_REFUSALS.get(reason, "card_" + reason))
        self.assertEqual(sorted(reasons - set(REFUSALS)), [])
        for code in ("card_unknown", "card_admin", "card_blocked", "card_expired", "card_clock_unknown", "card_other_station",
                     "card_offline", "card_not_the_booker"):
            self.assertTrue(code in reasons, code)

    def test_nobody_but_who_reserved_gets_in_or_is_asked_about(self):
        for rules, now in everything():
            if now.reserved_for == OTHER:
                self.assertEqual(decide(rules, UID, now), (REJECT, "not_the_booker"))

    def test_a_reservation_gives_its_card_no_more_rights_than_it_has(self):
        for mode in MODES:
            for rules in rules_of(mode):
                for now in situations((UID,)):
                    free = Situation(now.card, now.cached, now.online, "", now.utc_s)
                    self.assertEqual(decide(rules, UID, now), decide(rules, UID, free))

    def test_somebody_is_asked_only_where_there_is_somebody(self):
        for rules, now in everything():
            if decide(rules, UID, now)[0] == ASK:
                self.assertTrue(now.online)
                self.assertTrue(rules.mode in ("remote", "external") or rules.mode == "off" and rules.central)
                self.assertFalse(rules.mode == "remote" and rules.order == "only_local")

    def test_a_card_that_the_list_refuses_gets_in_only_where_the_list_is_not_asked(self):
        for rules, now in everything():
            verdict, reason = decide(rules, UID, now)
            if verdict == ACCEPT and worthless(now.card, now.utc_s):
                ignored = rules.mode == "off" or rules.mode == "remote" and rules.order == "first_online"
                self.assertTrue(ignored or not now.online and rules.offline in ("no_authorization", "free_charging"), reason)

    def test_what_was_once_refused_by_the_central_system_gets_in_offline_only_where_it_is_not_looked_at(self):
        for rules, now in everything():
            if rules.mode == "remote" and rules.order != "only_local" and not now.online and now.cached is False:
                let_in = decide(rules, UID, now)[0] == ACCEPT
                self.assertFalse(let_in and rules.offline not in ("no_authorization", "free_charging"))

    def test_nobody_gets_in_because_the_clock_was_lost(self):
        for rules, now in everything():
            if now.utc_s == 0 and decide(rules, UID, now)[0] == ACCEPT:
                for utc_s in TIMES[1:]:
                    later = Situation(now.card, now.cached, now.online, now.reserved_for, utc_s)
                    self.assertEqual(decide(rules, UID, later)[0], ACCEPT)

    def test_time_only_takes_rights_away(self):
        for rules, now in everything():
            if now.utc_s and decide(rules, UID, now)[0] != ACCEPT:
                for utc_s in TIMES:
                    if utc_s > now.utc_s:
                        later = Situation(now.card, now.cached, now.online, now.reserved_for, utc_s)
                        self.assertFalse(decide(rules, UID, later)[0] == ACCEPT)

    def test_a_stricter_offline_policy_lets_nobody_in_whom_a_more_generous_one_refuses(self):
        self.assertEqual(sorted(STRICTNESS), sorted(OFFLINE))
        for mode in ("remote", "off"):
            for order in ORDERS:
                for now in situations(("",)):
                    let_in = [decide(Rules(mode, order, offline, "box1", True), UID, now)[0] == ACCEPT for offline in STRICTNESS]
                    for stricter, next_one in zip(let_in, let_in[1:]):
                        self.assertFalse(stricter and not next_one)

    def test_the_list_alone_decides_without_line_or_cache_and_online_first_decides_without_the_list(self):
        for one in CARDS:
            for utc_s in TIMES:
                for rules in (Rules("local", station="box1"), Rules("remote", "only_local", "free_charging", "box1", True)):
                    found = set([decide(rules, UID, Situation(one, cached, online, "", utc_s))
                                 for cached in (None, False, True) for online in (False, True)])
                    self.assertEqual(len(found), 1)
        for offline in OFFLINE:
            rules = Rules("remote", "first_online", offline, "box1", True)
            for cached in (None, False, True):
                for online in (False, True):
                    found = set([decide(rules, UID, Situation(one, cached, online, "", utc_s))
                                 for one in CARDS for utc_s in TIMES])
                    self.assertEqual(len(found), 1)

    def test_what_is_accepted_unverified_is_said_to_be_so(self):
        for rules, now in everything():
            verdict, reason = decide(rules, UID, now)
            if verdict == ACCEPT and rules.mode == "remote" and not now.cached and now.card is None:
                self.assertTrue(reason in ("verify_later", "free"))


if __name__ == "__main__":
    unittest.main()
