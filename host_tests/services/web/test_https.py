"""The second door: TLS on both interpreters, with a client of the same interpreter in the same loop."""
import asyncio
import binascii
import os
import sys
import unittest

from firmware.services.web import certificates
from firmware.services.web.certificate_api import CertificateApi, fingerprint, key_from_der, public_of_certificate
from firmware.services.web.https import Door, context_from
from firmware.services.web.roles import CONTROL, PUBLIC
from host_tests.services.web.harness import Answer, Client, Server, run, until
from host_tests.services.web.pairs import GARAGE_CERTIFICATE, GARAGE_KEY, OTHER_CERTIFICATE, OTHER_KEY
from host_tests.storage.scratch import Scratch

MICROPYTHON = sys.implementation.name == "micropython"
ADMIN = "admin"


def client_context():
    """Trusts the test's certificate alone; MicroPython's takes DER."""
    if MICROPYTHON:
        import tls
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED
        context.load_verify_locations(GARAGE_CERTIFICATE)
    else:
        import ssl
        context = ssl.create_default_context(cadata=GARAGE_CERTIFICATE)
    return context


async def connect(port, context):
    return await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="mode3-m3-garage")


async def ask(stream, path, extra=""):
    """One request on an open connection; the Answer, read by its Content-Length or its last chunk."""
    reader, writer = stream
    writer.write(("GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (path, extra)).encode())
    await writer.drain()
    raw = b""
    while True:
        head, found, body = raw.partition(b"\r\n\r\n")
        if found and (b"Content-Length: %d\r\n" % len(body) in raw or b"chunked" in head and body.endswith(b"0\r\n\r\n")):
            return Answer(raw)
        piece = await reader.read(4096)
        if not piece:
            return Answer(raw)
        raw += piece


class HttpsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.calm, self.now_ms = True, 1000
        self.door = Door(context_from(GARAGE_CERTIFICATE, GARAGE_KEY, self.scratch.folder + "tls.pem"), lambda: self.calm,
                         lambda: self.now_ms)

    def tearDown(self):
        self.scratch.close()

    def with_server(self, test, **options):
        async def main():
            async with Server(role_of=lambda request: PUBLIC, **options) as server:
                port = server.port + 1
                second = asyncio.create_task(server.web.run_secure(port, self.door))
                await asyncio.sleep_ms(20)
                await test(server, port)
                await until(lambda: not server.web.open_connections())       # who has gone is let go
                second.cancel()
                self.assertEqual(server.errors, [])
        run(main())

    def test_a_client_that_trusts_the_certificate_reads_several_pages_over_one_connection(self):
        async def test(server, port):
            stream = await connect(port, client_context())
            for _ in range(3):
                answer = await ask(stream, "/api/v1/status")
                self.assertEqual((answer.status, answer.headers["connection"]), (200, "keep-alive"))
                self.assertEqual(answer.json()["contactor"], server.station.facts()["contactor"])
            self.assertEqual((await ask(stream, "/api/v1/nothing")).status, 404)
            self.assertEqual((await ask(stream, "/api/v1/settings")).status, 401)
            self.assertEqual((await server.call("GET", "/api/v1/status")).headers["connection"], "close")      # HTTP beside it
            self.assertEqual(server.web.open_connections(), 1)
            stream[1].close()
            await stream[1].wait_closed()
        self.with_server(test)

    def test_a_client_that_does_not_trust_it_goes_and_leaves_nothing_behind(self):
        async def test(server, port):
            if MICROPYTHON:
                import tls
                context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
                context.verify_mode = tls.CERT_REQUIRED
                context.load_verify_locations(OTHER_CERTIFICATE)
            else:
                import ssl
                context = ssl.create_default_context(cadata=OTHER_CERTIFICATE)
            with self.assertRaises((OSError, ValueError)):
                stream = await connect(port, context)
                await ask(stream, "/api/v1/status")
            await until(lambda: server.web.open_connections() == 0)
        self.with_server(test)

    def test_plain_http_at_the_secure_door_is_shown_out(self):
        async def test(server, port):
            plain = await Client().open(port)
            await plain.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertFalse((await asyncio.wait_for_ms(plain.rest(), 20000)).startswith(b"HTTP"))
            await plain.close()
            stream = await connect(port, client_context())
            self.assertEqual((await ask(stream, "/api/v1/status")).status, 200)
            stream[1].close()
            await stream[1].wait_closed()
        self.with_server(test)

    def test_while_power_flows_handshakes_begin_once_in_ten_minutes(self):
        self.calm = False
        self.assertTrue(self.door.may_begin())

        async def test(server, port):
            first = await connect(port, client_context())
            self.assertEqual((await ask(first, "/api/v1/status")).status, 200)
            self.assertFalse(self.door.may_begin())
            answer = await ask(first, "/api/v1/stream")              # it would leave no way in for anything else
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (503, "too_many_streams"))
            second = asyncio.create_task(self.one(port))
            await asyncio.sleep_ms(300)
            self.assertEqual(server.web.open_connections(), 1)       # it waits outside
            self.assertEqual((await ask(first, "/api/v1/status")).status, 200)
            self.now_ms += 600000
            self.assertEqual(await second, 200)
            third = asyncio.create_task(self.one(port))
            await asyncio.sleep_ms(200)
            self.calm = True                                         # the charge ends
            self.assertEqual(await third, 200)
            first[1].close()
            await first[1].wait_closed()
        self.with_server(test)

    def test_who_connects_and_says_nothing_takes_no_handshake_from_others(self):
        self.calm = False

        async def test(server, port):
            silent = await Client().open(port)
            await until(lambda: server.web.open_connections() == 1)
            self.assertTrue(self.door.may_begin())
            self.assertEqual(await self.one(port), 200)
            self.assertFalse(self.door.may_begin())
            await silent.close()
        self.with_server(test)

    def test_no_handshake_begins_with_bytes_that_come_when_the_calm_is_over(self):
        async def test(server, port):
            self.assertEqual(await self.one(port), 200)
            late = await Client().open(port)
            await until(lambda: server.web.open_connections() == 1)
            self.calm = False
            wraps = self.door.turn(None)
            await late.send(b"\x16\x03\x01\x00\x05hello")
            self.assertEqual((wraps, await asyncio.wait_for_ms(late.rest(), 20000)), (None, b""))     # TLS would have said an alert
            await late.close()
            await until(lambda: server.web.open_connections() == 0)
        self.with_server(test)

    def test_of_handshakes_under_way_when_power_begins_to_flow_the_last_one_ends(self):
        first, second = self.door.turn(None), self.door.turn(None)
        self.assertEqual((self.door.turn(first), self.door.turn(second)), (first, second))
        self.calm = False
        self.assertEqual((self.door.turn(first), self.door.turn(second), self.door.turn(None)), (None, second, None))
        self.now_ms += 600000
        self.assertIsNotNone(self.door.turn(None))

    async def one(self, port):
        stream = await connect(port, client_context())
        answer = await ask(stream, "/api/v1/status")
        stream[1].close()
        await stream[1].wait_closed()
        return answer.status

    def test_two_secure_connections_are_the_most_and_a_third_waits(self):
        async def test(server, port):
            streams = []
            for _ in range(2):
                stream = await connect(port, client_context())
                await ask(stream, "/api/v1/status")
                streams.append(stream)
            third = asyncio.create_task(self.one(port))
            await asyncio.sleep_ms(200)
            self.assertEqual(server.web.open_connections(), 2)
            self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)      # plain ones have places of their own
            for stream in streams:
                stream[1].close()
                await stream[1].wait_closed()
            self.assertEqual(await third, 200)
        self.with_server(test)

    def test_http_can_be_turned_off_and_on_again(self):
        async def test(server, port):
            wanted = [False]
            server.web.plain_wanted = lambda: wanted[0]
            for _ in range(2):             # whoever knocks first finds the door taken away
                try:
                    self.assertEqual((await server.call("GET", "/api/v1/status")).status, 0)
                except OSError as error:
                    self.assertTrue(error.errno)
                await asyncio.sleep_ms(50)
            self.assertEqual(await self.one(port), 200)
            wanted[0] = True
            await asyncio.sleep_ms(1200)
            self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
        self.with_server(test)


