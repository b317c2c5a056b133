# cpython only: asks with dnspython, and from addresses that only Linux gives to the loopback
"""The hotspot's portal as a phone meets it: its name server, and the pages that phones and browsers look for."""
import asyncio
import socket
import sys
import threading
import time
import unittest

from firmware.services.network import portal as module
from firmware.services.network.portal import Portal
from firmware.services.udp import Datagrams
from firmware.services.web.hosts import Hosts
from firmware.services.web.reply import Reply
from host_tests.services.web.harness import Answer, Client, Server, run

try:
    import dns.message
    import dns.query
    import dns.rdatatype
except ImportError:
    dns = None

HERE, GUEST = "127.0.4.1", "127.0.4.2"        # the charger on its hotspot, and a phone there
# what is asked for right after joining: by Android and ChromeOS, iOS and macOS, Windows, Firefox, GNOME, Kindle
PROBES = (("connectivitycheck.gstatic.com", "/generate_204"), ("www.google.com", "/gen_204"),
          ("clients3.google.com", "/generate_204"),
          ("captive.apple.com", "/hotspot-detect.html"), ("www.apple.com", "/library/test/success.html"),
          ("www.msftconnecttest.com", "/connecttest.txt"), ("www.msftncsi.com", "/ncsi.txt"),
          ("www.msftconnecttest.com", "/redirect"),
          ("detectportal.firefox.com", "/success.txt?ipv4"), ("detectportal.firefox.com", "/canonical.html"),
          ("nmcheck.gnome.org", "/check_network_status.txt"), ("spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html"))


class FromGuest(Client):
    """Comes over the hotspot."""

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(GUEST, 0))
        return self


