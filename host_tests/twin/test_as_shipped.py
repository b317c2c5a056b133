# cpython only: the world and the build; the firmware itself runs on MicroPython
"""What ships is not the sources but what the build makes of them: it must do the same."""
import http.client
import json
import tempfile
import unittest

from firmware.charging.commands import COMMANDS
from firmware.charging.facts import FACTS
from firmware.energy.meter_table import METERS
from firmware.settings.schema import SETTINGS
from tools.bench.charger import Charger, Failed, built
from tools.setup.vm import VmMissing, vm_command


class AsShipped(unittest.TestCase):
    def test_the_built_firmware_charges_answers_and_keeps_its_tables(self):
        try:
            vm_command()
        except VmMissing as error:
            self.skipTest("no MicroPython VM: %s" % error)
        with tempfile.TemporaryDirectory() as folder:
            built(folder)
            self.assertEqual(Charger(4096, folder).play(self._story), "done")

    def _story(self, charger):
        charger.wait_for_page()
        charger.first_view()
        charger.log_in()
        for path, key, name, table in (("facts", "facts", "name", FACTS), ("commands", "commands", "name", COMMANDS),
                                       ("settings/table", "settings", "key", SETTINGS), ("meters", "meters", "name", METERS)):
            rows = json.loads(charger.ask("api/v1/" + path))[key]
            self.assertEqual([row[name] for row in rows], [row[0] for row in table])
        for _ in range(2):                       # loaded at a request, forgotten, loaded again
            self.assertEqual(json.loads(charger.ask("api/v1/cards")),
                             {"count": 0, "teaching": {"mode": "off", "left_s": 0}, "cards": [], "next": None})
            self.assertEqual(json.loads(charger.ask("api/v1/pin")), {"asked": False, "wait_s": 0})
            self.assertEqual(json.loads(charger.ask("api/v1/sessions")), {"sessions": [], "next": None})
            self.assertEqual(json.loads(charger.ask("api/v1/curve"))["power_w"], [])
            self.assertEqual(json.loads(charger.ask("api/v1/events?kind=fault"))["events"], [])
            self.assertIn(b"power_on", charger.ask("api/v1/events.csv"))
            self.assertIn(b"</html>", charger.ask("api/v1/statement?month=2026-11&lang=fr"))
            self.assertIn(b"<td>Idle</td>", charger.ask("api/v1/report"))
            self.assertIn(b"\ninstallation.fuse_a = 16\n", charger.ask("api/v1/settings.txt"))
            self.assertEqual(json.loads(charger.ask("api/v1/backup/progress")), {"permille": None})
            self.assertIn("firmware", json.loads(charger.ask("api/v1/factory_reset"))["keeps"])
        self._command(charger, "clear_cache", {})        # modules that few chargers ever need
        self._command(charger, "reserve", {"id": "04A1B2C3", "for_s": 60})
        self.assertEqual(self._facts(charger)["reservation"]["id"], "04A1B2C3")
        self._command(charger, "cancel_reservation", {})
        charger.charge()
        world = charger.twin.world
        charger.wait_until(lambda: self._facts(charger)["power_w"], "a reading of the meter")
        found = self._facts(charger)
        self.assertEqual((found["overview_state"], found["faults"], found["contactor"]), ("Charging", [], "closed"))
        charger.wait_until(lambda: json.loads(charger.ask("api/v1/curve"))["power_w"], "the curve's first point")
        charger.call(lambda: world.set_ev({"diode": False}))
        charger.wait_until(lambda: not charger.coil(), "the coil's end without a diode")
        charger.wait_until(lambda: self._facts(charger)["faults"], "the fault")
        fault = self._facts(charger)["faults"][0]
        self.assertEqual((fault["code"], fault["name"], fault["severity"]), (5, "diode", "error"))
        charger.call(lambda: world.set_ev({"plugged": False}))
        charger.wait_until(lambda: self._facts(charger)["cp_state"] == "A", "the unplugged pilot")
        charger.wait_until(lambda: self._curve(charger), "the session's curve")
        self.assertGreater(max(self._curve(charger)["power_w"]), 100)
        record = json.loads(charger.ask("api/v1/sessions"))["sessions"][0]
        self.assertEqual((record["station"], record["connector_type"]), (found["serial"], "tethered"))
        for mode in ("demo", "normal"):          # a module that is only fetched when somebody wants the show
            self._command(charger, "service_mode", {"mode": mode})
            self.assertEqual(self._facts(charger)["service_mode"], mode)
        self.assertFalse([text for text in charger.events if "ended" in text])
        self.assertEqual([task["name"] for task in self._facts(charger)["tasks"] if task["restarts"]], [])
        return "done"

    def _curve(self, charger):
        try:
            return json.loads(charger.ask("api/v1/sessions/1/curve"))
        except Failed:
            return None                          # it is written a moment after the record

    def _command(self, charger, name, args):
        client = http.client.HTTPConnection("127.0.0.1", charger.port, timeout=60)
        headers = dict(charger.headers, **{"Content-Type": "application/json"})
        client.request("POST", "/api/v1/commands/" + name, json.dumps(args), headers)
        answer = client.getresponse()
        self.assertEqual((answer.status, json.loads(answer.read())), (200, {"result": "accepted"}))
        client.close()

    def _facts(self, charger):
        return json.loads(charger.ask("api/v1/status"))


if __name__ == "__main__":
    unittest.main()
