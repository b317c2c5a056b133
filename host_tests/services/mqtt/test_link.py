"""One connection by umqtt.simple, both of its shapes, on a wire whose other end means harm: bounded, quick, and with a reason."""
import socket
import sys
import unittest

from umqtt import simple

from firmware.services.mqtt.deadline_socket import MAX_READ, TOO_LONG, DeadlineSocket, LinkError, Streamed
from firmware.services.mqtt.link import MAX_IN, Message, close_link, exchange
from firmware.services.mqtt.reasons import REASONS, code_of
from firmware.services.tls_context import pem
from host_tests.services.mqtt import umqtt_1_8
from host_tests.services.mqtt.wire import CONNACK, WELCOME, Wire, publish

SHAPES = (simple, umqtt_1_8)
CODES = [row[0] for row in REASONS]
CMD = b"mode3/M3-1/cmd/stop"
_CA = b"""-----BEGIN CERTIFICATE-----
MIIBfTCCASOgAwIBAgIUVYfEdSZib0B6SynU5UPZ9+xHn2owCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyMDIzNTU0NVoXDTI2MTIyMDIz
NTU0NVowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEzMRxFZB06kKXiSXq7h2tA/UjSwFasbjWWJkMH9lcfw1AU09k5yIZ6JZF
9VTVqkrqL4tRrQ2zrT4a47ffAURxkKNTMFEwHQYDVR0OBBYEFHZmRMM44/6ROTLp
vOsUvNlUPDuUMB8GA1UdIwQYMBaAFHZmRMM44/6ROTLpvOsUvNlUPDuUMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAL5dvrrQ+SoVfsdBVGUiQHhC
ToGoCV9F/u1YK1VlYQtVAiBbw3/b7Hc1I5LPMZKGfPdki79iimkWsi8FZ9h64SF0
Hw==
-----END CERTIFICATE-----
"""       # of nobody: it is never reached


class LinkCase(unittest.TestCase):
    def wire(self, said=WELCOME):
        wire = Wire(said)
        self.addCleanup(wire.close)
        return wire

    def linked(self, shape, said=b""):
        wire = self.wire()
        link, code = wire.open(shape)
        self.assertEqual(code, "")
        wire.heard()
        wire.says(said)
        return wire, link


class TestOpening(LinkCase):
    def test_it_says_who_it_is_leaves_its_will_and_subscribes(self):
        for shape in SHAPES:
            wire = self.wire()
            link, code = wire.open(shape, user="wärter", password="geheim")
            said = wire.heard()
            self.assertEqual(code, "")
            self.assertEqual(said[0], 0x10)
            for part in (b"\x00\x04MQTT\x04\xee\x00\x3c", b"mode3-M3-1", b"\x00\x11mode3/M3-1/online\x00\x07offline",
                         b"\x00\x07" + "wärter".encode(), b"\x00\x06geheim", b"\x82\x15\x00\x01\x00\x10mode3/M3-1/cmd/+\x01"):
                self.assertIn(part, said)
            self.assertEqual(link.received, [])

    def test_a_refusal_is_named(self):
        for shape in SHAPES:
            for answer, reason in ((1, "version"), (2, "client_id"), (3, "unavailable"), (4, "password"), (5, "password")):
                self.assertEqual(self.wire(b"\x20\x02\x00" + bytes((answer,))).open(shape), (None, reason))
            self.assertEqual(self.wire(CONNACK + b"\x90\x03\x00\x01\x80").open(shape), (None, "subscribe_refused"))

    def test_whatever_else_comes_instead_of_a_welcome_ends_with_a_reason(self):
        for shape in SHAPES:
            for said in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 64, b"\xff" * 64, b"\x20\x02",
                         CONNACK + b"\x90\x03\x00\x07\x00", b"\x30\xff\xff\xff\x7f"):
                link, code = self.wire(said).open(shape)
                self.assertIsNone(link)
                self.assertIn(code, CODES)
                self.assertNotIn(code, ("", "off"))

    def test_silence_ends_in_time(self):
        for shape in SHAPES:
            self.assertEqual(self.wire(b"").open(shape), (None, "timeout"))
            self.assertEqual(self.wire(CONNACK).open(shape), (None, "timeout"))

    def test_one_that_hangs_up_has_closed(self):
        for shape in SHAPES:
            wire = self.wire(CONNACK[:3])
            wire.far.close()
            self.assertEqual(wire.open(shape), (None, "closed"))


    def test_regression_a_failed_handshake_leaves_no_socket_open(self):
        """Each try at a broker with a wrong certificate kept one of a device's ten sockets for good: soon the page was gone too."""
        if sys.implementation.name != "micropython":
            self.skipTest("micropython only: CPython's TLS closes what is below it")
        door = socket.socket()
        self.addCleanup(door.close)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        address = socket.getaddrinfo("127.0.0.1", 18883)[0][-1]
        door.bind(address)
        door.listen(1)
        ours = DeadlineSocket(socket.AF_INET, ("localhost", _CA, b"", b""), 300)
        ours.connect(address)
        far, _ = door.accept()
        self.addCleanup(far.close)
        far.settimeout(2)
        far.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        ours.write(b"hello")
        self.assertRaises(LinkError, ours.flush)
        ours.close()
        try:
            while far.recv(512):
                continue
        except OSError as error:
            self.assertEqual(error.errno, 104)      # reset; a time-out: it is still open
        ours.close()                                # a second time does no harm


