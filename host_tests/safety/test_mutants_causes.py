"""The core's steps, each by itself: what takes power away, what trips become, and orders.

The scenarios of the other files show that the whole holds; here a slip in one step shows in a few microseconds.
"""

import unittest

from firmware.safety import control_pilot as cp
from firmware.safety import trips
from firmware.safety.core import OFFERING, OPENING, READY, SELFTEST, STOPPING
from firmware.safety.io_image import NOT_FITTED
from firmware.safety.proximity_pilot import IMPOSSIBLE
from host_tests.safety.steps import PHASES, STATES, energised, healthy


class TestCauses(unittest.TestCase):
    def causes(self, core, gap_ms=10):
        return core._causes(gap_ms)

    def test_a_healthy_charger_has_no_cause(self):
        for phase in PHASES:
            core = healthy()
            core.phase = phase
            self.assertEqual(self.causes(core), 0)
        self.assertEqual(self.causes(energised(healthy())), 0)

    def each(self):
        """(bit, how to bring it about), in the order in which they are looked at."""
        def put(**values):
            def change(core):
                for name, value in values.items():
                    setattr(core.inputs, name, value)
            return change

        def pilot(**values):
            def change(core):
                for name, value in values.items():
                    setattr(core.pilot, name, value)
            return change

        def supply(core):
            core.supply.outside = 2

        def drawn(core):
            core.current.update = lambda gap_ms, inputs, offered_ma, energised: True

        return (
            (trips.PILOT_STALE, pilot(stale_left_ms=0)), (trips.PILOT_UNDEFINED, pilot(undefined_left_ms=0)),
            (trips.DIODE, pilot(low_bad=3)), (trips.RCD_AC, put(rcd_tripped=1)), (trips.RDC_DD, put(rdc_dd_tripped=1)),
            (trips.PE_LOST, put(pe_ok=0)), (trips.CABLE, lambda core: setattr(core.cable, "rating_a", IMPOSSIBLE)),
            (trips.GUARD, put(guard_opened=1)), (trips.UPSTREAM, put(upstream_tripped=1)), (trips.LOCK, put(lock_closed=0)),
            (trips.SUPPLY, supply), (trips.OVERCURRENT, drawn),
            (trips.TEMPERATURE, lambda core: setattr(core.temperature, "level", 4)),
            (trips.SENSOR, lambda core: setattr(core.temperature, "failed", True)),
        )

    def test_each_cause_by_itself_and_each_two_together(self):
        for bit, bring in self.each():
            for other, bring_other in self.each():
                core = energised(healthy(lock=1))
                bring(core)
                bring_other(core)
                self.assertEqual(self.causes(core), bit | other)

    def test_all_together_with_contactors_that_disagree_and_a_late_tick(self):
        core = energised(healthy(lock=1))
        together = 0
        for bit, bring in self.each():
            bring(core)
            together |= bit
        core.inputs.feedback_1 = 0
        core.contactors.left_1_ms = 5
        self.assertEqual(self.causes(core, 151), together | trips.NOT_CLOSED | trips.TICK_LATE)

    def test_states_that_are_causes(self):
        for ventilated in (0, 1):
            for state in STATES:
                core = healthy(ventilated=ventilated)
                core.pilot.state = state
                causes = {cp.E: trips.PILOT_SHORT, cp.D: 0 if ventilated else trips.VENTILATION}
                self.assertEqual(self.causes(core), causes.get(state, 0))
                core.pilot.stale_left_ms = core.pilot.undefined_left_ms = 0
                both = trips.PILOT_STALE | trips.PILOT_UNDEFINED
                self.assertEqual(self.causes(core) & both, both)

    def test_pilot_counts_are_causes_at_their_end_and_not_before(self):
        core = healthy()
        core.pilot.stale_left_ms = core.pilot.undefined_left_ms = 1
        core.pilot.low_bad = 2
        self.assertEqual(self.causes(core), 0)

    def test_residual_current_counts_after_the_self_test_began_and_its_lines_had_time(self):
        for phase in PHASES:
            for quiet_ms in (0, 1):
                core = healthy()
                core.phase, core.monitor.quiet_left_ms = phase, quiet_ms
                core.inputs.rcd_tripped = core.inputs.rdc_dd_tripped = 1
                self.assertEqual(self.causes(core), trips.RESIDUAL if phase > SELFTEST and not quiet_ms else 0)

    def test_earth_and_cable_count_with_a_vehicle(self):
        for state in (cp.A, cp.B, cp.F):
            for pe_monitor in (0, 1):
                core = healthy(pe_monitor=pe_monitor)
                core.pilot.state, core.inputs.pe_ok, core.cable.rating_a = state, 0, IMPOSSIBLE
                expected = trips.CABLE | (trips.PE_LOST if pe_monitor else 0)
                self.assertEqual(self.causes(core), expected if state == cp.B else 0)

    def test_lines_that_are_not_fitted_are_no_cause(self):
        core = healthy()
        inputs = core.inputs
        inputs.rcd_tripped = inputs.rdc_dd_tripped = inputs.pe_ok = inputs.upstream_tripped = NOT_FITTED
        self.assertEqual(self.causes(core), 0)

    def test_a_tick_is_late_beyond_150_ms_and_only_under_power(self):
        self.assertEqual(self.causes(energised(healthy()), 150), 0)
        self.assertEqual(self.causes(energised(healthy()), 151), trips.TICK_LATE)
        self.assertEqual(self.causes(healthy(), 151), 0)
        core = energised(healthy(phases=1))
        core.outputs.coil_2 = core.inputs.feedback_2 = 0
        self.assertEqual(self.causes(core, 151), trips.TICK_LATE)

    def test_board_without_feedback_is_not_asked_for_it(self):
        core = energised(healthy(feedback=0))
        core.inputs.feedback_1 = NOT_FITTED
        core.contactors.left_1_ms = 0
        self.assertEqual(self.causes(core), 0)

    def test_supply_and_current_are_watched_with_what_is_offered(self):
        core = energised(healthy())
        inputs = core.inputs
        core.offered_ma = 6000
        for seq in range(1, 12):
            inputs.meter_seq, inputs.drawn_ma = seq, 16000
            inputs.supply_1_mv = inputs.supply_2_mv = inputs.supply_3_mv = 100000
            found = self.causes(core, 150)
        self.assertEqual(found, trips.SUPPLY | trips.OVERCURRENT)
        self.assertEqual(core.current._memory._now_ma, 6000)


