"""How the charger stays reachable: cable, known networks in order, hotspot where none takes it in, and back again."""
import unittest

from firmware.services.network.manager import WIRED
from host_tests.services.network.around import MASK, Around

HOME, CAFE = ("home", "home-key-1"), ("cafe", "cafe-key-1")
POINTS = {"home": ("home-key-1", False, True), "cafe": ("cafe-key-1", False, True), "other": ("their-own", False, True)}
FIXED = ("192.168.1.20", "255.255.255.0", "192.168.1.1", "192.168.1.1")


def around(names=("home", "cafe"), **options):
    return Around({name: POINTS[name] for name in names}, **options)


class FirstStart(unittest.TestCase):
    def test_hotspot_opens_at_once_where_no_network_is_known(self):
        a = around()
        a.step()
        self.assertEqual((a.manager.hotspot, a.manager.mode(), a.manager.light()), (True, "hotspot", "reachable"))
        a.run(3600)
        self.assertEqual([order for _, order in a.orders], [("hotspot", True)])

    def test_hotspot_closes_a_while_after_the_first_network_was_joined(self):
        a = around()
        a.run(5)
        a.know(HOME)
        self.assertLess(a.until(a.manager.connected, 10), 5)
        self.assertTrue(a.manager.hotspot)              # whoever typed the key shall see that it worked
        self.assertIn(a.until(lambda: not a.manager.hotspot, 300), range(25, 70))

    def test_hotspot_stays_while_somebody_uses_it_and_a_minute_longer(self):
        a = around()
        a.run(5)
        a.clients = 1
        a.know(HOME)
        a.run(600)
        self.assertEqual((a.manager.connected(), a.manager.hotspot), (True, True))
        a.clients = 0
        self.assertIn(a.until(lambda: not a.manager.hotspot, 300), range(55, 66))

    def test_a_wrong_key_is_told_and_leaves_the_hotspot_open(self):
        a = around()
        a.run(5)
        a.know(("home", "wrong-key"))
        self.assertIsNotNone(a.until(lambda: a.manager.reason == "wrong_key", 20))
        self.assertEqual((a.manager.hotspot, a.manager.mode()), (True, "lost"))
        a.run(1800)
        self.assertEqual([note for note in a.notes if note[0] == "wrong_key"], [("wrong_key", "home")])     # once, not each time
        a.know(HOME)
        self.assertLess(a.until(a.manager.connected, 20), 5)
        self.assertEqual(a.manager.reason, None)


