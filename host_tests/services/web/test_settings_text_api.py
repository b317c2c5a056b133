"""Settings as a file over HTTP: looked at first, taken as a whole or not at all, and only by an administrator."""
import unittest

from firmware.services.web.roles import CONTROL
from firmware.services.web.settings_text_api import SettingsTextApi
from firmware.settings.store import Store
from host_tests.services.web.harness import ApiTest

PATH = "/api/v1/settings.txt"


class SettingsText(ApiTest):
    def setUp(self):
        self.settings = Store()
        self.settings.set_many({"identity.serial": "M3-1", "installation.fuse_a": 16})
        self.settings.guard("time.zone", lambda value: "a zone without Z" if "Z" in value else None)
        self.may = True
        self.noted = []
        self.api = SettingsTextApi(self.settings, lambda: self.settings.get("identity.serial"), "1.2.3", lambda: self.may,
                                   self.noted.append)

    def options(self):
        return {"settings": self.settings}

    async def put(self, server, text, query="", name=None):
        data = text if isinstance(text, bytes) else text.encode()
        head = "PUT %s%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n" % (PATH, query, len(data))
        if name is not None:
            head += "X-File-Name: %s\r\n" % name
        return await server.raw(head.encode() + b"\r\n" + data)

    def test_an_export_taken_back_changes_nothing_and_sets_up_another_charger_alike(self):
        async def test(server):
            answer = await server.call("GET", PATH)
            self.assertEqual(answer.headers["content-disposition"], 'attachment; filename="settings.txt"')
            self.assertNotIn(b"M3-1", answer.body)
            self.assertEqual((await self.put(server, answer.body)).json(), {"changes": []})
            self.settings.set_many({"installation.fuse_a": None})
            changes = (await self.put(server, answer.body, name="settings.txt")).json()["changes"]
            self.assertEqual(changes, [{"key": "installation.fuse_a", "from": 6, "to": 16, "restart": False}])
            self.assertEqual(self.settings.get("installation.fuse_a"), 16)
            bound = await server.call("GET", PATH + "?serial=1")
            self.assertEqual(bound.headers["content-disposition"], 'attachment; filename="settings_M3-1.txt"')
            self.assertTrue(bound.body.startswith(b"# serial = M3-1\n"))
            self.settings.set_many({"identity.serial": "M3-2"})
            self.assertEqual((await self.put(server, bound.body)).status, 422)
        self.with_server(test)

    def test_a_check_tells_the_changes_and_makes_none(self):
        async def test(server):
            text = "installation.phases = 1\nsounds.on = false\ninstallation.fuse_a = 16\n"
            self.may = False                                     # looking is allowed while power flows
            answer = await self.put(server, text, "?check=1")
            self.assertEqual(answer.json()["changes"], [
                {"key": "installation.phases", "from": 3, "to": 1, "restart": True},
                {"key": "sounds.on", "from": True, "to": False, "restart": False}])
            self.assertEqual((self.settings.get("installation.phases"), self.noted), (3, []))
            answer = await self.put(server, text)
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (409, "charging"))
            self.assertEqual(self.settings.get("installation.phases"), 3)
            self.may = True
            self.assertEqual((await self.put(server, text)).status, 200)
            self.assertEqual((self.settings.get("installation.phases"), self.noted), (1, ["settings_imported"]))
            self.assertEqual(self.settings.restart_needed, ["installation.phases"])
        self.with_server(test)

    def test_one_wrong_line_and_nothing_of_the_file_is_taken(self):
        good = "sounds.on = false\n"
        cases = (
            ("installation.fuse_a = 99", "installation.fuse_a", "line 2, ", "from 6 to 63 A", "range"),
            ("installation.fuse_a = 16 A", "installation.fuse_a", "line 2, ", "from 6 to 63 A", "range"),
            ("no.such = 1", "no.such", "line 2, ", "no such setting", None),
            ("time.zone = ZZZ0", "time.zone", "line 2, ", "a zone without Z", "guard"),
            ("charging.min_current_a = 32\ncharging.max_current_a = 10", "charging.min_current_a", "line 2, ", "no more than",
             "rule"),
            ("sounds.on = true", "sounds.on", "line 2, ", "line 1", "twice"),
            ("sounds", None, "line 2: ", "key = value", "form"),
            ("station.name = \"Car", "station.name", "line 2, ", "JSON", "quotes"),
            ("station.showroom = true", "station.showroom", "line 2, ", "only reading", None),
            ("identity.serial = M3-9", "identity.serial", "line 2, ", "only reading", None),
        )

        async def test(server):
            for text, key, line, words, rule in cases:
                for query in ("", "?check=1"):
                    answer = await self.put(server, good + text, query)
                    error = answer.json()["error"]
                    self.assertEqual((answer.status, error["field"], error.get("rule")), (422, key, rule), text)
                    self.assertTrue(error["message"].startswith(line), error["message"])
                    self.assertIn(words, error["message"])
                    self.assertTrue(self.settings.get("sounds.on"), text)
            answer = await self.put(server, good, name="settings_M3-2.txt")
            self.assertEqual(answer.status, 422)
            self.assertIn("M3-2", answer.json()["error"]["message"])
            self.assertEqual(answer.json()["error"]["rule"], "charger")
            answer = await self.put(server, "# schema = 99\n" + good)
            self.assertEqual((answer.status, answer.json()["error"]["rule"]), (422, "newer_version"))
            self.assertEqual(self.noted, [])
        self.with_server(test)

    def test_flash_that_fails_and_settings_that_change_meanwhile_leave_everything_as_it_was(self):
        async def test(server):
            plain = self.settings.commit
            self.settings.commit = lambda plan: False
            self.assertEqual((await self.put(server, "sounds.on = false")).status, 409)

            def fail(plan):
                raise OSError(5)
            self.settings.commit = fail
            self.assertEqual((await self.put(server, "sounds.on = false")).status, 503)
            self.settings.commit = plain
            self.assertTrue(self.settings.get("sounds.on"))
            self.assertEqual(self.noted, [])
        self.with_server(test)

    def test_only_an_administrator_may(self):
        async def test(server):
            self.assertEqual((await server.call("GET", PATH)).status, 403)
            self.assertEqual((await self.put(server, "sounds.on = false")).status, 403)
        self.with_server(test, role_of=lambda request: CONTROL)


if __name__ == "__main__":
    unittest.main()
