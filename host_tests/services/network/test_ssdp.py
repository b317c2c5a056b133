"""Searches by SSDP, the description, and the proxy on the way out."""
import unittest

from firmware.services.network import ssdp
from firmware.services.way_out import WayOut, is_near, refuse_proxy

SEARCH = ("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: %s\r\n\r\n")


class Ssdp(unittest.TestCase):
    def test_a_search_for_everything_for_root_devices_and_for_us_is_answered(self):
        uuid = ssdp.uuid_of("M3-TWIN-0001")
        for target, shown in (("ssdp:all", "upnp:rootdevice"), ("upnp:rootdevice", "upnp:rootdevice"), ("uuid:" + uuid,) * 2):
            found = ssdp.target_of((SEARCH % target).encode())
            said = ssdp.answer(found, uuid, "http://192.168.1.5/description.xml", "1.2.3").decode()
            self.assertTrue(said.startswith("HTTP/1.1 200 OK\r\n") and said.endswith("\r\n\r\n"))
            self.assertIn("\r\nST: %s\r\n" % shown, said)
            self.assertIn("\r\nLOCATION: http://192.168.1.5/description.xml\r\n", said)
            self.assertIn("\r\nUSN: uuid:" + uuid, said)

    def test_other_searches_and_what_is_none_are_not(self):
        for data in ((SEARCH % "urn:dial-multiscreen-org:service:dial:1").encode(), b"NOTIFY * HTTP/1.1\r\n\r\n", b"\xff\xfe", b"",
                     (SEARCH % "ssdp:all").replace('"ssdp:discover"', "x").encode(), b"M-SEARCH * HTTP/1.1"):
            target = ssdp.target_of(data)
            self.assertTrue(target is None or ssdp.answer(target, "u", "p", "1") is None)

    def test_two_chargers_have_two_names_and_one_always_the_same(self):
        one, two = ssdp.uuid_of("M3-TWIN-0001"), ssdp.uuid_of("M3-TWIN-0002")
        self.assertNotEqual(one, two)
        for uuid in (one, two, ssdp.uuid_of(""), ssdp.uuid_of("x")):
            self.assertEqual([len(part) for part in uuid.split("-")], [8, 4, 4, 4, 12])
            self.assertEqual([char for char in uuid if char not in "0123456789abcdef-"], [])

    def test_no_search_is_answered_where_the_description_could_not_be_fetched(self):
        finder = ssdp.Finder(lambda: "192.168.1.7", lambda: ("M3", "M3"), "1", None)
        for on, http in ((True, True), (True, False), (False, True)):
            finder.apply({"network.ssdp": on, "web.http": http}.get)
            self.assertEqual(finder.on, on and http)


class Proxy(unittest.TestCase):
    def test_only_what_is_far_goes_through_it(self):
        way = WayOut(None)
        way.apply({"network.proxy": "proxy.example:3128", "network.proxy_user": "", "network.proxy_password": ""}.get)
        self.assertEqual((way.proxy_for("updates.example.org"), way.login), (("proxy.example", 3128), None))
        for host in ("192.168.1.5", "10.0.0.1", "172.31.255.1", "127.0.0.1", "169.254.1.1", "nas", "nas.local"):
            self.assertTrue(is_near(host), host)
            self.assertEqual(way.proxy_for(host), None)
        for host in ("172.32.0.1", "8.8.8.8", "192.169.0.1", "a.b.c.d", "example.org"):
            self.assertFalse(is_near(host), host)

    def test_its_login_is_basic(self):
        way = WayOut(None)
        way.apply({"network.proxy": "p:1", "network.proxy_user": "ann", "network.proxy_password": "s3cret"}.get)
        self.assertEqual(way.login, "Basic YW5uOnMzY3JldA==")

    def test_what_is_no_proxy_is_refused(self):
        for good in ("", "proxy:8080", "10.0.0.1:3128", "a-b.example:65535"):
            self.assertEqual(refuse_proxy(good), None, good)
        for bad in ("proxy", "proxy:", ":80", "proxy:0", "proxy:65536", "http://proxy:80", "pro xy:80", "proxy:8x", "a:1:2"):
            self.assertTrue(refuse_proxy(bad), bad)


if __name__ == "__main__":
    unittest.main()