@unittest.skipIf(sys.platform != "linux", "only Linux gives all of 127.0.0.0/8 to the loopback")
class Pages(unittest.TestCase):
    def ask(self, host, path, guest=True, method="GET", is_open=True):
        async def main():
            async def page(request, rest):
                return Reply("the page")
            async with Server(rows=(("GET", "/", "public", page, 0),), role_of=lambda request: "public") as server:
                portal = Portal(lambda: is_open, HERE, server._told, 0, server.port)
                server.web.hosts = Hosts(lambda: ["mode3-m3-1"], lambda: (HERE, "192.168.1.7"))
                server.web.hosts.captive = portal.lead
                client = await (FromGuest() if guest else Client()).open(server.port)
                await client.send(("%s %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (method, path, host)).encode())
                self.answer = Answer(await client.rest())
                self.port = server.port
                await client.close()
        run(main())
        return self.answer

    def test_what_phones_and_browsers_look_for_leads_to_the_page(self):
        for host, path in PROBES:
            with self.subTest(host=host, path=path):
                answer = self.ask(host, path)
                self.assertEqual((answer.status, answer.headers["location"]), (302, "http://%s:%d/" % (HERE, self.port)))
                self.assertEqual(answer.headers["cache-control"], "no-store")      # at home the page is its maker's again

    def test_the_page_itself_is_given_there(self):
        self.assertEqual(self.ask(HERE, "/").body, b"the page")
        self.assertEqual(self.ask("mode3-m3-1.local", "/").body, b"the page")

    def test_who_does_not_come_over_the_hotspot_is_refused_under_a_foreign_name(self):
        self.assertEqual(self.ask("captive.apple.com", "/", guest=False).status, 421)
        self.assertEqual(self.ask("captive.apple.com", "/", is_open=False).status, 421)
        self.assertEqual(self.ask("evil.example", "/api/v1/settings", method="PUT").status, 421)


@unittest.skipIf(sys.platform != "linux", "only Linux gives all of 127.0.0.0/8 to the loopback")
class Names(unittest.TestCase):
    def setUp(self):
        self.opened = True
        self.errors = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HERE, 0))
            self.port = probe.getsockname()[1]
        self.portal = Portal(lambda: self.opened, HERE, lambda *said: self.errors.append(said), self.port)
        self.link = Datagrams(HERE, self.port)
        self.addCleanup(self.link.close)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        self.addCleanup(self.thread.join, 5)
        self.addCleanup(self.ending.set)

    def serve(self):
        while not self.ending.is_set():
            self.portal.look(self.link)
            self.ending.wait(0.005)

    def ask(self, name, kind, source=GUEST, **more):
        query = dns.message.make_query(name, kind, **more)
        return dns.query.udp(query, HERE, timeout=2, port=self.port, source=source)

    @unittest.skipIf(dns is None, "dnspython is not installed")
    def test_a_resolver_gets_the_charger_for_every_name(self):
        for name in ("captive.apple.com", "x", "a-very.long.name.with.many.labels.example.org", "mode3.local"):
            for more in ({}, {"use_edns": 0}, {"want_dnssec": True}):
                answer = self.ask(name, "A", **more)
                self.assertEqual([row.to_text() for row in answer.answer[0]], [HERE])
                self.assertLessEqual(answer.answer[0].ttl, 60)

    @unittest.skipIf(dns is None, "dnspython is not installed")
    def test_a_resolver_is_told_at_once_that_there_is_nothing_else(self):
        for kind in ("AAAA", "HTTPS", "MX", "TXT"):
            answer = self.ask("captive.apple.com", kind)
            self.assertEqual((answer.answer, answer.rcode()), ([], 0))

    @unittest.skipIf(dns is None, "dnspython is not installed")
    def test_who_is_not_on_the_hotspot_gets_no_answer(self):
        with self.assertRaises(dns.exception.Timeout):
            query = dns.message.make_query("captive.apple.com", "A")
            dns.query.udp(query, HERE, timeout=0.3, port=self.port, source="127.0.0.1")

    def test_rubbish_does_not_stop_it(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((GUEST, 0))
            for data in (b"", b"x" * 2000, bytes(12), b"\xff" * 512):
                sock.sendto(data, (HERE, self.port))
            sock.sendto(b"\0\1\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1", (HERE, self.port))
            sock.settimeout(2)
            self.assertEqual(sock.recv(100)[-4:], socket.inet_aton(HERE))


@unittest.skipIf(sys.platform != "linux", "only Linux gives all of 127.0.0.0/8 to the loopback")
class Task(unittest.TestCase):
    def test_it_holds_its_socket_only_while_the_hotspot_is_open(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HERE, 0))
            port = probe.getsockname()[1]
        opened = [False]
        portal = Portal(lambda: opened[0], HERE, lambda *said: self.fail(said), port)

        def taken():
            try:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                    other.bind((HERE, port))
            except OSError:
                return True
            return False

        async def main():
            task = asyncio.create_task(portal.run())
            seen = []
            for state in (False, True, False):
                opened[0] = state
                end = time.monotonic() + 5
                while taken() != state and time.monotonic() < end:
                    await asyncio.sleep_ms(50)
                seen.append(taken())
            task.cancel()
            self.assertEqual(seen, [False, True, False])
        run(main())

    def test_regression_a_socket_that_fails_at_each_look_does_not_hold_up_the_loop(self):
        """It was opened anew without a pause: nothing else ran any more."""
        class Broken(Datagrams):
            def receive(self, most):
                tried.append(1)
                if len(tried) > 100:
                    raise AssertionError("nothing else runs")
                raise OSError(5)
        tried, told = [], []

        async def main():
            task = asyncio.create_task(Portal(lambda: True, HERE, lambda *said: told.append(said), 0).run())
            await asyncio.sleep_ms(20)
            task.cancel()
        module.Datagrams = Broken
        try:
            run(main())
        finally:
            module.Datagrams = Datagrams
        self.assertEqual((len(tried), told[0][0]), (1, "portal"))


if __name__ == "__main__":
    unittest.main()
