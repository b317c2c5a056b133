"""Whether a request means this charger: the Host header against the names and addresses that are ours.

A foreign web page can have its own name point to our address (DNS rebinding); the browser then takes us for that page's own server.
It still sends the foreign name, which is refused here. A literal address cannot be rebound, so any is taken while ours are not
known.
"""

from firmware.services.web.reply import HttpError


class Hosts:
    """names(): our host names in small letters, without ".local"; addresses(): our addresses as text, () while unknown.

    captive(request): set by the hotspot's portal; a Reply that leads a stranger to our page, or None."""

    def __init__(self, names, addresses):
        self.names = names
        self.addresses = addresses
        self.captive = lambda request: None

    def check(self, request):
        """None for a request that means us; a Reply where the portal leads it here. HttpError 400 or 421 otherwise."""
        host = request.headers.get("host")
        if host is None:
            if request.http_version == "1.0":
                return None                # so old that no browser sends it
            raise HttpError(400, "bad_request", "the Host header is missing")
        if self._is_ours(without_port(host.lower()), request.peer):
            return None
        reply = self.captive(request)
        if reply is None:
            raise HttpError(421, "foreign_host", "this charger is not called that: use its address or its name")
        return reply

    def _is_ours(self, name, peer):
        if name == "localhost" or name == "[::1]" or _is_ipv4(name) and name.startswith("127."):
            return peer.startswith("127.") or peer == "::1"
        if _is_ipv4(name):
            known = self.addresses()
            return not known or name in known
        if name.endswith(".local"):
            name = name[:-6]
        return name != "" and name in self.names()


def without_port(host):
    """A Host header's name or address."""
    colon = host.rfind(":")
    return host if colon < 0 or host.endswith("]") else host[:colon]


def _is_ipv4(name):
    parts = name.split(".")
    if len(parts) != 4:
        return False
    for part in parts:
        for char in part or "-":
            if not "0" <= char <= "9":
                return False
        if len(part) > 3 or int(part) > 255:
            return False
    return True
