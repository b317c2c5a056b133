"""Contactors and their feedback, phases, and the socket's lock."""

import unittest

from firmware.safety import limits, trips
from firmware.safety.core import CLOSED, CLOSING, OFFERING, OPENING, READY, SELFTEST, STOPPING, TRIPPED
from host_tests.safety.rig import Rig
from host_tests.safety.variants import EachVariant

SPAN_MS = limits.CONTACTOR_FEEDBACK_MS


class TestFeedback(EachVariant):
    def boards(self):
        """One and two contactors, each of them the faulty one: rig, name of the faulty one."""
        for contactors, faulty in ((1, "contactor_1"), (2, "contactor_1"), (2, "contactor_2")):
            for rig in self.starts(contactors=contactors):
                yield rig, getattr(rig, faulty)

    def test_contact_that_follows_at_200_ms_is_good_and_one_tick_later_is_not_closed(self):
        for late_ms, may_be in ((0, (CLOSED,)), (10, (OPENING, TRIPPED))):
            for rig, faulty in self.boards():
                rig.to_offering()
                faulty.shows = 0
                rig.vehicle = "C"
                rig.until_coil(1)
                rig.run(SPAN_MS - 10 + late_ms)
                faulty.shows = None
                rig.step()
                self.assertIn(rig.core.phase, may_be)
                self.assertEqual(rig.core.trips, trips.NOT_CLOSED if late_ms else 0)

    def test_contact_that_opens_in_time_is_good_and_one_tick_later_is_welded(self):
        for late_ms, found in ((0, 0), (10, trips.WELDED)):
            for rig, faulty in self.boards():
                rig.to_closed()
                faulty.shows = 1
                rig.vehicle = "B"
                rig.until_coil(0)                # this tick counts: 190 ms are left after it
                rig.run(SPAN_MS - 20 + late_ms)
                faulty.shows = None
                rig.step()
                self.assertEqual(rig.core.trips, found)
                self.assertEqual(rig.core.outputs.pilot_high_ns == 0, bool(found))

    def test_regression_contact_that_closes_just_when_it_was_given_up_is_not_called_welded(self):
        # The time of the mismatch went on when the coil changed: a slow contactor was latched as welded in one tick.
        for rig, _ in self.boards():
            rig.travel_ms = SPAN_MS + 10
            rig.to_offering()
            rig.plug("C", 5000)
            self.assertEqual((rig.core.trips, rig.core.phase), (trips.NOT_CLOSED, TRIPPED))

    def test_each_mismatch_while_closed_and_while_open_trips_after_200_ms(self):
        for shows, closed, bit in ((0, True, trips.NOT_CLOSED), (-1, True, trips.NOT_CLOSED), (1, False, trips.WELDED)):
            for rig, faulty in self.boards():
                if shows == -1 and faulty is rig.contactor_2:
                    continue                                    # -1 there: it has no feedback
                if closed:
                    rig.to_closed()
                else:
                    rig.to_offering()
                faulty.shows = shows
                rig.run(SPAN_MS - 10)
                self.assertEqual(rig.core.trips, 0)
                rig.step()
                self.assertEqual((rig.core.trips, rig.coil), (bit, 0))

    def test_contactor_that_does_not_close_is_not_closed(self):
        for rig, faulty in self.boards():
            rig.to_offering()
            faulty.stuck_open = True
            rig.plug("C", 2000)
            self.assertEqual((rig.core.trips, rig.core.phase, rig.coil), (trips.NOT_CLOSED, TRIPPED, 0))

    def test_welded_contactor_never_offers_again_whatever_is_tried(self):
        for rig, faulty in self.boards():
            rig.to_closed()
            faulty.welded = True
            rig.plug("B", 1000)
            faulty.welded = False
            for letter in "ABC":
                rig.order("clear").order("selftest").plug(letter, 5000)
                self.assertEqual((rig.core.trips, rig.core.outputs.pilot_high_ns), (trips.WELDED, 0))

    def test_second_contactor_without_feedback_is_taken_as_it_is(self):
        rig = Rig()
        rig.contactor_2.shows = -1
        rig.to_closed().run(5000)
        self.assertEqual(rig.core.phase, CLOSED)

    def test_second_contactor_that_shows_closed_while_one_phase_is_wanted_is_welded(self):
        for rig in self.starts():
            rig.allow(phases=1).to_closed()
            self.assertEqual((rig.coil, rig.core.outputs.coil_2), (1, 0))
            rig.contactor_2.welded = True
            rig.run(SPAN_MS)
            self.assertEqual((rig.core.trips, rig.coil), (trips.WELDED, 0))

    def test_without_feedback_the_times_of_the_contactor_are_waited_for(self):
        for rig in self.starts(feedback=0):
            rig.to_offering()
            rig.vehicle = "C"
            rig.until_coil(1)
            rig.run(SPAN_MS - 10)
            self.assertEqual(rig.core.phase, CLOSING)
            rig.step()
            self.assertEqual(rig.core.phase, CLOSED)
            rig.vehicle = "B"
            rig.until_coil(0)
            rig.run(SPAN_MS - 10)
            self.assertEqual(rig.core.phase, OPENING)
            rig.step()
            self.assertEqual(rig.core.phase, OFFERING)

    def test_request_that_ends_while_the_contactor_closes_opens_it_again(self):
        for rig in self.rigs():
            rig.to_offering()
            rig.vehicle = "C"
            rig.until_phase(CLOSING)
            rig.core.request.available = 0
            rig.step()
            self.assertEqual((rig.core.phase, rig.coil), (OPENING, 0))
            rig.run(1000)
            self.assertEqual((rig.core.phase, rig.core.trips), (READY, 0))

    def test_regression_graceful_trip_keeps_the_coils_charge_pump_alive_until_6_s(self):
        # The watchdog stood still with any trip: after 600 ms the board would have opened under load.
        for name in ("supply", "temperature", "ventilation"):
            for rig in self.starts():
                rig.to_closed()
                if name == "supply":
                    rig.drawn_ma, rig.supply_mv = 0, (150000, 230000, 230000)
                elif name == "temperature":
                    rig.read_temperature(1, 75)
                else:
                    rig.vehicle = "D"
                rig.until_phase(STOPPING, 5000)
                self.assertNotEqual(rig.core.trips, 0)
                levels = []
                for _ in range(595):
                    rig.step()
                    levels.append(rig.core.outputs.coil_watchdog)
                self.assertEqual(rig.coil, 1)
                self.assertTrue(all(one != next for one, next in zip(levels, levels[1:])))

    def test_watchdog_stands_still_without_a_vehicle_and_with_an_opening_trip(self):
        rig = Rig().allow()
        for fault in (False, True):
            if fault:
                rig.to_closed()
                rig.core.inputs.upstream_tripped = 1
                rig.step()
            level = rig.core.outputs.coil_watchdog
            for _ in range(20):
                rig.step()
                self.assertEqual(rig.core.outputs.coil_watchdog, level)


