# cpython only: the whole firmware on the twin in one process
"""Faults that no car and no mains raise: a damaged file, a task that dies, a driver that raises. Begin, advice, and their end."""

import json
import sys
import unittest
from pathlib import Path

from host_tests.twin.charger import Charger

SECOND_US = 1_000_000


class TestInnerFaults(unittest.TestCase):
    def names(self, charger):
        return [fault["name"] for fault in charger.fact("faults")]

    def after(self, charger, at_s, name, present=True):
        """At that time the fault must be there, with its advice, or be gone."""
        def look():
            self.assertEqual(name in self.names(charger), present, (name, charger.clock.now_us))
            for fault in charger.fact("faults"):
                self.assertEqual(fault["advice"], "fault." + fault["name"])
        charger.at(at_s, look)

    def restart(self, charger, at_s):
        charger.at(at_s, lambda: charger.world.reset("soft"))

    def test_a_damaged_settings_file_is_told_until_the_next_start(self):
        charger = Charger(self)
        file = Path(charger.folder, "data", "settings")
        data = bytearray(file.read_bytes())
        data[-10] ^= 0xFF
        file.write_bytes(bytes(data))
        self.after(charger, 3, "settings_damaged")
        charger.at(4, charger.ev(plugged=True))
        charger.at(15, lambda: self.assertEqual(charger.fact("offered_ma"), 6000))     # the least: nobody knows the wires
        charger.at(16, lambda: charger.app.settings.set_many({"installation.fuse_a": 10}))
        self.restart(charger, 17)
        self.after(charger, 22, "settings_damaged", False)
        charger.run(23)

    def test_a_meter_of_an_unknown_type_is_a_fault_and_values_are_estimated(self):
        charger = Charger(self)
        self.after(charger, 3, "meter_setting", False)
        # older firmware comes back and finds what a newer one knew
        charger.at(4, lambda: charger.app.settings._values.update({"meter.type": "tomorrows_meter"}))
        charger.at(5, lambda: charger.app.settings.save())
        self.restart(charger, 6)
        self.after(charger, 10, "meter_setting")
        charger.at(11, charger.ev(plugged=True))
        charger.at(20, lambda: self.assertEqual(charger.fact("meter_source"), "estimate"))
        charger.at(21, charger.ev(plugged=False))
        charger.at(24, lambda: charger.app.settings.set_many({"meter.type": "eastron_sdm630"}))
        self.restart(charger, 25)
        self.after(charger, 30, "meter_setting", False)
        charger.run(31)

    def test_a_start_in_safe_mode_is_told_by_the_next_one(self):
        charger = Charger(self)
        entry = {"format": 1, "entries": [{"number": 1, "kind": "safe_mode", "slot": None, "reason": "button"}]}
        Path(charger.folder, "boot_log.json").write_text(json.dumps(entry))
        self.after(charger, 3, "safe_mode_before")
        self.restart(charger, 4)
        self.after(charger, 8, "safe_mode_before", False)
        charger.run(9)

    def test_a_damaged_card_list_is_told_when_somebody_looks_and_until_the_next_start(self):
        charger = Charger(self)
        seen = []

        def damage():
            from firmware.access.card import Card
            uids = [bytes((4, number >> 8, number & 0xFF, 1)) for number in range(400)]
            for _ in charger.app.cards.replace([(uid, Card(uid).row()) for uid in uids]):
                continue
            for file in Path(charger.folder, "data").glob("cards*"):
                seen.append(file.name)
                data = bytearray(file.read_bytes())
                for place in range(40, len(data), 64):
                    data[place] ^= 0xFF
                file.write_bytes(bytes(data))
        charger.at(3, damage)
        charger.at(20, lambda: charger.app.cards.find(bytes((4, 0, 7, 1))))
        self.after(charger, 22, "card_list")
        charger.at(23, lambda: charger.app.cards.clear())
        self.restart(charger, 24)
        self.after(charger, 30, "card_list", False)
        charger.run(31)
        self.assertIn("cards", seen)

    def test_a_driver_that_has_raised_is_a_fault_until_the_next_start(self):
        charger = Charger(self)
        charger.at(4, lambda: charger.app.board.errors.update({"lock": 1}))
        self.after(charger, 6, "driver")
        charger.at(7, lambda: self.assertEqual(charger.fact("board")["failing"], ["lock"]))
        self.restart(charger, 8)
        self.after(charger, 13, "driver", False)
        charger.run(14)

    def test_a_coils_pin_that_refuses_for_a_while_is_a_driver_and_no_weld_and_a_restart_ends_it(self):
        charger = Charger(self)
        gpio, undo = charger.twin.board["pins"]["contactor_1"], []

        def refuse():
            pin_class = sys.modules["machine"].Pin
            real, forget = pin_class.value, charger.twin.hal.disturb()

            def value(pin, *values):
                if pin._n == gpio:
                    raise OSError(5)
                return real(pin, *values)
            pin_class.value = value
            undo.extend((lambda: setattr(pin_class, "value", real), forget))

        def obey():
            for step in undo:
                step()
        charger.at(3, charger.ev(plugged=True))
        charger.at(20, refuse)
        charger.at(20.4, obey)
        charger.at(25, lambda: self.assertEqual(self.names(charger), ["driver", "guard_opened"]))
        charger.at(25.1, lambda: self.assertEqual(charger.fact("contactor"), "open"))
        self.restart(charger, 26)
        charger.at(60, lambda: self.assertEqual((self.names(charger), charger.fact("contactor")), ([], "closed")))
        charger.run(61)

    def test_a_loop_that_is_late_three_times_ends_the_charge_in_order_and_is_told_for_a_minute(self):
        charger = Charger(self)
        charger.at(2, charger.ev(plugged=True))
        charger.at(10, lambda: self.assertEqual(charger.fact("contactor"), "closed"))
        for at_s in (11, 12, 13):
            charger.at(at_s, lambda: charger.clock.spend_us(115_000))
        self.after(charger, 14, "loop_late")
        charger.at(22, lambda: self.assertTrue(charger.edges("coil", False, 13 * SECOND_US)))
        self.after(charger, 80, "loop_late", False)
        charger.run(81)


if __name__ == "__main__":
    unittest.main()
