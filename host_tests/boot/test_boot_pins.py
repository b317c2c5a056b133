# cpython only: it starts the MicroPython VM itself, beside the same proofs on CPython
"""boot.py makes the pins safe before anything else."""
import json
import unittest

from host_tests.boot.cases import COIL_1, COIL_2, CRASH, PILOT, PINS, RESTART, SAFE_PINS, OnADevice, app, board, started
from host_tests.boot.devices import BOARD, HostDevice, VmDevice
from tools.twin import costs


class Pins(OnADevice):
    """What a start does with the pins, and what it needs to know them."""

    def test_every_start_opens_the_coils_first_then_puts_the_pilot_at_steady_12_v(self):
        for cause in ("watchdog", "hard", "soft"):
            device = self.two_slots(at=("a", "b", True, 0))
            for gpio, level in SAFE_PINS:
                device.drive(gpio, 1 - level)
            self.assertEqual(device.start(cause).pins, SAFE_PINS)

    def test_levels_follow_active_low_and_the_inverted_pilot(self):
        device = self.device(board(active_low=["contactor_1", "buzzer"], cp=dict(BOARD["cp"], pwm_invert=True)))
        pins = dict(device.start().pins)
        self.assertEqual((pins[COIL_1], pins[COIL_2], pins[PINS["buzzer"]], pins[PILOT]), (1, 0, 1, 0))

    def test_pins_that_are_not_fitted_are_left_out(self):
        pins = dict(PINS, contactor_2=None, rcd_test=None, lock_1=None, lock_2=None)
        del pins["buzzer"]
        written = [gpio for gpio, _ in self.device(board(pins=pins)).start().pins]
        self.assertEqual(written, [COIL_1, PINS["coil_watchdog"], PILOT, PINS["cp_disconnect"]])

    def test_a_pin_the_chip_lacks_leads_to_safe_mode_after_all_the_others_are_safe(self):
        device = self.device(board(pins=dict(PINS, contactor_1=24)))
        device.write("a/firmware/app.py", app("a", RESTART))
        start = device.start()
        self.assert_safe_mode(start, "pin contactor_1")
        self.assertEqual(start.pins, SAFE_PINS[1:])

    def test_without_a_whole_board_json_no_pin_is_touched_and_nothing_is_started(self):
        good = json.dumps(BOARD)
        for text in (None, "", good[:300], good[:-1], "[]", "null", "7", "\x00" * 50,
                     json.dumps(board(format=2)), json.dumps(board(active_low=None)), json.dumps(board(cp={})),
                     json.dumps(board(cp=dict(BOARD["cp"], pwm_invert=0))),
                     json.dumps(board(pins=dict(PINS, buzzer=COIL_1))), json.dumps(board(pins=dict(PINS, buzzer="12"))),
                     json.dumps(board(pins=dict(PINS, contactor_2=True))), json.dumps(board(pins=dict(PINS, lock_1=-1))),
                     json.dumps(board(pins=dict(PINS, contactor_1=None))), json.dumps(board(pins=dict(PINS, cp_pwm=None)))):
            with self.subTest(text=text and text[-40:]):
                device = self.two_slots(at=("a", "b", True, 0))
                device.write("recovery.py", "def run(root, reason):\n    print('RECOVERY')\n")
                device.write("board.json", text or "")
                if text is None:
                    device.remove("board.json")
                for gpio, level in SAFE_PINS:
                    device.drive(gpio, 1 - level)
                start = device.start("watchdog")
                self.assert_safe_mode(start, "board.json")
                self.assertEqual(start.outputs, [])
                self.assertNotIn("RECOVERY", start.text)
                self.assertEqual(self.log_of(device), [("safe_mode", None)])


class OnCPython(Pins, unittest.TestCase):
    Device = HostDevice

    def test_the_pin_writes_are_the_first_calls_to_the_device(self):
        device = self.two_slots(at=("a", "b", True, 0))
        for gpio, level in SAFE_PINS:
            device.drive(gpio, 1 - level)
        calls = []
        spend = device.clock.spend_us

        def counted(us):  # every device call spends its time before it has its effect
            driven = device.hal.driven
            calls.append((us, [gpio for gpio, level in SAFE_PINS if driven.get(gpio) == level]))
            spend(us)
        device.clock.spend_us = counted
        self.assertEqual(started(device.start("watchdog")), ["a"])
        order = [gpio for gpio, _ in SAFE_PINS]
        self.assertEqual(calls[:len(order) + 1],
                         [(costs.BOOT_US, [])] + [(costs.PIN_INIT_US, order[:n]) for n in range(len(order))])
        self.assertEqual(calls[len(order) + 1][1], order)
        del calls[:]
        device.remove("board.json")
        device.start("watchdog")
        self.assertEqual([us for us, _ in calls if us in (costs.PIN_INIT_US, costs.RTC_US)], [])
        self.assertEqual([driven for _, driven in calls[1:] if driven != calls[0][1]], [])

    def test_ctrl_c_is_held_back_while_pins_are_written_and_only_then(self):
        for whole in (True, False):
            device = self.two_slots(a=CRASH, at=("a", None, True, 0))
            if not whole:
                device.write("board.json", "{")
            state, seen = [3], []

            def watched(us, device=device, state=state, seen=seen, spend=device.clock.spend_us):
                import micropython
                micropython.kbd_intr = lambda char: state.append(char)
                seen.append((us, state[-1]))
                spend(us)
            device.clock.spend_us = watched
            device.start()
            self.assertEqual(state[-1], 3)
            self.assertEqual(state[1], -1)
            pins = [char for us, char in seen if us == costs.PIN_INIT_US]
            row = [-1] * len(SAFE_PINS)
            self.assertEqual(pins, row + [3] + row if whole else [])  # the one between is the button's
            self.assertEqual({char for us, char in seen if us == costs.RTC_US}, {3} if whole else set())


class OnMicroPython(Pins, unittest.TestCase):
    Device = VmDevice

    def test_a_board_json_cut_anywhere_touches_no_pin(self):
        text = json.dumps(dict(cp=BOARD["cp"], active_low=[], format=1, pins=PINS))
        device = self.device()
        code = """
def load(name):
    with open(name) as f:
        return f.read()
def save(name, text):
    with open(name, 'w') as f:
        f.write(text)
boot = {}
exec(load('/boot.py').split('start(globals()')[0], boot)
text = load('/text')
for n in range(len(text)):
    save('/board.json', text[:n])
    try:
        boot['board_pins']('/')
        print('TAKEN', n)
    except Exception:
        pass
save('/board.json', text)
print('WHOLE', len(boot['board_pins']('/')[0]))
"""
        device.write("text", text)
        start = device.start(code=code)
        self.assertNotIn("TAKEN", start.text)
        self.assertIn("WHOLE 9", start.text)


if __name__ == "__main__":
    unittest.main()
