# cpython only: it starts the MicroPython VM itself, beside the same proofs on CPython
"""boot.py with the supply cut at every flash operation."""
import unittest

from host_tests.boot.cases import CRASH, OnADevice, pointer, started
from host_tests.boot.devices import VmDevice


class PowerCuts(OnADevice, unittest.TestCase):
    """The supply fails at every flash operation; the next start happens in a fresh VM on a copy of that flash."""

    Device = VmDevice

    def sweep(self, device, allowed, code=None, cause="power"):
        """Cuts one start (boot.py, or `code`) at each operation. After each the pointer must be one of `allowed`, to
        the byte, and the charger must start a slot. Returns how many cuts there were."""
        image, rtc = device.copy_image(), device.rtc
        look = ("import os\ntry:\n    print('POINTER', open('/slot.json').read())\nexcept OSError as e:\n"
                "    print('POINTER', e)\nexec(open('/boot.py').read(), {})\n")
        seen, cuts = set(), 0
        for torn in (False, True):
            number = 1
            while True:
                device.use_image(image)
                device.rtc = rtc
                start = device.start(cause, code=code, cut=number, torn=torn)
                after = device.start("power", code=look)
                text = after.text.split("POINTER ", 1)[1].splitlines()[0]
                self.assertIn(text, allowed, (number, torn))
                seen.add(text)
                self.assertEqual(len(started(after)), 1, (number, torn, after.text))
                self.assertNotIn("SAFE MODE", after.text)
                self.assertEqual(self.pointer_of(device)[0], started(after)[0])
                if start.end != "power_cut":  # the last operation was before this number
                    self.assertGreater(number, 3)
                    break
                number += 1
                cuts += 1
        self.assertEqual(seen, set(allowed))
        return cuts

    def test_while_a_try_is_counted(self):
        at = ("b", "a", False, 1)
        self.sweep(self.two_slots(at=at), [pointer(*at), pointer("b", "a", False, 2)])

    def test_while_rolling_back(self):
        at = ("b", "a", False, 3)
        self.sweep(self.two_slots(at=at), [pointer(*at), pointer("a", None, False, 1)])

    def test_while_the_application_confirms(self):
        at = ("b", "a", False, 1)
        code = "import sys\nsys.path[:] = ['.frozen', '/b']\nfrom firmware.drivers import slot_pointer\nslot_pointer.confirm('/')\n"
        self.sweep(self.two_slots(at=at), [pointer(*at), pointer("b", "a", True, 0)], code)

    def test_while_the_other_slot_is_made_active(self):
        at = ("a", None, True, 0)
        code = ("import sys\nsys.path[:] = ['.frozen', '/a']\nfrom firmware.drivers import slot_pointer\n"
                "slot_pointer.activate('/', 'b')\n")
        self.sweep(self.two_slots(at=at), [pointer(*at), pointer("b", "a", False, 0)], code)

    def test_while_a_damaged_pointer_is_replaced(self):
        device = self.two_slots(at=None)
        device.write("slot.json", "{damaged")
        self.sweep(device, ["{damaged", pointer("a", "b", False, 1)])

    def test_while_a_crash_is_noted(self):
        at = ("a", "b", True, 0)
        device = self.two_slots(at=at, a="import machine\nif machine.RTC().memory()[6] < 9:\n    " + CRASH)
        for _ in range(3):
            device.start("soft")
        self.sweep(device, [pointer(*at)], cause="soft")


if __name__ == "__main__":
    unittest.main()
