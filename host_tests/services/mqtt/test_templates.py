# cpython only: Home Assistant's templates, rendered by what renders them there
"""What Home Assistant makes of our documents by our templates, and which commands come back."""
import json
import unittest

from jinja2.sandbox import SandboxedEnvironment

from firmware.charging.commands import check_arguments
from firmware.services.mqtt.orders import SWITCHES, _plain
from host_tests.services.mqtt.charger import BASE, Charger
from host_tests.services.mqtt.home_assistant import problems
from host_tests.services.mqtt.mosquitto import Mosquitto, Peer, needs_mosquitto, until

IDLE, CHARGING, FAULT = range(3)
CONFIG = "homeassistant/device/mode3-M3-TWIN-0001/config"


class HomeAssistant:
    """Shows what a device's entities say, from the newest documents."""

    def __init__(self, peer):
        self._peer = peer
        self._environment = SandboxedEnvironment()
        self._environment.filters["to_json"] = json.dumps

    def parts(self):
        return self._peer.newest(CONFIG)["cmps"]

    def shown(self):
        """{key: text} of all entities with a state."""
        return {key: self.render(part["val_tpl"], value_json=self._peer.newest(part["stat_t"]))
                for key, part in self.parts().items() if "val_tpl" in part}

    def render(self, template, **values):
        return self._environment.from_string(template).render(**values)

    def commands(self):
        """(name, arguments) of everything that it can ask for."""
        for part in self.parts().values():
            said = [part[field] for field in ("pl_on", "pl_off", "pl_prs", "pl_inst") if field in part]
            for value in part.get("ops", [part.get("min"), part.get("max")]) if "cmd_tpl" in part else ():
                said.append(self.render(part["cmd_tpl"], value=value))
            for text in said:
                yield part["cmd_t"].rpartition("/")[2], json.loads(text)


# key -> what Home Assistant shows before the vehicle, while it charges, and with a fault
SHOWN = {
    "state": ("Idle", "Charging", "UnrecoverableError"), "why_not_charging": ("no_vehicle", "charging", "fault"),
    "offered_current": ("0.0", "9.0", "0.0"), "current_limit": ("16", "9", "9"), "current_l3": ("0.0", "9.0", "0.0"),
    "plugged": ("OFF", "ON", "ON"), "charging": ("OFF", "ON", "OFF"), "problem": ("OFF", "OFF", "ON"),
    "fault_residual_current": ("OFF", "OFF", "ON"), "fault_contactor": ("OFF", "OFF", "OFF"), "available": ("ON",) * 3,
    "charging_enabled": ("ON",) * 3, "mode": ("immediate",) * 3, "temperature_interior": ("None",) * 3,
}


@needs_mosquitto
class TestTemplates(unittest.TestCase):
    def test_every_entity_shows_what_is_and_every_command_is_one(self):
        broker = Mosquitto(self)
        peer = Peer(self, broker)
        charger, home, seen = Charger(self, broker.port), HomeAssistant(peer), {}

        def look(moment):
            """The documents are on their way through the broker in real time, each for itself."""
            def differs():
                seen[moment] = home.shown()
                return {key: seen[moment][key] for key, values in SHOWN.items() if seen[moment][key] != values[moment]}
            until(lambda: peer.newest(CONFIG) and peer.newest(BASE + "diagnostics"), "all documents")
            until(lambda: not differs(), differs)
        charger.at(12, lambda: look(IDLE))          # the meter has answered by then
        charger.at(13, charger.ev(plugged=True))
        charger.at(18, lambda: peer.say(BASE + "cmd/set_ceiling", {"source": "home_assistant", "limit_ma": 9000}))
        charger.at(36, lambda: look(CHARGING))
        charger.at(42, lambda: charger.world.set_fault("rcd_ac", True))
        charger.at(50, lambda: look(FAULT))
        charger.run(51)

        self.assertEqual(problems(json.dumps(peer.newest(CONFIG))), [])
        self.assertGreater(int(seen[CHARGING]["power"]), 5000)
        self.assertGreater(int(seen[FAULT]["energy"]), int(seen[IDLE]["energy"]))
        firmware = json.loads(seen[IDLE]["firmware"])
        self.assertEqual((firmware["installed_version"], firmware["in_progress"]), (firmware["latest_version"], False))
        self.assertEqual([text for text in seen[CHARGING].values() if "{{" in text or "method" in text], [])

        commands = list(home.commands())
        self.assertGreater(len(commands), 8)
        for name, args in commands:
            check_arguments(*_plain(name, args))
        for name in ("set_ceiling", "mode", "availability", "clear", SWITCHES[0][0]):
            self.assertIn(name, [command[0] for command in commands])


if __name__ == "__main__":
    unittest.main()
