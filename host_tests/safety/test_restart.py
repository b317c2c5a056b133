"""A reset is no way out of a trip, and no way around the pauses."""

import unittest

from firmware.safety import limits, trips
from firmware.safety.core import CLOSED, IDLE, SafetyCore
from firmware.safety.io_image import Fitted
from host_tests.safety.rig import Rig


def restarted(survived=0, restarted=1, **fitted):
    """A rig whose core begins after a reset, the vehicle plugged in C."""
    rig = Rig(**fitted)
    core = SafetyCore(rig.core.fitted, survived, restarted)
    for name in ("inputs", "outputs", "request"):
        setattr(core, name, getattr(rig.core, name))
    rig.core = rig.invariants.core = core
    rig.vehicle = "C"
    rig.allow()
    return rig


class TestRestart(unittest.TestCase):
    def test_residual_current_trip_outlives_a_reset_until_the_vehicle_was_away(self):
        for bit in (trips.RCD_AC, trips.RDC_DD):
            rig = restarted(bit)
            rig.run(60000)
            rig.core.request.clear_seq += 1
            rig.run(60000)
            self.assertEqual((rig.coil, rig.core.trips), (0, bit))
            rig.vehicle = "A"
            rig.run(500)
            self.assertEqual((rig.core.trips, rig.core.phase), (0, IDLE))
            rig.vehicle = "B"
            rig.run(5000)
            rig.vehicle = "C"
            self.assertIsNotNone(rig.run_until(lambda core: core.phase == CLOSED))

    def test_weld_outlives_a_reset_and_every_unplugging(self):
        rig = restarted(trips.WELDED)
        rig.vehicle = "A"
        rig.run(5000)
        rig.vehicle = "C"
        rig.run(60000)
        self.assertEqual((rig.core.outputs.pilot_high_ns, rig.core.trips), (limits.PILOT_STEADY_LOW_NS, trips.WELDED))

    def test_other_trips_end_with_a_reset(self):
        rig = restarted(trips.ALL & ~trips.SURVIVING)
        self.assertEqual(rig.core.trips, 0)

    def test_after_a_reset_pwm_pauses_and_the_contactor_waits_as_after_a_charge(self):
        rig = restarted()
        pwm_ms = rig.run_until(lambda core: 0 < core.outputs.pilot_high_ns < limits.PILOT_STEADY_HIGH_NS)
        self.assertTrue(limits.PWM_PAUSE_MS - 20 <= pwm_ms <= limits.PWM_PAUSE_MS + 50, pwm_ms)
        rig.run_until(lambda core: core.outputs.coil_1)
        self.assertTrue(limits.RECLOSE_MS - 20 <= rig.elapsed_ms <= limits.RECLOSE_MS + 50, rig.elapsed_ms)

    def test_the_wait_before_closing_is_told(self):
        rig = restarted()
        rig.run(1000)
        self.assertEqual(rig.core.reclose_left_ms(), limits.RECLOSE_MS - 1000 + 10)    # the first tick only starts the clock
        rig.run(5000)
        self.assertEqual(rig.core.reclose_left_ms(), 0)

    def test_after_power_on_nothing_waits(self):
        rig = restarted(restarted=0)
        rig.run_until(lambda core: core.outputs.coil_1)
        self.assertLess(rig.elapsed_ms, 3000)

    def test_vehicle_found_in_c_gets_10_a_until_it_shows_that_it_has_an_s2(self):
        for began in (0, 1):
            rig = restarted(restarted=began)
            rig.core.request.offered_ma = 32000
            rig.run(20000)
            self.assertEqual((rig.core.phase, rig.core.offered_ma), (CLOSED, 10000))
            rig.vehicle = "B"
            rig.run(3000)
            rig.vehicle = "C"
            rig.run(20000)
            self.assertEqual((rig.core.phase, rig.core.offered_ma), (CLOSED, 32000))

    def test_vehicle_found_in_c_is_refused_where_vehicles_without_s2_are_and_may_show_that_it_has_one(self):
        rig = restarted(restarted=0, simplified=0)
        rig.run(20000)
        self.assertEqual((rig.coil, rig.core.offered_ma), (0, 0))
        rig.vehicle = "B"
        rig.run(3000)
        rig.vehicle = "C"
        rig.run(20000)
        self.assertEqual(rig.coil, 1)

    def test_socket_whose_proximity_pilot_is_not_read_offers_nothing(self):
        rig = Rig(socket=1)
        rig.allow().run(100)
        rig.vehicle = "B"
        rig.run(5000)
        self.assertEqual(rig.core.offered_ma, 0)
        self.assertEqual(SafetyCore(Fitted()).cable.cap_ma(32000), 0)      # nothing read yet: nothing offered


if __name__ == "__main__":
    unittest.main()
