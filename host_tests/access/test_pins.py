"""PIN, guest PIN and PUK: who gets in, how long guessing takes, and that a restart or a power cut gives no guess back."""
import asyncio
import unittest

from firmware.access import pins as pin_module
from firmware.access.attempts import FREE, LONGEST_WAIT_S, MOST, PIN, PUK, Attempts, wait_s
from firmware.access.pins import PinError, Pins
from host_tests.storage.scratch import Scratch

LABEL = "48151623"


class PinsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.may_write = True
        self.now_ms = 0x3FFFFFFF - 5000        # waits run across the clock's wrap
        self.label = LABEL
        self.iterations, pin_module.ITERATIONS = pin_module.ITERATIONS, 9
        self.start()

    def tearDown(self):
        pin_module.ITERATIONS = self.iterations
        self.scratch.close()

    def start(self):
        """The charger starts: nothing is in RAM."""
        self.attempts = Attempts(self.scratch.folder + "attempts", lambda: self.may_write)
        self.pins = Pins(self.scratch.folder, self.attempts, lambda: self.label, lambda: self.may_write)

    def set(self, pin=None, guest_pin=None):
        asyncio.run(self.pins.set(pin, guest_pin))

    def check(self, pin):
        """Whose PIN it is, or the error's code."""
        try:
            return asyncio.run(self.pins.check(pin, self.now_ms))
        except PinError as error:
            return error.code

    async def begin(self, pin):
        """A guess is judged for a moment."""
        judging = asyncio.create_task(self.pins.check(pin, self.now_ms))
        await asyncio.sleep_ms(0)
        judging.cancel()
        try:
            await judging
        except asyncio.CancelledError:
            return
        self.fail("it was judged at once")

    def puk(self, puk, new_pin):
        try:
            return asyncio.run(self.pins.use_puk(puk, new_pin, self.now_ms))
        except PinError as error:
            return error.code

    def let(self, seconds):
        self.now_ms = (self.now_ms + seconds * 1000) & 0x3FFFFFFF

    def guess(self, count, pin="9999"):
        """Wrong PINs, each as soon as it is allowed; the waits in seconds."""
        waits = []
        for _ in range(count):
            left_s = self.pins.left_s(self.now_ms)
            waits.append(left_s)
            self.let(left_s)
            self.assertEqual(self.check(pin), "wrong_pin")
        return waits

    # ---- who gets in

    def test_without_a_pin_nobody_gets_in(self):
        for pin in ("", "0000", "1234"):
            self.assertEqual(self.check(pin), "no_pin")
        self.assertEqual(self.pins.which(), {"PIN": False, "guest": False})

    def test_the_owner_and_the_guest_get_in_with_their_own_pins(self):
        self.set("1234", "567890")
        self.assertEqual(self.check("1234"), "PIN")
        self.assertEqual(self.check("567890"), "guest")
        for pin in ("", "123", "12345", "1235"):
            self.let(3600)
            self.assertEqual(self.check(pin), "wrong_pin")
        self.start()
        self.let(self.pins.left_s(self.now_ms))
        self.assertEqual(self.check("1234"), "PIN")
        self.assertEqual(self.pins.which(), {"PIN": True, "guest": True})

    def test_one_pin_is_changed_or_taken_away_and_the_other_stays(self):
        self.set("1234", "5678")
        self.set(guest_pin="4321")
        self.assertEqual(self.check("1234"), "PIN")
        self.assertEqual(self.check("5678"), "wrong_pin")
        self.assertEqual(self.check("4321"), "guest")
        self.set(pin="")
        self.assertEqual(self.check("1234"), "wrong_pin")
        self.assertEqual(self.check("4321"), "guest")

    def test_a_pin_has_four_to_eight_digits_and_differs_from_the_other(self):
        for bad in ("123", "123456789", "12a4", "-123", "12 4", "١٢٣٤"):
            with self.assertRaises(PinError) as caught:
                self.set(bad)
            self.assertEqual((caught.exception.code, caught.exception.field), ("bad_value", "pin"))
        for pin, guest_pin in (("1234", "1234"), (None, "1111")):
            self.set("1111", "")
            with self.assertRaises(PinError) as caught:
                self.set(pin, guest_pin)
            self.assertEqual(caught.exception.field, "guest_pin")
            self.assertEqual(self.pins.which(), {"PIN": True, "guest": False})

    def test_neither_the_flash_nor_two_equal_pins_show_a_pin(self):
        self.set("4711", "")
        first = self.scratch.read("pins")
        self.assertFalse(b"4711" in first)
        self.set("4711", "")
        self.assertFalse(first[14:60] == self.scratch.read("pins")[14:60], "the same salt twice")

    def test_a_damaged_file_lets_nobody_in_not_even_with_the_pin_before(self):
        self.set("1111", "")
        self.set("2222", "")
        self.scratch.flip("pins", 40)
        self.start()
        for pin in ("1111", "2222"):
            self.assertEqual(self.check(pin), "no_pin")
        self.assertEqual(self.puk(LABEL, "3333"), None)
        self.assertEqual(self.check("3333"), "PIN")

    # ---- how long guessing takes

    def test_waits_grow_and_after_twenty_wrong_pins_only_the_puk_helps(self):
        self.set("1234", "")
        waits = self.guess(MOST[PIN])
        self.assertEqual(waits[:6], [0, 0, 0, 10, 20, 40])
        self.assertTrue(max(waits) <= LONGEST_WAIT_S)
        self.let(100000)
        self.assertEqual(self.pins.left_s(self.now_ms), None)
        self.assertEqual(self.check("1234"), "locked")
        self.start()
        self.assertEqual(self.check("1234"), "locked")
        self.assertEqual(self.puk(LABEL, "4321"), None)
        self.assertEqual(self.check("1234"), "wrong_pin")
        self.assertEqual(self.check("4321"), "PIN")

    def test_who_does_not_wait_is_not_judged(self):
        self.set("1234", "")
        self.guess(FREE)
        self.let(9)
        for _ in range(50):                    # hammering costs no further guess either
            self.assertEqual(self.check("1234"), "wait")
        self.let(1)
        self.assertEqual(self.check("1234"), "PIN")
        self.assertEqual(self.guess(1), [0])

    def test_a_restart_gives_no_guess_back_and_the_wait_begins_anew(self):
        self.set("1234", "")
        self.guess(FREE + 1)
        self.start()
        self.assertEqual(self.pins.left_s(self.now_ms), 20)
        self.let(20)
        self.assertEqual(self.check("9999"), "wrong_pin")
        self.assertEqual(self.pins.left_s(self.now_ms), 40)

    def test_a_power_cut_while_a_guess_is_judged_counts_it(self):
        self.set("1234", "")
        for _ in range(FREE):
            asyncio.run(self.begin("9999"))    # it reckons; then the power goes
            self.start()
        self.assertEqual(self.pins.left_s(self.now_ms), 10)

    def test_the_guests_pin_lets_nobody_guess_the_owners_without_end(self):
        self.set("1234", "5678")
        for _ in range(MOST[PIN] - 1):
            self.let(self.pins.left_s(self.now_ms))
            self.assertEqual(self.check("9999"), "wrong_pin")
            self.let(self.pins.left_s(self.now_ms))
            self.assertEqual(self.check("5678"), "guest")
        self.let(LONGEST_WAIT_S)
        self.assertEqual(self.check("9999"), "wrong_pin")
        self.assertEqual(self.check("5678"), "locked")

    def test_while_the_flash_must_not_be_written_guesses_are_counted_in_ram_and_written_later(self):
        self.set("1234", "")
        self.may_write = False
        self.guess(FREE)
        self.assertEqual(self.check("1234"), "wait")
        self.assertTrue(self.attempts.dirty)
        self.assertEqual([name for name in self.scratch.names() if name.startswith("attempts")], [])
        self.may_write = True
        self.assertTrue(self.attempts.save())
        self.assertFalse(self.attempts.save())
        self.start()
        self.assertEqual(self.pins.left_s(self.now_ms), 10)

    # ---- the PUK

    def test_wrong_puks_are_counted_apart_and_end_too(self):
        self.set("1234", "")
        for count in range(MOST[PUK]):
            self.let(wait_s(count))
            self.assertEqual(self.puk("00000000", "4321"), "wrong_puk")
        self.let(LONGEST_WAIT_S)
        self.assertEqual(self.puk(LABEL, "4321"), "locked")
        self.start()
        self.assertEqual(self.puk(LABEL, "4321"), "locked")
        self.assertEqual(self.check("1234"), "PIN")
        self.set("1111")                       # by who is logged in
        self.assertEqual(self.puk(LABEL, "4321"), None)

    def test_without_a_label_no_puk_is_right_and_a_bad_new_pin_costs_no_guess(self):
        self.set("1234", "")
        for _ in range(MOST[PUK] + 1):
            self.assertEqual(self.puk(LABEL, "12"), "bad_value")
        self.label = ""
        self.assertEqual(self.puk("", "4321"), "no_puk")
        self.label = LABEL
        self.assertEqual(self.puk(LABEL, "4321"), None)


if __name__ == "__main__":
    unittest.main()
