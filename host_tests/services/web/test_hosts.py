import unittest

from firmware.services.web.hosts import Hosts
from firmware.services.web.reply import HttpError, Reply
from host_tests.services.web.harness import Server, run


class _Request:
    def __init__(self, host, peer="192.168.1.50", http_version="1.1"):
        self.headers = {} if host is None else {"host": host}
        self.peer, self.http_version = peer, http_version


class HostsTest(unittest.TestCase):
    def setUp(self):
        self.ours = ("192.168.1.20",)
        self.hosts = Hosts(lambda: ("garage", "m3-0001"), lambda: self.ours)

    def status(self, *request):
        try:
            return 200 if self.hosts.check(_Request(*request)) is None else 302
        except HttpError as error:
            return error.status

    def test_our_names_and_addresses_are_taken_with_and_without_a_port(self):
        for host in ("192.168.1.20", "garage", "GARAGE", "garage.local", "M3-0001.local"):
            for port in ("", ":80", ":8080"):
                self.assertEqual(self.status(host + port), 200)

    def test_foreign_names_and_addresses_are_refused(self):
        for host in ("evil.example", "garage.evil.example", "evil.local", ".local", "", ":80", "192.168.1.21",
                     "192.168.1.20.evil.example", "192.168.1", "1.2.3.4.5", "3232235796", "[fe80::1]", "a" * 300):
            self.assertEqual(self.status(host), 421, host)

    def test_this_machine_s_own_names_count_only_from_this_machine(self):
        for host in ("localhost", "127.0.0.1:8080", "[::1]:80", "[::1]"):
            self.assertEqual(self.status(host), 421)
            self.assertEqual(self.status(host, "127.0.0.1"), 200)
        self.assertEqual(self.status("127.evil.example", "127.0.0.1"), 421)

    def test_while_our_addresses_are_unknown_any_literal_is_taken_and_no_name(self):
        self.ours = ()
        self.assertEqual(self.status("10.1.2.3"), 200)
        for host in ("999.1.2.3", "1.2.3.a", "1.2.3.", "evil.example"):
            self.assertEqual(self.status(host), 421)

    def test_no_host_is_taken_only_from_http_1_0(self):
        self.assertEqual(self.status(None), 400)
        self.assertEqual(self.status(None, "192.168.1.50", "1.0"), 200)

    def test_the_hotspot_s_portal_leads_strangers_to_the_page(self):
        self.hosts.captive = lambda request: Reply(status=302, headers=(("Location", "http://192.168.4.1/"),))
        self.assertEqual(self.status("connectivitycheck.gstatic.com"), 302)
        self.assertEqual(self.status("garage"), 200)

    def test_the_server_asks_before_anything_is_looked_at(self):
        async def main():
            async with Server() as server:
                server.web.hosts = self.hosts
                for method, path in ((b"GET", b"/api/v1/status"), (b"POST", b"/api/v1/commands/stop"), (b"GET", b"/nothing")):
                    head = method + b" " + path + b" HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\n{}"
                    answer = await server.raw(head)
                    self.assertEqual((answer.status, answer.json()["error"]["code"]), (421, "foreign_host"))
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
                self.hosts.captive = lambda request: Reply(status=302, headers=(("Location", "http://192.168.4.1/"),))
                answer = await server.raw(b"GET /generate_204 HTTP/1.1\r\nHost: evil.example\r\n\r\n")
                self.assertEqual((answer.status, answer.headers["location"]), (302, "http://192.168.4.1/"))
                self.assertEqual((server.station.taken, server.errors), ([], []))
        run(main())


if __name__ == "__main__":
    unittest.main()
