"""Settings through the JSON interface: what a change answers, who may change what, what is refused."""
import asyncio
import unittest

from firmware.energy import meter_types
from firmware.services.web.roles import CONTROL
from firmware.settings.schema import SETTINGS
from firmware.settings.store import Store
from host_tests.services.web.harness import Server, run


class _FullFlash:
    """A settings file that cannot be written."""

    def write(self, payload):
        raise OSError(28)


class Settings(unittest.TestCase):
    def test_settings_are_read_and_changed(self):
        async def main():
            async with Server() as server:
                before = (await server.call("GET", "/api/v1/settings")).json()
                self.assertEqual(sorted(before), sorted([row[0] for row in SETTINGS]))
                answer = await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 20, "charging.min_current_a": 8})
                self.assertEqual((answer.status, answer.json()["installation.fuse_a"]), (200, 20))
                self.assertEqual(server.settings.get("charging.min_current_a"), 8)
                table = (await server.call("GET", "/api/v1/settings/table")).json()["settings"]
                self.assertEqual([row["key"] for row in table], [row[0] for row in SETTINGS])
        run(main())

    def test_the_answer_to_a_change_says_what_acts_now_and_what_after_a_restart(self):
        async def main():
            async with Server() as server:
                both = {"installation.fuse_a": 20, "installation.phases": 1}
                answer = (await server.call("PUT", "/api/v1/settings", both)).json()
                self.assertEqual((answer["applied"], answer["restart_needed"]), (["installation.fuse_a"], ["installation.phases"]))
                answer = (await server.call("PUT", "/api/v1/settings", dict(both, **{"meter.address": 2}))).json()
                self.assertEqual((answer["applied"], answer["restart_needed"]), ([], []))
                answer = (await server.call("PUT", "/api/v1/settings", {"installation.phases": 3})).json()
                self.assertEqual((answer["applied"], answer["restart_needed"]), (["installation.phases"], []))
        run(main())

    def test_the_meters_that_the_setting_may_name(self):
        async def main():
            async with Server() as server:
                rows = (await server.call("GET", "/api/v1/meters")).json()["meters"]
                self.assertEqual([row["name"] for row in rows], meter_types.names())
                unverified = [row["name"] for row in rows if row["evidence"] == "unverified"]
                self.assertIn("schneider_iem2155", unverified)
                self.assertNotIn("eastron_sdm630", unverified)
        run(main())

    def test_a_change_while_power_flows_waits_in_ram(self):
        async def main():
            open_now = [False]
            async with Server(may_write=lambda: open_now[0]) as server:
                await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 20})
                self.assertEqual((server.settings.get("installation.fuse_a"), server.settings.dirty), (20, True))
                open_now[0] = True
                await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 25})
                self.assertFalse(server.settings.dirty)
        run(main())

    def test_what_takes_long_to_read_is_refused_while_power_flows(self):
        async def main():
            async with Server(may_write=lambda: False) as server:
                for body, field in (({"mqtt.ca": "x" * 513}, "mqtt.ca"), ({"mqtt.ca": "x" * 5000}, None)):
                    answer = await server.call("PUT", "/api/v1/settings", body)
                    error = answer.json()["error"]
                    self.assertEqual((answer.status, error["code"], error["field"]), (409, "charging", field))
                self.assertEqual((await server.call("PUT", "/api/v1/settings", {"mqtt.ca": "x" * 512})).status, 200)
            async with Server() as server:
                self.assertEqual((await server.call("PUT", "/api/v1/settings", {"mqtt.ca": "x" * 8000})).status, 200)
        run(main())

    def test_others_run_while_many_settings_are_changed_and_what_they_changed_stays(self):
        async def main():
            async with Server() as server:
                changes = {"installation.fuse_a": 20, "charging.min_current_a": 8, "time.zone": "CET-1"}
                seen, tasks = [], []

                async def other():
                    server.settings.set_many({"lights.brightness_percent": 70})

                def refuse(value):
                    if not seen:               # somebody else's change, in the middle of this one
                        tasks.append(asyncio.create_task(other()))
                    seen.append(value)

                server.settings.guard("charging.min_current_a", refuse)
                answer = await server.call("PUT", "/api/v1/settings", changes)
                self.assertEqual(sorted(answer.json()["applied"]), sorted(changes))
                self.assertEqual(server.settings.get("lights.brightness_percent"), 70)
                self.assertEqual(len(seen), 2)        # looked at anew
        run(main())

    def test_one_bad_value_changes_nothing_and_is_named(self):
        async def main():
            async with Server() as server:
                before = (await server.call("GET", "/api/v1/settings")).json()
                for key, value, code in (
                        ("charging.min_current_a", 99, "bad_value"), ("charging.min_current_a", "8", "bad_value"),
                        ("status.public", 1, "bad_value"), ("no.such", 1, "unknown_setting")):
                    with self.subTest(key=key, value=value):
                        answer = await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 20, key: value})
                        error = answer.json()["error"]
                        self.assertEqual((answer.status, error["code"], error["field"]), (422, code, key))
                        self.assertIn("allowed is", error["message"])
                        self.assertEqual((await server.call("GET", "/api/v1/settings")).json(), before)
                answer = await server.call("PUT", "/api/v1/settings", {"identity.serial": "X1"})
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (403, "read_only"))
        run(main())

    def test_a_user_may_change_less_than_an_admin(self):
        async def main():
            async with Server(role_of=lambda request: CONTROL) as server:
                self.assertEqual((await server.call("PUT", "/api/v1/settings", {"charging.max_current_a": 10})).status, 200)
                answer = await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 10})
                self.assertEqual((answer.status, answer.json()["error"]["field"]), (403, "installation.fuse_a"))
                self.assertEqual((await server.call("POST", "/api/v1/commands/stop")).status, 200)
                self.assertEqual((await server.call("POST", "/api/v1/commands/service_mode", {"mode": "normal"})).status, 403)
                self.assertEqual(server.station.taken, [("stop", {})])
        run(main())

    def test_flash_that_cannot_be_written_is_told_and_changes_nothing(self):
        async def main():
            async with Server(settings=Store(_FullFlash())) as server:
                answer = await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 20})
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (503, "flash_failed"))
                self.assertEqual(server.settings.get("installation.fuse_a"), 6)
        run(main())


if __name__ == "__main__":
    unittest.main()