def pem(label, der):
    return "-----BEGIN %s-----\n%s-----END %s-----\n" % (label, binascii.b2a_base64(der).decode(), label)


class CertificateTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.root = self.scratch.folder
        os.mkdir(self.root + "data")
        self.open, self.noted = True, []

    def tearDown(self):
        self.scratch.close()

    def with_server(self, test, role=ADMIN):
        api = CertificateApi(self.root, lambda certificate, key: context_from(certificate, key, self.root + "tls.pem"),
                             lambda: "off", lambda: self.open, lambda code, detail: self.noted.append(code))

        async def main():
            async with Server(rows=api.routes(), role_of=lambda request: role) as server:
                await test(server)
                self.assertEqual(server.errors, [])
        run(main())

    def provision(self):
        for name, data in (("cert.der", GARAGE_CERTIFICATE), ("key.der", GARAGE_KEY)):
            with open(self.root + name, "wb") as file:
                file.write(data)

    def test_a_pair_is_imported_shown_by_its_fingerprint_and_forgotten(self):
        async def test(server):
            self.assertEqual((await server.call("GET", "/api/v1/certificate")).json(),
                             {"https": "off", "source": "none", "fingerprint": None})
            self.provision()
            self.assertEqual((await server.call("GET", "/api/v1/certificate")).json()["source"], "provisioned")
            body = {"certificate": pem("CERTIFICATE", OTHER_CERTIFICATE), "key": pem("EC PRIVATE KEY", OTHER_KEY)}
            answer = await server.call("PUT", "/api/v1/certificate", body)
            self.assertEqual((answer.status, answer.json()["source"], answer.json()["fingerprint"]),
                             (200, "imported", fingerprint(OTHER_CERTIFICATE)))
            self.assertEqual(certificates.pair(self.root), (OTHER_CERTIFICATE, OTHER_KEY, "imported"))
            self.assertEqual((await server.call("DELETE", "/api/v1/certificate")).json()["source"], "provisioned")
            self.assertEqual(certificates.pair(self.root), (GARAGE_CERTIFICATE, GARAGE_KEY, "provisioned"))
            self.assertEqual((await server.call("DELETE", "/api/v1/certificate")).status, 200)
        self.with_server(test)
        self.assertEqual(self.noted, ["certificate_imported", "certificate_removed"])

    def test_what_does_not_belong_together_or_is_no_certificate_changes_nothing(self):
        self.provision()
        certificate, key = pem("CERTIFICATE", GARAGE_CERTIFICATE), pem("EC PRIVATE KEY", GARAGE_KEY)
        cases = (({}, "certificate"), ({"certificate": certificate}, "key"), ({"certificate": 7, "key": key}, "certificate"),
                 ({"certificate": "hello", "key": key}, "certificate"), ({"certificate": key, "key": certificate}, "certificate"),
                 ({"certificate": certificate, "key": pem("EC PRIVATE KEY", OTHER_KEY)}, "certificate"),
                 ({"certificate": certificate, "key": pem("EC PRIVATE KEY", OTHER_KEY[:-70])}, "key"),
                 ({"certificate": certificate, "key": pem("EC PRIVATE KEY", b"")}, "key"),
                 ({"certificate": certificate, "key": pem("RSA PRIVATE KEY", GARAGE_KEY)}, "key"),
                 ({"certificate": pem("CERTIFICATE", GARAGE_CERTIFICATE[:200]), "key": key}, "certificate"),
                 ({"certificate": pem("CERTIFICATE", b""), "key": key}, "certificate"))

        async def test(server):
            for body, field in cases:
                answer = await server.call("PUT", "/api/v1/certificate", body)
                self.assertEqual((answer.status, answer.json()["error"]["field"]), (422, field))
            self.open = False
            for body in ({"certificate": certificate, "key": key}, {"certificate": "not even looked at"}):
                answer = await server.call("PUT", "/api/v1/certificate", body)
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (409, "charging"))
        self.with_server(test)
        self.assertEqual(certificates.pair(self.root)[2], "provisioned")
        self.assertEqual(self.noted, [])

    def test_only_the_administrator_sees_it(self):
        async def test(server):
            for method in ("GET", "PUT", "DELETE"):
                self.assertEqual((await server.call(method, "/api/v1/certificate")).status, 403)
        self.with_server(test, CONTROL)

    def test_a_key_of_pkcs_8_without_the_curve_inside_becomes_sec_1(self):
        point = public_of_certificate(GARAGE_CERTIFICATE)
        self.assertEqual(key_from_der(GARAGE_KEY), (GARAGE_KEY, point))
        inner = b"\x30\x6b\x02\x01\x01\x04\x20" + GARAGE_KEY[7:39] + b"\xa1\x44\x03\x42\x00" + point
        wrapped = b"\x30\x81\x87\x02\x01\x00\x30\x13" + b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01" + \
            b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07" + b"\x04\x6d" + inner
        self.assertEqual(key_from_der(wrapped), (GARAGE_KEY, point))

    def test_an_import_that_fails_or_is_cut_short_leaves_the_pair_before(self):
        self.provision()
        certificates.keep(self.root, OTHER_CERTIFICATE, OTHER_KEY)
        with open(self.root + "data/tls_pair", "rb") as file:
            whole = file.read()
        for left in (0, 11, len(whole) - 1):                         # the power went while the next one was written
            with open(self.root + "data/tls_pair.new", "wb") as file:
                file.write(whole[:left])
            self.assertEqual(certificates.pair(self.root), (OTHER_CERTIFICATE, OTHER_KEY, "imported"))
        os.remove(self.root + "data/tls_pair.new")
        os.mkdir(self.root + "data/tls_pair.new")                    # the flash refuses
        with self.assertRaises(OSError):
            certificates.keep(self.root, GARAGE_CERTIFICATE, GARAGE_KEY)
        self.assertEqual(certificates.pair(self.root), (OTHER_CERTIFICATE, OTHER_KEY, "imported"))
        os.rmdir(self.root + "data/tls_pair.new")
        certificates.keep(self.root, GARAGE_CERTIFICATE, GARAGE_KEY)
        self.assertEqual(certificates.pair(self.root), (GARAGE_CERTIFICATE, GARAGE_KEY, "imported"))

    def test_a_pair_kept_as_two_files_is_read_until_another_is_imported(self):
        def two_files():
            for name, data in (("cert.der", OTHER_CERTIFICATE), ("key.der", OTHER_KEY)):
                with open(self.root + "data/" + name, "wb") as file:
                    file.write(data)
        self.provision()
        two_files()
        self.assertEqual(certificates.pair(self.root), (OTHER_CERTIFICATE, OTHER_KEY, "imported"))
        certificates.keep(self.root, GARAGE_CERTIFICATE, GARAGE_KEY)
        self.assertEqual(certificates.pair(self.root), (GARAGE_CERTIFICATE, GARAGE_KEY, "imported"))
        self.assertEqual([name for name in os.listdir(self.root + "data") if name.endswith(".der")], [])
        two_files()
        self.assertTrue(certificates.forget(self.root))
        self.assertEqual((certificates.pair(self.root)[2], certificates.forget(self.root)), ("provisioned", False))
        self.assertEqual(os.listdir(self.root + "data"), [])

    def test_half_a_pair_is_none(self):
        self.provision()
        with open(self.root + "data/cert.der", "wb") as file:
            file.write(OTHER_CERTIFICATE)
        self.assertEqual(certificates.pair(self.root)[2], "provisioned")


if __name__ == "__main__":
    unittest.main()
