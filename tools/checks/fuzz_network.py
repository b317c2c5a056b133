"""Fuzzing of what strangers in the network send: names asked for, times told, searches, and what was kept of networks. Targets as
in fuzz_targets.py."""

from firmware.services.network import ssdp
from firmware.services.network.dns_answers import MOST_BYTES, answer
from firmware.services.network.known import KnownError, networks_from_text, text_from_networks
from firmware.services.network.ntp import NtpError, question, utc_from_answer
from tools.checks.fuzz import TOKENS, need
from tools.checks.fuzz_base import Target
from tools.twin.air import ntp_answer

NAME = b"\x07example\x03com\0"
ASK = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0" + NAME + b"\0\x01\0\x01"
NONCE = b"8 random"
IP = bytes((192, 168, 4, 1))
SEARCH = b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 2\r\nST: ssdp:all\r\n\r\n'


class DnsQuery(Target):
    """A query is answered or dropped; an answer repeats id and question, claims what it holds, and is little longer than the
    query: nobody is flooded through us."""

    name = "dns_query"
    seeds = (ASK, ASK[:-3] + b"\x1c\0\x01", ASK[:10] + b"\0\x01" + ASK[12:] + b"\0\0\x29\x05\xc8\0\0\0\0\0\0",
             ASK[:12] + b"\0\0\xff\0\x01",
             ASK[:12] + b"\x3f" + b"y" * 63 + b"\0\0\x01\0\x01")
    tokens = TOKENS + (b"\xc0\x0c", b"\0", b"\x3f", b"\x40", b"\0\x01", NAME, b"\x01x")

    def run(self, data):
        said = answer(data, IP)
        if said is None:
            return
        need(len(data) <= MOST_BYTES, "an answer to %d bytes" % len(data))
        end = 12
        while data[end]:
            end += 1 + data[end]
        asked = data[12:end + 5]
        need(said[:2] == data[:2] and said[2] & 0x80 and said[4:6] == b"\0\x01", "no answer: %r" % said[:12])
        need(said[12:12 + len(asked)] == asked, "another question")
        rest = said[12 + len(asked):]
        need(rest == b"" if said[7] == 0 else rest[-4:] == IP and len(rest) == 16, "%d answers: %r" % (said[7], rest))
        need(said[6] == 0 and said[7] in (0, 1) and said[8:12] == bytes(4), "it claims what is not there")


class NtpAnswer(Target):
    """An answer gives a time of this century, or an NtpError; none that does not repeat our nonce is believed."""

    name = "ntp_answer"
    seeds = tuple(ntp_answer(question(NONCE), 1795176000, how)
                  for how in ("good", "kiss_rate", "kiss_deny", "forged", "unsynchronised", "client", "old"))

    def run(self, data):
        try:
            utc_s, milliseconds = utc_from_answer(data, NONCE)
        except NtpError as error:
            need(error.code and len(error.kiss) in (0, 4), "no reason")
            return
        need(data[24:32] == NONCE and data[0] & 7 == 4 and 0 < data[1] < 16, "believed what is not ours")
        need(1735689600 <= utc_s < 4102444800 and 0 <= milliseconds < 1000, "%d.%d" % (utc_s, milliseconds))


class SsdpSearch(Target):
    """A search is answered with one short head, or not at all."""

    name = "ssdp_search"
    seeds = (SEARCH, SEARCH.replace(b"ssdp:all", b"upnp:rootdevice"), SEARCH.replace(b"ssdp:all", b"uuid:u"))
    tokens = TOKENS + (b"\r\n", b":", b"ST", b"MAN", b'"ssdp:discover"', b"ssdp:all", b"upnp:rootdevice")

    def run(self, data):
        target = ssdp.target_of(data)
        said = None if target is None else ssdp.answer(target, "u", "http://192.168.1.5/description.xml", "1")
        if said is not None:
            need(said.count(b"\r\n\r\n") == 1 and len(said) < 400, "%r" % said)


class KnownNetworks(Target):
    """What the setting holds is networks that can be kept and read again, or a KnownError."""

    name = "known_networks"
    seeds = (b'[["home", "home-network", false]]', b'[["a", "", true], ["b", "12345678", false]]', b"", b"[]",
             '[["caf\u00e9", "12345678", false]]'.encode())
    tokens = TOKENS + (b"[", b"]", b'"', b",", b"true", b"null", b"\\u0000", b"\\ud800", b"x" * 64)

    def run(self, data):
        try:
            text = data.decode()
        except ValueError:
            return
        try:
            networks = networks_from_text(text)
        except (KnownError, RecursionError):
            return
        for ssid, key, _ in networks:
            need(1 <= len(ssid.encode()) <= 32 and (key == "" or 8 <= len(key) <= 63), "%r" % (networks,))
        need(networks_from_text(text_from_networks(networks)) == networks, "kept as something else")


TARGETS = (DnsQuery, NtpAnswer, SsdpSearch, KnownNetworks)