class TestTurns(LinkCase):
    def test_messages_are_published_and_those_that_came_are_taken(self):
        for shape in SHAPES:
            wire, link = self.linked(shape, publish(CMD, b"{}"))
            self.assertTrue(link.pending())
            messages = [Message(b"a/b", b"hello", True), Message(b"c", Streamed(lambda: iter(("wö", "rld")), 6))]
            self.assertEqual(exchange(link, messages, False), (2, ""))
            self.assertEqual(wire.heard(), b"\x31\x0a\x00\x03a/bhello\x30\x09\x00\x01cw\xc3\xb6rld")
            self.assertEqual(link.received, [(CMD, b"{}", False)])
            self.assertFalse(link.pending())

    def test_qos_1_counts_once_it_is_acknowledged_and_not_before(self):
        for shape in SHAPES:
            wire, link = self.linked(shape, publish(CMD, b"1") + b"\x40\x02\x00\x02")
            self.assertEqual(exchange(link, [Message(b"r", b"x", False, 1)], False), (1, ""))
            self.assertEqual(wire.heard(), b"\x32\x06\x00\x01r\x00\x02x")
            self.assertEqual(len(link.received), 1)
            for said in (b"", b"\x40\x02\x00\x09", b"\x40\x03\x00\x03\x00"):
                wire, link = self.linked(shape, said)
                done, code = exchange(link, [Message(b"r", b"x", False, 1), Message(b"s", b"y", False, 1)], False)
                self.assertEqual(done, 0)
                self.assertIn(code, ("timeout", "protocol"))

    def test_packet_numbers_come_round(self):
        for shape in SHAPES:
            wire, link = self.linked(shape, b"\x40\x02\xff\xff\x40\x02\x00\x01")
            link.client.pid = 65534
            self.assertEqual(exchange(link, [Message(b"r", b"x", False, 1), Message(b"r", b"x", False, 1)], False), (2, ""))

    def test_a_retained_message_is_known_as_one_also_between_others(self):
        for shape in SHAPES:
            wire, link = self.linked(shape, publish(CMD, b"a", 0x31) + publish(CMD, b"b", 0x32, b"\x00\x07")
                                     + publish(CMD, b"c", 0x33, b"\x00\x08"))
            self.assertEqual(exchange(link, [], False), (0, ""))
            self.assertEqual(link.received, [(CMD, b"a", True), (CMD, b"b", False), (CMD, b"c", True)])
            self.assertEqual(wire.heard(), b"\x40\x02\x00\x07\x40\x02\x00\x08")

    def test_a_sign_of_life_is_waited_for_and_its_lack_is_noticed(self):
        for shape in SHAPES:
            wire, link = self.linked(shape, b"\xd0\x00")
            self.assertEqual(exchange(link, [], True), (0, ""))
            self.assertEqual(wire.heard(), b"\xc0\x00")
            self.assertEqual(exchange(link, [], True), (0, "timeout"))

    def test_leaving_says_so(self):
        for shape in SHAPES:
            wire, link = self.linked(shape)
            self.assertEqual(close_link(link, [Message(b"o", b"offline", True)]), "")
            self.assertEqual(wire.heard(), b"\x31\x0a\x00\x01ooffline\xe0\x00")