class Known(unittest.TestCase):
    def test_no_hotspot_at_a_start_with_the_network_in_reach(self):
        a = around()
        a.know(HOME)
        self.assertEqual(a.manager.light(), "connecting")
        a.run(600)
        self.assertEqual((a.manager.mode(), a.manager.light(), a.count("hotspot"), a.count("join")), ("wifi", "connected", 0, 1))

    def test_the_owners_order_counts_and_a_working_network_is_not_left_for_a_better_one(self):
        a = around(("cafe",))
        a.know(HOME, CAFE)
        a.until(a.manager.connected, 20)
        self.assertEqual(a.manager.ssid, "cafe")
        a.points = dict(POINTS)
        a.run(3600)
        self.assertEqual((a.manager.ssid, a.count("join")), ("cafe", 1))
        both = around()
        both.know(HOME, CAFE)
        both.until(both.manager.connected, 20)
        self.assertEqual(both.manager.ssid, "home")

    def test_the_next_network_is_tried_where_the_first_has_another_key_now(self):
        a = around()
        a.know(("home", "old-key-1"), CAFE)
        self.assertIsNotNone(a.until(a.manager.connected, 30))
        self.assertEqual((a.manager.ssid, a.manager.hotspot), ("cafe", False))

    def test_a_hidden_network_is_tried_though_no_scan_shows_it(self):
        a = Around({"quiet": ("quiet-key-1", True, True)})
        a.know(("quiet", "quiet-key-1", True))
        self.assertIsNotNone(a.until(a.manager.connected, 20))

    def test_an_unknown_network_is_never_joined(self):
        a = around(("other",))
        a.know(HOME)
        a.run(600)
        self.assertEqual(a.count("join"), 0)
        self.assertTrue(a.manager.hotspot)

    def test_a_lost_network_opens_the_hotspot_and_its_return_closes_it(self):
        a = around()
        a.know(HOME)
        a.run(60)
        a.points = {}
        self.assertIn(a.until(lambda: a.manager.hotspot, 120), range(8, 30))
        self.assertEqual((a.manager.mode(), a.manager.light()), ("lost", "lost"))
        a.run(7200)
        a.points = dict(POINTS)
        self.assertLessEqual(a.until(a.manager.connected, 200), 70)
        self.assertIsNotNone(a.until(lambda: not a.manager.hotspot, 200))

    def test_a_short_drop_is_left_to_the_radio(self):
        a = around()
        a.know(HOME)
        a.run(60)
        a.linked = False
        a.joined = a.joined[:3] + (a.passed_ms,)
        a.run(60)
        self.assertEqual((a.manager.mode(), a.count("join"), a.count("hotspot")), ("wifi", 1, 0))

    def test_missing_is_said_after_a_minute_and_not_where_nothing_is_known(self):
        a = around(())
        a.run(300)
        self.assertFalse(a.manager.missing(a.now_ms))
        a.know(HOME)
        a.run(55)
        self.assertFalse(a.manager.missing(a.now_ms))
        a.run(10)
        self.assertTrue(a.manager.missing(a.now_ms))
        for _ in range(2):                         # 12 days: the ticks begin again meanwhile
            a.now_ms = (a.now_ms + (MASK >> 1) - 20000) & MASK
            a.run(1)
        self.assertTrue(a.manager.missing(a.now_ms))
        a.know()
        a.run(1)
        self.assertFalse(a.manager.missing(a.now_ms))

    def test_forgetting_the_joined_network_leaves_it(self):
        a = around()
        a.know(HOME)
        a.run(30)
        a.know()
        a.run(2)
        self.assertEqual((a.joined, a.manager.mode()), (None, "hotspot"))

    def test_another_network_that_becomes_known_does_not_end_a_good_connection(self):
        a = around()
        a.know(HOME)
        a.run(30)
        a.know(CAFE, HOME)
        a.run(60)
        self.assertEqual((a.manager.ssid, a.count("join")), ("home", 1))

    def test_a_new_key_for_the_joined_network_is_taken_at_once(self):
        a = around()
        a.know(HOME)
        a.run(30)
        a.points["home"] = ("new-key-12", False, True)
        a.know(("home", "new-key-12"))
        self.assertLess(a.until(lambda: a.joined is not None and a.joined[1] == "new-key-12" and a.manager.connected(), 20), 6)

    def test_the_hotspots_user_is_disturbed_every_five_minutes_at_most_unless_he_asks(self):
        a = around(())
        a.know(HOME)
        a.until(lambda: a.manager.hotspot, 60)
        a.clients = 1
        before = a.count("scan")
        a.run(3000)
        self.assertIn(a.count("scan") - before, range(8, 12))
        before = a.count("scan")
        a.manager.retry()
        a.run(2)
        self.assertEqual(a.count("scan") - before, 1)

    def test_a_scan_that_never_ends_does_not_keep_the_hotspot_closed(self):
        a = around()
        a.scans = False
        a.know(HOME)
        self.assertIn(a.until(lambda: a.manager.hotspot, 60), range(15, 25))

    def test_it_works_across_the_wrap_of_the_clock(self):
        a = around((), start_ms=MASK - 30000)
        a.know(HOME)
        a.run(50)
        self.assertTrue(a.manager.hotspot)
        a.points = dict(POINTS)
        self.assertLessEqual(a.until(a.manager.connected, 100), 70)
        self.assertIsNotNone(a.until(lambda: not a.manager.hotspot, 200))