class TestPhases(EachVariant):
    def test_switch_opens_in_order_and_closes_10_s_later(self):
        for first, second in ((3, 1), (1, 3)):
            for rig in self.starts():
                rig.allow(phases=first).to_closed()
                rig.core.request.phases = second
                rig.step()
                self.assertEqual((rig.core.phase, rig.core.outputs.coil_2), (STOPPING, 1 if first == 3 else 0))
                rig.run(1000)
                rig.vehicle = "B"
                rig.until_coil(0)
                rig.plug("C", limits.PHASE_SWITCH_MS - 10)
                self.assertEqual((rig.coil, rig.core.phases), (0, second))
                rig.step()
                self.assertEqual((rig.coil, rig.core.outputs.coil_2), (1, 1 if second == 3 else 0))

    def test_switch_back_before_the_contactor_opened_changes_nothing(self):
        for rig in self.starts():
            rig.to_closed()
            rig.core.request.phases = 1
            rig.run(1000)
            rig.core.request.phases = 3
            rig.plug("B", 100)
            rig.vehicle = "C"
            took_ms = rig.until_coil(1, 9000)
            self.assertGreaterEqual(took_ms, limits.RECLOSE_MS - 100)
            self.assertEqual(rig.core.outputs.coil_2, 1)

    def test_regression_a_self_test_between_does_not_shorten_the_pause(self):
        # Phases taken over in the self-test were closed 5 s after the contactor had opened.
        for rig in self.starts():
            rig.to_closed()
            rig.core.request.phases = 1
            rig.order("selftest").run(100)
            rig.vehicle = "B"
            rig.until_coil(0)
            rig.plug("C", limits.PHASE_SWITCH_MS - 10)
            self.assertEqual((rig.coil, len(rig.times("phase", SELFTEST))), (0, 2))
            self.assertIsNotNone(rig.until_coil(1, 100))
            self.assertEqual(rig.core.outputs.coil_2, 0)

    def test_number_of_phases_before_the_first_closing_needs_no_pause(self):
        for rig in self.starts():
            rig.allow(phases=1).to_offering()
            rig.vehicle = "C"
            self.assertLessEqual(rig.until_coil(1), 500)

    def test_boards_and_installations_that_cannot_switch_keep_their_phases(self):
        for fitted, request, coil_2 in (({"contactors": 1}, 1, 0), ({"contactors": 1, "phases": 1}, 3, 0),
                                        ({"contactors": 2, "phases": 1}, 3, 0), ({"contactors": 2}, 2, 0), ({}, 3, 1)):
            rig = Rig(**fitted)
            rig.allow(phases=request).to_closed()
            self.assertEqual((rig.coil, rig.core.outputs.coil_2), (1, coil_2))
            self.assertEqual(rig.core.phases, 3 if coil_2 or fitted == {"contactors": 1} else 1)


