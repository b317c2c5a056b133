"""Backup over HTTP: made under a password, looked at before it is taken back, and taken back whole or not at all."""
import asyncio
import json
import unittest

from firmware import pbkdf2
from firmware.services.web.backup_api import BackupApi
from firmware.services.web.roles import CONTROL
from firmware.settings import schema, sealed
from firmware.settings.store import Store
from host_tests.services.web.harness import ApiTest

PATH = "/api/v1/backup"
PASSWORD = "correct horse \u00e4 50%"
ESCAPED = "correct%20horse%20%C3%A4%2050%25"
SALT = bytes(16)


def sealed_text(text, password=PASSWORD):
    key = list(pbkdf2.slices(password.encode(), SALT, 2))[-1]
    return b"".join(sealed.sealing(text.encode(), key, SALT, 2))


class Backup(ApiTest):
    def setUp(self):
        self.settings = Store()
        self.settings.set_many({"identity.serial": "M3-1", "station.name": "Ann", "installation.fuse_a": 16, "time.zone": "CET-1"})
        self.settings.guard("installation.cable", lambda value: "tethered" if value == "socket" else None)
        self.may = True
        self.noted = []
        self.progress = [None]
        self.api = BackupApi(self.settings, "1.2.3", lambda: self.may, self.noted.append, self.progress, 2)

    def options(self):
        return {"settings": self.settings}

    async def put(self, server, data, query="", password=ESCAPED):
        head = "PUT %s%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\nX-Backup-Password: %s\r\n\r\n" % (
            PATH, query, len(data), password)
        return await server.raw(head.encode() + data)

    def state(self):
        return {row["key"]: row["value"] for row in self.settings.describe(None)}

    def test_a_backup_brings_the_settings_back_and_leaves_identity_and_persons_alone(self):
        async def test(server):
            answer = await server.call("POST", PATH, {"password": PASSWORD})
            self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/octet-stream"))
            data = answer.body
            self.assertEqual(self.noted, ["backup_made"])
            for part in (b"fuse", b"M3-1", b"Ann", b"CET"):
                self.assertNotIn(part, data)
            self.settings.set_many({"installation.fuse_a": 20, "time.zone": None, "station.name": "Ben", "sounds.on": False})
            before = self.state()
            wanted = [{"key": "installation.fuse_a", "from": 20, "to": 16, "restart": False},
                      {"key": "sounds.on", "from": False, "to": True, "restart": False},
                      {"key": "time.zone", "from": "UTC0", "to": "CET-1", "restart": False}]
            self.may = False                             # looking is allowed while power flows, taking is not
            answer = await self.put(server, data, "?check=1")
            self.assertEqual(answer.json(), {"changes": wanted, "refused": []})
            self.assertEqual((await self.put(server, data)).status, 409)
            self.assertEqual(self.state(), before)
            self.may = True
            self.assertEqual((await self.put(server, data)).json()["changes"], wanted)
            self.assertEqual(self.state(), dict(before, **{row["key"]: row["to"] for row in wanted}))
            self.assertEqual(self.settings.get("station.name"), "Ben")
            self.assertEqual(self.noted, ["backup_made", "backup_restored"])
        self.with_server(test)

    def test_what_is_sealed_holds_the_plain_settings_only(self):
        before = schema.SETTINGS
        schema.SETTINGS = before + (("zz.key", schema.STR, "", (0, 12), "", "-w", "s"),)
        try:
            self.settings.set_many({"zz.key": "hush"})

            async def test(server):
                data = (await server.call("POST", PATH, {"password": PASSWORD})).body
                salt, iterations = sealed.salt_of(data)
                text = list(sealed.opening(data, list(pbkdf2.slices(PASSWORD.encode(), salt, iterations))[-1]))[-1].decode()
                self.assertIn("\ninstallation.fuse_a = 16\n", text)
                for part in ("hush", "zz.key", "M3-1", "serial", "Ann"):
                    self.assertNotIn(part, text)
            self.with_server(test)
        finally:
            schema.SETTINGS = before

    def test_what_is_no_good_is_refused_and_changes_nothing(self):
        good = sealed_text("sounds.on = false\n")
        broken = good[:40] + bytes([good[40] ^ 1]) + good[41:]

        async def test(server):
            before = self.state()
            for data, password, status, code in (
                    (good, "wrong%20password", 422, "wrong_password"), (good, "", 422, "wrong_password"),
                    (good, "50%", 400, "bad_request"), (good[:-1], ESCAPED, 422, "damaged"), (broken, ESCAPED, 422, "damaged"),
                    (good[:4] + b"\x02" + good[5:], ESCAPED, 422, "newer_version"),
                    (b"sounds.on = false", ESCAPED, 422, "not_a_backup"), (b"", ESCAPED, 422, "not_a_backup"),
                    (sealed_text("# schema = 99\n"), ESCAPED, 422, "bad_backup"),
                    (sealed_text("nonsense"), ESCAPED, 422, "bad_backup"), (bytes(32897), ESCAPED, 413, "payload_too_large"),
                    (sealed_text("sounds.on = false\ninstallation.fuse_a = 99"), ESCAPED, 422, "bad_value"),
                    (sealed_text("sounds.on = false\nidentity.serial = X"), ESCAPED, 422, "bad_value")):
                for query in ("", "?check=1"):
                    answer = await self.put(server, data, query, password)
                    if query and code == "bad_value":
                        self.assertEqual(len(answer.json()["refused"]), 1)
                        continue
                    self.assertEqual((answer.status, answer.json()["error"]["code"]), (status, code))
            self.assertEqual(self.state(), before)
            self.assertEqual((self.noted, self.progress), ([], [None]))
        self.with_server(test)

    def test_what_this_charger_refuses_can_be_left_out(self):
        data = sealed_text("sounds.on = false\ninstallation.cable = socket\nno.such = 1\ncharging.min_current_a = 32\n"
                           "charging.max_current_a = 10\n")

        async def test(server):
            told = (await self.put(server, data, "?check=1")).json()
            self.assertEqual([row["key"] for row in told["refused"]], ["installation.cable", "no.such", "charging.min_current_a"])
            self.assertEqual([row["key"] for row in told["changes"]], ["charging.max_current_a", "sounds.on"])
            answer = await self.put(server, data)
            self.assertEqual((answer.status, answer.json()["error"]["field"]), (422, "installation.cable"))
            self.assertIn("skip=1", answer.json()["error"]["message"])
            self.assertTrue(self.settings.get("sounds.on"))
            self.assertEqual((await self.put(server, data, "?skip=1")).json(), told)
            self.assertEqual((self.settings.get("sounds.on"), self.settings.get("charging.max_current_a")), (False, 10))
        self.with_server(test)

    def test_a_password_of_a_backup_is_long_enough(self):
        async def test(server):
            for password in (None, "", "short", "x" * 65, 1234567890, "\ud800" * 12):
                body = None if password is None else {"password": password}
                head = "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
                data = b"" if body is None else json.dumps(body).encode()
                answer = await server.raw((head % (PATH, len(data))).encode() + data)
                self.assertEqual((answer.status, answer.json()["error"]["field"]), (422, "password"), body)
            self.assertEqual(self.noted, [])
        self.with_server(test)

    def test_progress_is_told_meanwhile_and_a_second_one_waits_its_turn(self):
        self.api._iterations = 20000

        async def test(server):
            making = asyncio.create_task(server.call("POST", PATH, {"password": PASSWORD}))
            seen = []
            while not making.done():
                seen.append((await server.call("GET", PATH + "/progress")).json()["permille"])
                if seen[-1] and len(seen) < 90:
                    seen += [None] * 90
                    answer = await server.call("POST", PATH, {"password": PASSWORD})
                    self.assertEqual((answer.status, answer.json()["error"]["code"]), (409, "busy"))
                await asyncio.sleep_ms(0)          # virtual time stands still while the key is derived
            numbers = [number for number in seen if number is not None]
            self.assertEqual(numbers, sorted(numbers))
            self.assertTrue(any([0 < number < 1000 for number in numbers]), seen)
            self.assertEqual((await making).status, 200)
            self.assertEqual((await server.call("GET", PATH + "/progress")).json(), {"permille": None})
        self.with_server(test)

    def test_only_an_administrator_may(self):
        async def test(server):
            self.assertEqual((await server.call("POST", PATH, {"password": PASSWORD})).status, 403)
            self.assertEqual((await self.put(server, b"")).status, 403)
            self.assertEqual((await server.call("GET", PATH + "/progress")).status, 403)
        self.with_server(test, role_of=lambda request: CONTROL)


if __name__ == "__main__":
    unittest.main()