class Hotspot(unittest.TestCase):
    def test_one_that_the_radio_refuses_is_ordered_again_until_it_is_open_and_told_once(self):
        a = around()
        a.refuses = True
        a.run(100)
        self.assertEqual((a.on_air, a.manager.hotspot, a.count("hotspot")), (False, True, 4))
        a.refuses = False
        self.assertIsNotNone(a.until(lambda: a.on_air, 35))
        a.run(600)
        self.assertEqual((a.count("hotspot"), a.notes), (5, [("hotspot_opened", "")]))

    def test_always_means_always(self):
        a = around()
        a.manager.hotspot_mode = "always"
        a.know(HOME)
        a.run(600)
        self.assertEqual((a.manager.mode(), a.manager.hotspot, a.count("hotspot")), ("wifi", True, 1))

    def test_off_stays_off_but_not_where_nothing_else_leads_in(self):
        a = around()
        a.manager.hotspot_mode = "off"
        a.know(HOME)
        a.run(60)
        a.points = {}
        a.run(600)
        self.assertFalse(a.manager.hotspot)
        a.know()
        a.run(2)
        self.assertTrue(a.manager.hotspot)


class Addresses(unittest.TestCase):
    def silent(self):
        return Around({"home": ("home-key-1", False, False)})

    def test_where_no_dhcp_answers_the_fall_back_address_is_taken_and_dhcp_asked_again_later(self):
        a = self.silent()
        a.know(HOME)
        self.assertIn(a.until(a.manager.connected, 60), range(12, 25))
        self.assertEqual((a.seen.ip, a.manager.fell_back), ("169.254.77.3", True))
        a.run(7200)
        self.assertIn(a.count("join"), range(6, 14))          # at 5, 10, 20, 40, 60 minutes, each time back to the fall-back
        self.assertEqual((a.manager.mode(), a.count("hotspot")), ("wifi", 0))
        a.points["home"] = ("home-key-1", False, True)
        self.assertIsNotNone(a.until(lambda: a.seen.ip == "10.0.0.9", 4000))
        self.assertEqual(a.manager.fell_back, False)

    def test_without_a_fall_back_address_it_is_told_and_the_hotspot_opens(self):
        a = self.silent()
        a.know(HOME, fallback=None)
        self.assertIsNotNone(a.until(lambda: a.manager.hotspot, 60))
        self.assertEqual(a.manager.reason, "no_address")

    def test_a_fixed_address_needs_no_dhcp(self):
        a = self.silent()
        a.know(HOME, address=FIXED)
        self.assertLess(a.until(a.manager.connected, 60), 5)
        self.assertEqual(a.seen.ip, "192.168.1.20")

    def test_a_change_of_address_joins_anew(self):
        a = around()
        a.know(HOME)
        a.run(30)
        a.know(HOME, address=FIXED)
        self.assertLess(a.until(lambda: a.seen.ip == "192.168.1.20", 20), 6)


class Wire(unittest.TestCase):
    def setUp(self):
        self.a = around(has_wire=True)

    def test_the_cable_is_preferred_and_wifi_takes_over_when_it_goes(self):
        a = self.a
        a.know(HOME)
        a.run(30)
        a.wire = "up"
        a.run(2)
        self.assertEqual((a.manager.state, a.joined, a.manager.light()), (WIRED, None, "connected"))
        a.wire = "down"
        self.assertIn(a.until(lambda: a.manager.mode() == "wifi", 60), range(3, 10))
        self.assertEqual(a.count("hotspot"), 0)

    def test_a_cable_that_was_touched_for_a_moment_changes_nothing(self):
        a = self.a
        a.know(HOME)
        a.wire = "up"
        a.run(10)
        a.wire = "down"
        a.run(2)
        a.wire = "up"
        a.run(60)
        self.assertEqual((a.manager.state, a.count("join")), (WIRED, 0))

    def test_with_the_cable_alone_the_hotspot_of_the_first_start_closes(self):
        a = self.a
        a.run(5)
        self.assertTrue(a.manager.hotspot)
        a.wire = "up"
        self.assertIsNotNone(a.until(lambda: not a.manager.hotspot, 120))
        a.run(3600)
        self.assertEqual(a.count("hotspot"), 2)

    def test_where_no_dhcp_answers_on_the_cable_the_fall_back_address_is_taken(self):
        a = self.a
        a.know()
        a.wire = "no_address"
        self.assertIn(a.until(lambda: a.manager.state == WIRED, 60), range(10, 20))
        self.assertEqual(a.wire_address, ("169.254.77.3",))


if __name__ == "__main__":
    unittest.main()
