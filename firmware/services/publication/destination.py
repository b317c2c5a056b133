"""Where something is sent, from the settings of an area (publication.*, fault_mail.*), and who sends it: loaded for each use."""

from firmware.on_demand import forget
from firmware.services.http_failure import HttpFailure

# every setting of an area that a Target has, under the same name
NAMES = ("host", "port", "path", "field", "user", "password", "sender", "to", "security", "ca", "passive", "plain_password")


class Target:
    """host, port (0: the usual one), path, field, user, password, sender, to; security: "none", "tls" from the first byte, or
    "starttls"; ca: PEM; passive: the server listens for FTP's data; plain_password: it may be sent without TLS.

    charger: see publisher.Publisher."""

    def __init__(self, host="", port=0, path="", field="", user="", password="", sender="", to="", security="none", ca="",
                 passive=True, plain_password=False, charger=None):
        self.host = host
        self.port = port
        self.path = path
        self.field = field
        self.user = user
        self.password = password
        self.sender = sender
        self.to = to
        self.security = security
        self.ca = ca
        self.passive = passive
        self.plain_password = plain_password
        self.charger = charger

    def url(self):
        """http://host:port/path, or https"""
        slash = "" if self.path.startswith("/") else "/"
        return "%s://%s%s%s%s" % ("http" if self.security == "none" else "https", self.host,
                                  ":%d" % self.port if self.port else "", slash, self.path)

    async def secured(self, connection, proxy=None):
        """The connection with TLS around it from its next byte. HttpFailure, of tls_client.connected() and "clock_unknown"."""
        try:
            from firmware.services import tls_client
        finally:
            forget(("firmware.services.tls_client", "firmware.services.tls_context", "firmware.services.http_client"))
        if not self.charger.utc_s():
            raise HttpFailure("clock_unknown")
        return await tls_client.connected(connection, self.host, self.ca, self.charger.may_write, proxy)

    def may_log_in(self):
        """HttpFailure "plain_password" where everybody on the way could read the password, and nobody has allowed that."""
        if self.security == "none" and not self.plain_password:
            raise HttpFailure("plain_password")


def target_from_settings(get, area, charger):
    """The Target of an area: what the area lacks stays as it is."""
    target = Target(charger=charger)
    for name in NAMES:
        try:
            setattr(target, name, get(area + name))
        except KeyError:
            continue
    return target


def must_wait(get, area, charger):
    """A handshake would stall the charger now: power flows."""
    return get(area + "security") != "none" and not charger.may_write()


def sender(method):
    """The async function send(target, name, length, pieces, to_thread) of "http", "ftp" or "smtp"."""
    try:
        if method == "http":
            from firmware.services.publication.send_http import send as by_http
            send = by_http
        elif method == "ftp":
            from firmware.services.publication.send_ftp import send as by_ftp
            send = by_ftp
        else:
            from firmware.services.publication.send_smtp import send as by_smtp
            send = by_smtp
    finally:                     # also of one that did not find the memory
        forget(("firmware.services.publication.send_http", "firmware.services.publication.send_ftp",
                "firmware.services.publication.send_smtp", "firmware.services.publication.dialogue",
                "firmware.services.http_client"))
    return send
