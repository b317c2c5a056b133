"""The network over HTTP: state, scan, known networks; keys go in and never come out."""
import unittest

from firmware.services.network.manager import Manager
from firmware.services.web.network_api import NetworkApi
from firmware.services.web.roles import ADMIN, CONTROL, READ
from firmware.settings.store import Store
from host_tests.services.web.harness import Server, run

KEY = "a-very-secret-key"


class Service:
    """What the API asks of the real one."""

    def __init__(self):
        self.manager = Manager()
        self.networks = []
        self.scanned_ms = None
        self.scan_wanted = False
        self.known_names = ("home",)
        self.there = False

    def state(self):
        return {"mode": self.manager.mode(), "ip": None}

    def connected(self):
        return self.there


class NetworkApiTest(unittest.TestCase):
    def setUp(self):
        self.service = Service()
        self.settings = Store()
        self.role = ADMIN
        self.seen = b""
        self.api = NetworkApi(self.service, self.settings, lambda: True, lambda: 65000)

    def calls(self, *calls):
        """The answers to (method, path, body) each."""
        answers = []

        async def main():
            async with Server(settings=self.settings, rows=self.api.routes(), role_of=lambda request: self.role) as server:
                for method, path, body in calls:
                    answer = await server.call(method, "/api/v1/network" + path, body)
                    self.seen += answer.body
                    answers.append(answer)
                settings = await server.call("GET", "/api/v1/settings")
                self.seen += settings.body
                self.assertEqual(server.errors, [])
        run(main())
        return answers

    def names(self, answer):
        return [row["ssid"] for row in answer.json()["known"]]

    def test_networks_are_added_changed_put_in_order_and_forgotten_and_no_key_is_ever_shown(self):
        found = self.calls(
            ("PUT", "/known/home", {"key": KEY}), ("PUT", "/known/caf%C3%A9%20+1", {"key": KEY, "priority": 0}),
            ("PUT", "/known/open", {"hidden": True}), ("PUT", "/known/home", {"priority": 0}), ("GET", "/known", None),
            ("DELETE", "/known/open", None), ("DELETE", "/known/open", None))
        self.assertEqual(self.names(found[1]), ["caf\u00e9 +1", "home"])
        self.assertEqual(self.names(found[4]), ["home", "caf\u00e9 +1", "open"])
        self.assertEqual(found[4].json()["known"][0], {"ssid": "home", "hidden": False, "has_key": True, "joined": False})
        self.assertEqual(found[4].json()["known"][2], {"ssid": "open", "hidden": True, "has_key": False, "joined": False})
        self.assertEqual((found[5].status, found[6].status), (200, 404))
        self.assertFalse(KEY.encode() in self.seen)
        self.assertIn(KEY, self.settings.get("network.known"))

    def test_what_cannot_be_is_refused_with_its_field_and_nothing_changes(self):
        for path, body, field in (("/known/home", {"key": "short"}, "key"), ("/known/home", {"key": "x" * 64}, "key"),
                                  ("/known/home", {"key": 12345678}, "key"), ("/known/home", {"hidden": "yes"}, "hidden"),
                                  ("/known/home", {"priority": -1}, "priority"), ("/known/home", {"colour": 1}, "colour"),
                                  ("/known/" + "n" * 33, {}, "ssid"), ("/known/", {}, "ssid"), ("/known/a%00", {}, "ssid")):
            answer = self.calls(("PUT", path, body))[0]
            self.assertEqual((answer.status, answer.json()["error"]["field"]), (422, field), path)
        self.assertEqual(self.calls(("PUT", "/known/%zz", {}))[0].status, 400)
        self.assertEqual(self.settings.get("network.known"), "")

    def test_five_networks_are_kept_and_a_sixth_is_refused(self):
        answers = self.calls(*[("PUT", "/known/net%d" % number, {"key": "k" * 63}) for number in range(6)])
        self.assertEqual([answer.status for answer in answers], [200] * 5 + [422])

    def test_a_new_network_is_tried_at_once_where_none_is_there(self):
        self.service.manager._now = False
        self.calls(("PUT", "/known/home", {"key": KEY}))
        self.assertTrue(self.service.manager._now)

    def test_a_scan_is_wanted_and_told(self):
        self.assertEqual(self.calls(("GET", "/scan", None))[0].json(), {"scanning": False, "age_s": None, "networks": []})
        self.calls(("POST", "/scan", None))
        self.assertTrue(self.service.scan_wanted)
        self.service.scan_wanted = False
        self.service.scanned_ms = 5000
        self.service.networks = [("home", -50, 1, "wpa2", False), ("", -60, 6, "wpa2", True), ("home", -70, 11, "wpa2", False),
                                 ("other", -80, 6, "open", False)]
        found = self.calls(("GET", "/scan", None))[0].json()
        self.assertEqual((found["age_s"], [(row["ssid"], row["rssi_dbm"], row["known"]) for row in found["networks"]]),
                         (60, [("home", -50, True), (None, -60, False), ("other", -80, False)]))

    def test_who_only_reads_sees_the_state_and_nothing_else(self):
        self.role = READ
        found = self.calls(("GET", "", None), ("GET", "/known", None), ("POST", "/scan", None), ("PUT", "/known/x", {}))
        self.assertEqual([answer.status for answer in found], [200, 403, 403, 403])
        self.role = CONTROL
        self.assertEqual(self.calls(("GET", "/known", None))[0].status, 200)

    def test_the_settings_do_not_take_the_list_from_outside(self):
        async def main():
            async with Server(settings=self.settings, role_of=lambda request: ADMIN) as server:
                answer = await server.call("PUT", "/api/v1/settings", {"network.known": '[["home", "%s", false]]' % KEY})
                self.assertEqual(answer.status, 403)
        run(main())


if __name__ == "__main__":
    unittest.main()
