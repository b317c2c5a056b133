# cpython only: half a minute would really pass
"""Wi-Fi and cable on the twin's strict radio: what the manager sees of each way in which joining can go."""
import sys
import unittest

from firmware.services.network.manager import Seen
from host_tests.twin.rig import Rig

FIXED = ("192.168.1.20", "255.255.255.0", "192.168.1.1", "192.168.1.1")


def fresh(name):
    """A driver that is bound to this rig's radio, not to that of the test before."""
    import firmware.drivers
    sys.modules.pop("firmware.drivers." + name, None)
    if hasattr(firmware.drivers, name):
        delattr(firmware.drivers, name)
    __import__("firmware.drivers." + name)
    return sys.modules["firmware.drivers." + name]


class RadioTest(unittest.TestCase):
    def setUp(self):
        self.rig = Rig()
        self.addCleanup(self.rig.close)
        self.module = radio = fresh("radio")
        self.hal = self.rig.hal
        self.hal.networks = {"home": ("home-key-1", -58, ""), "quiet": ("home-key-1", -60, "hidden"),
                             "mute": ("home-key-1", -60, "silent"), "far": ("home-key-1", -95, ""), "open": (None, -70, "")}
        self.radio = radio.Radio()
        self.radio.begin("mode3-x", "DE")
        self.seen = Seen()

    def look(self, ms=0):
        self.rig.pass_ms(ms)
        self.radio.look(self.seen)
        return self.seen.station

    def test_the_host_name_is_set_before_the_radio_starts(self):
        self.assertEqual((self.rig.network.hostname(), self.rig.network.country()), ("mode3-x", "DE"))

    def test_a_good_key_leads_in_and_leaving_leads_out(self):
        self.assertEqual(self.look(), "idle")
        self.radio.join("home", "home-key-1", None)
        self.assertEqual(self.look(), "joining")
        self.assertEqual((self.look(1200), self.seen.ip, self.seen.rssi_dbm), ("up", "127.0.0.1", -58))
        self.radio.leave()
        self.assertEqual((self.look(), self.seen.ip), ("idle", None))
        self.radio.leave()                                   # twice does no harm

    def test_each_failure_has_its_name_though_the_radio_tries_again_by_itself(self):
        for name, key, wanted in (("home", "wrong-key-1", "wrong_key"), ("gone", "x" * 8, "not_found"),
                                  ("far", "home-key-1", "not_found"), ("mute", "home-key-1", "no_address")):
            self.radio.join(name, key, None)
            self.look(1200)
            self.assertEqual(self.look(2500), wanted, name)

    def test_hidden_and_open_networks_are_joined_too(self):
        for name, key in (("quiet", "home-key-1"), ("open", "")):
            self.radio.join(name, key, None)
            self.assertEqual(self.look(1200), "up", name)

    def test_a_fixed_address_holds_until_dhcp_is_wanted_again(self):
        self.radio.join("mute", "home-key-1", FIXED)
        self.assertEqual((self.look(1200), self.seen.ip), ("up", "192.168.1.20"))
        self.radio.join("home", "home-key-1", None)
        self.assertEqual((self.look(1200), self.seen.ip), ("up", "127.0.0.1"))
        self.radio.join("home", "home-key-1", None)          # DHCP runs already: it must not be started again
        self.assertEqual(self.look(1200), "up")

    def test_a_network_that_goes_is_seen(self):
        self.radio.join("home", "home-key-1", None)
        self.look(1200)
        self.hal.networks = {}
        self.assertNotEqual(self.look(100), "up")
        self.assertIn(self.look(5000), ("not_found", "failed"))

    def test_a_scan_shows_the_strongest_first_and_hidden_ones_without_a_name(self):
        found = self.module.scan(self.radio.station())
        self.assertEqual([row[0] for row in found], ["home", "", "mute", "open", "far"] if found[1][0] == "" else
                         ["home", "mute", "", "open", "far"])
        self.assertEqual([row[3:] for row in found if row[0] == "open"], [("open", False)])
        self.assertEqual([row[4] for row in found if row[0] == ""], [True])

    def test_the_hotspot_is_never_on_the_air_without_its_key(self):
        self.radio.open_hotspot("M3-1", "twelve-chars", 6)
        self.assertEqual(self.hal.hotspot, ["M3-1", "twelve-chars"])
        self.hal.hotspot_clients = 2
        self.look()
        self.assertEqual(self.seen.clients, 2)
        self.radio.close_hotspot()
        self.look()
        self.assertEqual((self.hal.hotspot, self.seen.clients), (None, 0))
        with self.assertRaises(OSError):
            self.radio.open_hotspot("M3-1", "short", 6)
        self.assertEqual(self.hal.hotspot, None)


class EthernetTest(unittest.TestCase):
    def test_the_cable_is_seen_and_its_address_chosen(self):
        rig = Rig()
        self.addCleanup(rig.close)
        ethernet = fresh("ethernet")
        pins = {"ethernet_mdc": 23, "ethernet_mdio": 18, "ethernet_power": None}
        self.assertEqual(ethernet.from_board({"pins": pins}), None)
        wire = ethernet.from_board({"ethernet": {"kind": "lan8720", "phy_address": 1}, "pins": pins})
        seen = Seen()
        wire.look(seen)
        self.assertEqual(seen.wire, None)                    # not begun yet
        wire.begin()
        for state, address, wanted in (("down", None, ("down", None)), ("silent", None, ("no_address", None)),
                                       ("silent", FIXED, ("up", "192.168.1.20")), ("up", None, ("up", "127.0.0.1")),
                                       ("up", None, ("up", "127.0.0.1")), ("down", None, ("down", None))):
            rig.hal.wire = state
            wire.use(address)
            wire.look(seen)
            self.assertEqual((seen.wire, seen.wire_ip), wanted, state)


if __name__ == "__main__":
    unittest.main()
