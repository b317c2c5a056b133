"""One plug-in: its times and its energy; and the word for where it stands."""

import unittest

from firmware.charging.facts import SESSION_STATES
from firmware.charging.session import Session, session_state
from firmware.safety.core import PHASE_NAMES
from firmware.safety.limits import TICKS_MASK


class TestSession(unittest.TestCase):
    def test_times_add_up_across_the_clocks_wrap(self):
        for start_ms in (0, TICKS_MASK - 5000):
            session = Session(1, start_ms, (1, 0, 0), 0)
            for tick in range(1, 201):
                session.tick((start_ms + tick * 100) & TICKS_MASK, 0, tick > 50)
            self.assertEqual((session.duration_ms, session.charging_ms), (20000, 15000))

    def test_a_session_of_three_weeks_keeps_its_time(self):
        session = Session(1, 77, (1, 0, 0), 0)
        now_ms, hour_ms = 77, 3600000
        for _ in range(21 * 24):
            now_ms = (now_ms + hour_ms) & TICKS_MASK
            session.tick(now_ms, 0, True)
        self.assertEqual(session.charging_ms, 21 * 24 * hour_ms)

    def test_energy_is_counted_from_the_plug_on_in_whole_wh(self):
        session = Session(1, 0, (1, 0, 0), 123456789)
        self.assertEqual(session.energy_wh(), 0)
        session.tick(100, 123456789 + 999, True)
        self.assertEqual(session.energy_wh(), 0)
        session.tick(200, 123456789 + 1000, True)
        self.assertEqual(session.energy_wh(), 1)

    def test_every_combination_has_a_state_of_the_table(self):
        for phase in PHASE_NAMES:
            for bits in range(16):
                found = session_state(phase, bits & 1, bits & 2, bits & 4, bits & 8)
                self.assertIn(found, SESSION_STATES)
                if phase == "closed" and bits & 1:
                    self.assertEqual(found, "charging")
                if phase == "tripped":
                    self.assertEqual(found, "fault")

    def test_what_is_missing_is_named_in_the_order_in_which_it_is_wanted(self):
        self.assertEqual(session_state("ready", False, True, False, 0), "none")
        self.assertEqual(session_state("ready", True, False, True, 0), "waiting_authorization")
        self.assertEqual(session_state("ready", True, True, True, 0), "stopped")
        self.assertEqual(session_state("ready", True, True, False, 0), "waiting_current")
        self.assertEqual(session_state("offering", True, True, False, 16000), "waiting_ev")
        self.assertEqual(session_state("closing", True, True, False, 16000), "starting")


if __name__ == "__main__":
    unittest.main()