class TestLock(EachVariant):
    def test_power_waits_for_the_lock(self):
        for rig in self.starts(lock=1):
            rig.to_ready().plug("C", 1000)
            rig.lock_stuck = 0
            rig.allow().run(limits.LOCK_MS - 20)
            self.assertEqual((rig.coil, rig.core.outputs.lock_wanted, rig.core.trips), (0, 1, 0))
            rig.lock_stuck = 1
            rig.run(20)
            self.assertEqual(rig.coil, 1)

    def test_lock_that_does_not_close_in_1500_ms_is_a_fault_and_is_released(self):
        for stuck in (0, -1):
            for rig in self.starts(lock=1):
                rig.to_ready()
                rig.lock_stuck = stuck
                rig.allow()
                rig.run_until(lambda core: core.outputs.lock_wanted)
                rig.run(limits.LOCK_MS - 10)
                self.assertEqual(rig.core.trips, 0)
                rig.step()
                self.assertEqual((rig.core.trips, rig.core.outputs.lock_wanted), (trips.LOCK, 0))
                rig.lock_stuck = None
                rig.run(500).order("clear").run(4000)
                self.assertEqual((rig.core.trips, rig.core.phase), (0, OFFERING))

    def test_lock_that_opens_under_power_opens_the_contactor_at_once(self):
        for seen in (0, -1):
            for rig in self.starts(lock=1):
                rig.to_closed()
                rig.lock_stuck = seen
                rig.step()
                self.assertEqual((rig.coil, rig.core.trips), (0, trips.LOCK))

    def test_unlock_order_ends_the_charge_first_and_lasts_until_unplugged(self):
        for rig in self.starts(lock=1):
            rig.to_closed()
            rig.order("unlock").step()
            self.assertEqual((rig.core.phase, rig.coil, rig.core.outputs.lock_wanted), (STOPPING, 1, 1))
            rig.run(limits.STOP_WAIT_MS - 10)
            self.assertEqual(rig.core.outputs.lock_wanted, 1)
            rig.run(100)
            self.assertEqual((rig.coil, rig.core.outputs.lock_wanted), (0, 0))
            rig.run(30000)
            self.assertEqual((rig.core.phase, rig.core.outputs.lock_wanted), (READY, 0))
            rig.plug("A", 100)
            rig.to_closed()

    def test_regression_unlock_and_wake_orders_without_a_vehicle_do_not_reach_the_next_one(self):
        # An unlock order in state A stayed until the next unplugging: the next vehicle could not charge.
        for rig in self.rigs():
            rig.run(100).order("unlock").order("wake").run(100)
            rig.to_offering().run(limits.WAKE_AFTER_MS + 1000)
            self.assertEqual(rig.core.phase, OFFERING)

    def test_lock_stays_closed_in_a_pause_and_opens_with_the_end_of_the_request(self):
        for rig in self.starts(lock=1):
            rig.to_closed()
            rig.core.request.offered_ma = 0
            rig.run(500)
            rig.plug("B", 60000)
            self.assertEqual((rig.core.phase, rig.core.outputs.lock_wanted), (READY, 1))
            rig.core.request.available = 0
            rig.step()
            self.assertEqual(rig.core.outputs.lock_wanted, 0)

    def test_trip_unlocks_only_when_the_contactor_is_shown_open(self):
        for rig in self.starts(lock=1):
            rig.travel_ms = 150
            rig.to_closed()
            rig.core.inputs.pe_ok = 0
            rig.step()
            rig.run(140)
            self.assertEqual((rig.coil, rig.core.outputs.lock_wanted), (0, 1))
            rig.run(30)
            self.assertEqual(rig.core.outputs.lock_wanted, 0)

    def test_weld_or_feedback_that_says_nothing_keeps_it_locked(self):
        for shows in (1, -1):
            for rig in self.starts(lock=1):
                rig.to_closed()
                rig.contactor_1.shows = shows
                rig.plug("A", 5000)
                self.assertTrue(rig.core.trips & (trips.WELDED if shows == 1 else trips.NOT_CLOSED))
                rig.core.request.available = 0
                rig.order("unlock").run(5000)
                self.assertEqual(rig.core.outputs.lock_wanted, 1)
                rig.contactor_1.shows = None
                rig.run(5000)
                self.assertEqual(rig.core.outputs.lock_wanted, 1 if shows == 1 else 0)

    def test_tethered_board_never_drives_a_lock(self):
        rig = Rig().to_closed()
        self.assertEqual(rig.times("lock", 1), [])


if __name__ == "__main__":
    unittest.main()
