"""Found on the network: answers who looks for devices by SSDP (UPnP 1.1), with a description of the charger at DESCRIPTION.

A host name by mDNS is the port's own work (drivers/radio.py sets it); it has no service records, so programs that look for services
need SSDP, MQTT discovery or the name.
"""

import asyncio

from micropython import const

from firmware.services.network.addresses import packed
from firmware.services.udp import Datagrams, ip_of
from firmware.services.web.reply import Reply

PORT = const(1900)
GROUP = "239.255.255.250"
DESCRIPTION = "/description.xml"
_DEVICE = "urn:schemas-upnp-org:device:Basic:1"
_MOST_BYTES = const(512)
_AT_ONCE = const(4)           # answers per look: who asks more waits
_POLL_MS = const(200)
_LOOK_MS = const(2000)
_RETRY_MS = const(60000)


def target_of(data):
    """What an M-SEARCH looks for (its ST), None for anything else."""
    try:
        lines = data.decode().split("\r\n")
    except ValueError:
        return None
    if lines[0] != "M-SEARCH * HTTP/1.1":
        return None
    found = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return found.get("st") if found.get("man") == '"ssdp:discover"' else None


def answer(target, uuid, place, version):
    """The answer (bytes) to a search for `target`, None where we are not meant. place: URL of the description."""
    own = "uuid:" + uuid
    if target == "ssdp:all":
        target = "upnp:rootdevice"
    if target not in ("upnp:rootdevice", _DEVICE, own):
        return None
    usn = own if target == own else own + "::" + target
    return ("HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: %s\r\nSERVER: MicroPython UPnP/1.1 Mode3/%s\r\n"
            "ST: %s\r\nUSN: %s\r\n\r\n" % (place, version, target, usn)).encode()


def uuid_of(serial):
    """A name for this one charger that is always the same: from its serial number."""
    text = "".join(["%02x" % ord(char) for char in serial[-10:]])
    text = "0" * (20 - len(text)) + text[:20]
    return "4d6f6465-33%s-4%s-8%s-%s" % (text[:2], text[2:5], text[5:8], text[8:20])


class Finder:
    """address(): ours in the network, None while there is none. names(): (serial number, name)."""

    def __init__(self, address, names, version, on_error, port=PORT, http_port=80):
        self._address = address
        self._names = names
        self._version = version
        self._on_error = on_error
        self._port = port
        self._http = "" if http_port == 80 else ":%d" % http_port
        self.on = False

    def tasks(self):
        """Rows of the table of tasks."""
        return () if not self._port else (("ssdp", lambda beat: self.run(), False, 0),)

    def apply(self, get):
        """Settings that act at once. Over HTTPS alone nobody could fetch the description: a search gets no answer then."""
        self.on = get("network.ssdp") and get("web.http")

    def facts(self):
        """None of its own."""
        return {}

    async def run(self):
        """The task."""
        while True:
            ip = self._address() if self.on else None
            if ip is None:
                await asyncio.sleep_ms(_LOOK_MS)
                continue
            try:
                link = Datagrams("0.0.0.0", self._port)
            except OSError as error:
                self._on_error("ssdp", error)
                await asyncio.sleep_ms(_RETRY_MS)
                continue
            try:
                link.join(packed(GROUP), packed(ip))
                while self.on and self._address() == ip:
                    self.look(link, ip)
                    await asyncio.sleep_ms(_POLL_MS)
            except OSError as error:
                self._on_error("ssdp", error)
                await asyncio.sleep_ms(_RETRY_MS)
            finally:
                link.close()

    def look(self, link, ip):
        """Answer those who have asked; only neighbours, so that nobody far away is answered at a forged address."""
        for _ in range(_AT_ONCE):
            found = link.receive(_MOST_BYTES)
            if found is None:
                return
            target = target_of(found[0])
            near = ip_of(found[1])
            if target is None or near.split(".")[:2] != ip.split(".")[:2]:
                continue
            said = answer(target, uuid_of(self._names()[0]), "http://%s%s%s" % (ip, self._http, DESCRIPTION), self._version)
            if said is not None:
                link.send(said, found[1])

    async def describe(self, request, rest):
        """The route's handler: what UPnP calls a device description."""
        serial, name = self._names()
        text = ('<?xml version="1.0"?>\n<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>1</minor>'
                "</specVersion><device><deviceType>%s</deviceType><friendlyName>%s</friendlyName><manufacturer>Mode3</manufacturer>"
                "<modelName>Mode3</modelName><modelNumber>%s</modelNumber><serialNumber>%s</serialNumber><UDN>uuid:%s</UDN>"
                "<presentationURL>/</presentationURL></device></root>\n"
                % (_DEVICE, _escaped(name or serial), self._version, _escaped(serial), uuid_of(serial)))
        return Reply(text, kind="text/xml; charset=utf-8")


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