class TestHostile(LinkCase):
    def test_what_is_no_mqtt_ends_the_connection_with_a_reason(self):
        packets = (
            b"\x34\x07\x00\x01t\x00\x01hi",                                # QoS 2
            b"\x36\x07\x00\x01t\x00\x01hi",                                # QoS 3
            b"\x30\x03\x00\xff",                                           # a topic longer than its packet
            b"\x30\x01\x00\x00",                                           # a packet too short for a topic
            b"\x32\x03\x00\x01t",                                          # QoS 1 without a number
            b"\x30" + b"\xff" * 200,                                       # a length without an end
            b"\x30" + b"\x80" * 200,
            b"\x30\xff\xff\xff\x7f\x00\x01t",                              # 256 MB
            b"\x40\x02\x00\x01", b"\x90\x03\x00\x01\x00", b"\x20\x02\x00\x00",      # answers nobody asked for
            b"\xe0\x00", b"\xf0\x00", b"\x00\x00", b"\x10\x00", b"\xd0\x05hello",
        )
        for shape in SHAPES:
            for packet in packets:
                wire, link = self.linked(shape, packet)
                done, code = exchange(link, [], True)
                self.assertEqual(done, 0)
                self.assertIn(code, ("protocol", "timeout"), packet)

    def test_what_is_too_long_is_thrown_away_and_the_next_message_is_heard(self):
        for shape in SHAPES:
            for packet in (publish(CMD, b"x" * (MAX_READ + 1)), publish(b"t" * (MAX_READ + 1), b"x")):
                wire, link = self.linked(shape, packet + publish(CMD, b"{}"))
                self.assertEqual(exchange(link, [], False), (0, ""))
                self.assertIn(TOO_LONG, link.received[0][:2])
                self.assertEqual(link.received[1], (CMD, b"{}", False))

    def test_a_flood_is_taken_in_portions(self):
        for shape in SHAPES:
            wire, link = self.linked(shape, publish(CMD, b"{}") * 100)
            for _ in range(3):
                self.assertEqual(exchange(link, [], False), (0, ""))
                self.assertEqual(len(link.received), MAX_IN)
                link.received = []

    def test_a_flood_between_a_message_and_its_acknowledgement_is_bounded(self):
        for shape in SHAPES:
            wire, link = self.linked(shape, publish(CMD, b"{}") * 1000 + b"\x40\x02\x00\x02")
            self.assertEqual(exchange(link, [Message(b"r", b"x", False, 1)], False), (1, ""))
            self.assertEqual(len(link.received), 2 * MAX_IN)

    def test_one_that_hangs_up_in_the_middle_has_closed(self):
        for shape in SHAPES:
            wire, link = self.linked(shape, publish(CMD, b"hello")[:-2])
            wire.far.close()
            self.assertEqual(exchange(link, [], False), (0, "closed"))

    def test_one_that_takes_nothing_does_not_hold_us(self):
        wire, link = self.linked(simple)
        done, code = exchange(link, [Message(b"big", b"x" * 300000)] * 40, False)
        self.assertEqual(code, "timeout")
        self.assertLess(done, 40)


class TestWords(unittest.TestCase):
    def test_pem_survives_a_form_that_takes_its_line_breaks(self):
        whole = "-----BEGIN CERTIFICATE-----\n" + "A" * 64 + "\n" + "B" * 10 + "\n-----END CERTIFICATE-----\n"
        for text in (whole, whole.replace("\n", ""), whole.replace("\n", " "), whole.replace("\n", "\r\n"), "Bag: " + whole + "y"):
            self.assertEqual(pem(text), whole.encode())
        self.assertEqual(pem(whole + whole), (whole + whole).encode())
        for text in ("", "x", "-----BEGIN X-----", "-----END X-----", "-----BEGIN X-----AA"):
            self.assertEqual(pem(text), b"")

    def test_every_error_has_a_code_of_the_table(self):
        for error in (OSError(111), OSError(110), OSError(104), OSError(113), OSError(-1), OSError(9999), ValueError("x"),
                      AssertionError(), MemoryError(), IndexError("x"), simple.MQTTException(4), simple.MQTTException(99)):
            self.assertIn(code_of(error), CODES)
        self.assertEqual([code_of(OSError(number)) for number in (111, 110, 104, 113)],
                         ["refused", "timeout", "closed", "unreachable"])


if __name__ == "__main__":
    unittest.main()
