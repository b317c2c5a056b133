# cpython only: reads the firmware's sources
"""Whoever gives commands says a source that is either inside by name or must be allowed first."""
import re
import unittest
from pathlib import Path

from firmware.charging.sources import OUTSIDE

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
INSIDE = ("web", "card", "button")          # a person who stands there, or has logged in


class Sources(unittest.TestCase):
    def test_every_source_of_a_command_in_the_firmware_is_known(self):
        found = set()
        for path in FIRMWARE.rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found |= set(re.findall(r"\.command\([^\n]*, \"(\w+)\"\)", text))
            found |= set(re.findall(r"^(?:_SOURCE|WEB|API) = \"(\w+)\"", text, re.M))
        self.assertTrue({"web", "api", "button"} <= found, found)
        self.assertEqual(found - set(INSIDE) - set(OUTSIDE), set())


if __name__ == "__main__":
    unittest.main()