class TestProtect(unittest.TestCase):
    def protect(self, core, causes):
        core._causes = lambda gap_ms: causes
        core._protect(10)
        return core

    def test_opening_causes_open_at_once_and_graceful_ones_ask(self):
        for bit in range(20):
            core = self.protect(energised(healthy()), 1 << bit)
            graceful = 1 << bit & trips.GRACEFUL
            self.assertEqual((core.trips, core.causes, core.phase), (1 << bit, 1 << bit, STOPPING if graceful else OPENING))

    def test_both_at_once_open_and_remember_both(self):
        core = self.protect(energised(healthy()), trips.DIODE | trips.SUPPLY)
        self.assertEqual((core.trips, core.phase), (trips.DIODE | trips.SUPPLY, OPENING))
        core = energised(healthy())
        core.trips = trips.SENSOR
        self.assertEqual(self.protect(core, trips.SUPPLY | trips.SENSOR).trips, trips.SUPPLY | trips.SENSOR)

    def test_graceful_trip_without_power_is_remembered_beside_the_others(self):
        core = healthy()
        core.trips = trips.DIODE
        self.assertEqual(self.protect(core, trips.SUPPLY).trips, trips.DIODE | trips.SUPPLY)

    def test_temperature_goes_with_its_cause_and_others_stay(self):
        for causes in (0, trips.TEMPERATURE, trips.SENSOR):
            core = healthy()
            core.trips = trips.TEMPERATURE | trips.SENSOR | trips.DIODE
            self.assertEqual(self.protect(core, causes).trips, causes | trips.DIODE)

    def test_unplugged_and_freshly_read_all_is_forgotten_but_a_weld_and_what_still_holds(self):
        for state in STATES:
            for fresh in (0, 1):
                core = healthy()
                core.pilot.state, core.pilot.fresh, core.trips = state, fresh, trips.ALL & ~trips.SELF_CLEARING
                forgotten = state == cp.A and fresh
                self.assertEqual(self.protect(core, trips.UPSTREAM).trips,
                                 trips.WELDED | trips.UPSTREAM if forgotten else trips.ALL & ~trips.SELF_CLEARING)


class TestOrders(unittest.TestCase):
    def order(self, core, **seqs):
        for name, value in seqs.items():
            setattr(core.request, name, value)
        core._take_orders()
        return core

    def test_any_other_number_is_one_order_and_the_same_is_none(self):
        for number in (4, 5, 6):
            for name in ("clear_seq", "selftest_seq", "wake_seq", "unlock_seq"):
                core = healthy()
                core._clear_seq = core._selftest_seq = core._wake_seq = core._unlock_seq = 5
                core.trips = trips.DIODE
                self.order(core, **{other: 5 for other in ("clear_seq", "selftest_seq", "wake_seq", "unlock_seq")})
                self.order(core, **{name: number})
                given = 1 if number != 5 else 0
                self.assertEqual(core.trips, 0 if given and name == "clear_seq" else trips.DIODE)
                self.assertEqual(core._retest, given if name == "selftest_seq" else 0)
                self.assertEqual(core._wake_armed, given if name == "wake_seq" else 0)
                self.assertEqual(core.lock.ordered_open, given if name == "unlock_seq" else 0)
                self.assertEqual(core.phase, READY if given and name in ("selftest_seq", "unlock_seq") else OFFERING)
                self.assertEqual((core._clear_seq, core._selftest_seq, core._wake_seq, core._unlock_seq), tuple(
                    number if name == other else 5 for other in ("clear_seq", "selftest_seq", "wake_seq", "unlock_seq")))

    def test_clearing_keeps_what_still_holds_a_weld_and_residual_current(self):
        core = healthy()
        core.trips, core.causes = trips.ALL, trips.DIODE
        self.assertEqual(self.order(core, clear_seq=1).trips, trips.DIODE | trips.WELDED | trips.RCD_AC | trips.RDC_DD)

    def test_orders_that_need_a_vehicle_do_nothing_without_one(self):
        for state in STATES:
            core = healthy()
            core.pilot.state = state
            self.order(core, wake_seq=1, unlock_seq=1)
            there = 0 if state == cp.A else 1
            self.assertEqual((core._wake_armed, core.lock.ordered_open), (there, there))

if __name__ == "__main__":
    unittest.main()
