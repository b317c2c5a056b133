"""The hotspot's portal: while the hotspot is open, every name leads to this charger, and every page to ours.

Phones and computers ask for a page of their maker's when they join a network; where another one comes, they show it. That is all
there is: the DHCP option that names a portal (RFC 8910) cannot be set on stock MicroPython. It answers nobody who does not come
over the hotspot.
"""

import asyncio

from micropython import const

from firmware.services.network.addresses import packed
from firmware.services.network.dns_answers import MOST_BYTES, answer
from firmware.services.udp import Datagrams, ip_of
from firmware.services.web.reply import Reply

DNS_PORT = const(53)
_POLL_MS = const(50)
_LOOK_MS = const(1000)
_AT_ONCE = const(8)           # questions per look: the rest waits, or is lost and asked again
_RETRY_MS = const(10000)


class Portal:
    """is_open(): the hotspot is open. ip: the charger's address there, text; ports 0: nothing is served (a twin). on_error(where,
    error)."""

    def __init__(self, is_open, ip, on_error, dns_port=DNS_PORT, http_port=80):
        self._is_open = is_open
        self._on_error = on_error
        self._ip = ip
        self._net = ip[:ip.rfind(".") + 1]       # of the hotspot: 255 addresses
        self._dns_port = dns_port
        self._place = "http://%s%s/" % (ip, "" if http_port == 80 else ":%d" % http_port)
        self.answered = 0

    def tasks(self):
        """Rows of the table of tasks."""
        return () if not self._dns_port else (("portal", lambda beat: self.run(), False, 0),)

    def apply(self, get):
        """No setting is ours."""

    def facts(self):
        """None of our own."""
        return {}

    def is_guest(self, peer):
        """True for an address of the hotspot."""
        return peer.startswith(self._net)

    def lead(self, request):
        """A Reply that leads who comes over the hotspot to our page, whatever he asked for; None for others."""
        if not self._is_open() or not self.is_guest(request.peer) or request.method not in ("GET", "HEAD"):
            return None
        return Reply("this way: " + self._place, 302, "text/plain", (("Location", self._place),))

    async def run(self):
        """The task: names, while the hotspot is open."""
        while True:
            while not self._is_open():
                await asyncio.sleep_ms(_LOOK_MS)
            link = None
            try:
                link = Datagrams(self._ip, self._dns_port)
                while self._is_open():
                    self.look(link)
                    await asyncio.sleep_ms(_POLL_MS)
            except OSError as error:
                self._on_error("portal", error)
                await asyncio.sleep_ms(_RETRY_MS)      # whatever it was: an error at each look must not hold up the loop
            finally:
                if link is not None:
                    link.close()

    def look(self, link):
        """Answer the questions that have come."""
        for _ in range(_AT_ONCE):
            found = link.receive(MOST_BYTES + 1)
            if found is None:
                return
            if not self.is_guest(ip_of(found[1])):
                continue
            said = answer(found[0], packed(self._ip))
            if said is not None and link.send(said, found[1]):
                self.answered += 1
