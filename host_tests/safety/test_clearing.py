"""How each trip goes: cleared with and without its cause, by unplugging, by a restart."""

import unittest

from firmware.safety import limits, trips
from firmware.safety.core import CLOSED, IDLE, OFFERING
from host_tests.safety.rig import Rig

STAYS, GOES = True, False


def _input(name, value, healthy):
    def cause(rig, on):
        setattr(rig.core.inputs, name, value if on else healthy)
    return cause


def _rig(name, value, healthy):
    def cause(rig, on):
        setattr(rig, name, value if on else healthy)
    return cause


def _weld(rig, on):
    rig.contactor_1.shows = 1 if on else None


def _not_closed(rig, on):
    rig.contactor_1.shows = -1 if on else None


def _tick_late(rig, on):
    if on:
        rig.step(1000)


def _supply(rig, on):
    rig.drawn_ma, rig.meter_every_ms = 0, 100
    rig.supply_mv = (150000 if on else 230000, 230000, 230000)


def _overcurrent(rig, on):
    rig.meter_every_ms = 100
    rig.drawn_ma = 60000 if on else 0


def _temperature(rig, on):
    rig.read_temperature(2, 80 if on else 30)


def _sensor(rig, on):
    rig.read_temperature(2, -999 if on else 30)


def _test(rig, on):
    rig.rcd_answers_test = not on
    if on:
        rig.order("selftest")


def _ventilation(rig, on):
    rig.vehicle = "D" if on else "B"


def _short(rig, on):
    rig.vehicle = "E" if on else "B"


# bit: (cause, what is left of it after a clear with the cause, after its end alone, after its end and a clear, after its end and
# unplugging). The cause of some ends by itself with the power: then a clear helps at once.
RULES = {
    trips.RCD_AC: (_rig("rcd", 1, 0), STAYS, STAYS, STAYS, GOES),
    trips.RDC_DD: (_rig("rdc_dd", 1, 0), STAYS, STAYS, STAYS, GOES),
    trips.RCD_TEST: (_test, STAYS, STAYS, GOES, GOES),
    trips.WELDED: (_weld, STAYS, STAYS, STAYS, STAYS),
    trips.NOT_CLOSED: (_not_closed, STAYS, STAYS, GOES, GOES),
    trips.PE_LOST: (_input("pe_ok", 0, 1), STAYS, STAYS, GOES, GOES),
    trips.DIODE: (_rig("diode", False, True), STAYS, STAYS, GOES, GOES),
    trips.PILOT_SHORT: (_short, STAYS, STAYS, GOES, GOES),
    trips.PILOT_UNDEFINED: (_rig("high_mv", 7500, None), STAYS, STAYS, GOES, GOES),
    trips.PILOT_STALE: (_rig("bursts", False, True), STAYS, STAYS, GOES, GOES),
    trips.VENTILATION: (_ventilation, STAYS, STAYS, GOES, GOES),
    trips.TICK_LATE: (_tick_late, GOES, STAYS, GOES, GOES),
    trips.GUARD: (_input("guard_opened", 1, 0), STAYS, STAYS, GOES, GOES),
    trips.LOCK: (_rig("lock_stuck", 0, None), STAYS, STAYS, GOES, GOES),
    trips.SUPPLY: (_supply, STAYS, STAYS, GOES, GOES),
    trips.OVERCURRENT: (_overcurrent, GOES, STAYS, GOES, GOES),
    trips.TEMPERATURE: (_temperature, STAYS, GOES, GOES, GOES),
    trips.SENSOR: (_sensor, STAYS, GOES, GOES, GOES),
    trips.UPSTREAM: (_input("upstream_tripped", 1, 0), STAYS, STAYS, GOES, GOES),
    trips.CABLE: (_input("pp_ohm", 30, 220), STAYS, STAYS, GOES, GOES),
}
COMES_BACK = (trips.DIODE, trips.LOCK, trips.RCD_TEST)     # a clear lets the core try again, and it trips again


class TestClearing(unittest.TestCase):
    def tripped(self, bit):
        """A rig in charge in which the trip has come, and its contactor open."""
        rig = Rig(lock=1).to_closed()
        RULES[bit][0](rig, True)
        self.assertIsNotNone(rig.run_until(lambda core: core.trips & bit, 15000), trips.NAMES[bit_number(bit)])
        rig.run(500)
        if rig.coil:                       # a graceful trip: the vehicle follows
            if rig.vehicle == "C":
                rig.vehicle = "B"
            rig.run(limits.STOP_WAIT_MS + 100)
        self.assertEqual(rig.coil, 0)
        return rig

    def check(self, rig, bit, stays):
        self.assertEqual(bool(rig.core.trips & bit), stays, trips.NAMES[bit_number(bit)])

    def test_table_is_whole_and_names_are(self):
        self.assertEqual(sum(RULES), trips.ALL)
        self.assertEqual(len(trips.NAMES), len(RULES))

    def test_each_trip_opens_now_or_asks_the_vehicle_first_as_its_group_says(self):
        graceful = (trips.VENTILATION, trips.SUPPLY, trips.TEMPERATURE, trips.SENSOR)
        for bit in sorted(RULES):
            if bit == trips.RCD_TEST:
                continue                   # comes with the contactor open only
            rig = Rig(lock=1).to_closed()
            RULES[bit][0](rig, True)
            if bit == trips.WELDED:
                rig.vehicle = "B"          # seen only when the coil is off
            rig.run_until(lambda core, bit=bit: core.trips & bit, 15000)
            self.check(rig, bit, True)
            self.assertEqual(rig.coil, 1 if bit in graceful else 0, trips.NAMES[bit_number(bit)])
            in_f = bit in (trips.RCD_AC, trips.RDC_DD, trips.WELDED)
            self.assertEqual(rig.core.outputs.pilot_high_ns, 0 if in_f else limits.PILOT_STEADY_HIGH_NS)

    def test_clear_with_the_cause(self):
        for bit in sorted(RULES):
            if bit == trips.WELDED:
                continue
            rig = self.tripped(bit)
            rig.order("clear").step()
            if bit not in COMES_BACK:
                self.check(rig, bit, RULES[bit][1])
            rig.run(8000)
            if RULES[bit][1]:
                self.check(rig, bit, True)
                self.assertEqual(rig.coil, 0)

    def test_end_of_the_cause_alone(self):
        for bit in sorted(RULES):
            if bit == trips.WELDED:
                continue
            rig = self.tripped(bit)
            RULES[bit][0](rig, False)
            rig.run(20000)
            self.check(rig, bit, RULES[bit][2])
            self.assertEqual(rig.coil, 0 if RULES[bit][2] or rig.vehicle == "B" else 1)

    def test_end_of_the_cause_and_a_clear(self):
        for bit in sorted(RULES):
            if bit == trips.WELDED:
                continue
            rig = self.tripped(bit)
            RULES[bit][0](rig, False)
            rig.run(1000).order("clear").run(100)
            self.check(rig, bit, RULES[bit][3])
            rig.vehicle = "C"
            came_back = rig.until_phase(CLOSED, 40000) is not None
            self.assertEqual(came_back, not RULES[bit][3], trips.NAMES[bit_number(bit)])

    def test_end_of_the_cause_and_unplugging(self):
        for bit in sorted(RULES):
            if bit == trips.WELDED:
                continue
            rig = self.tripped(bit)
            RULES[bit][0](rig, False)
            rig.run(1000).plug("A", 1500)
            self.check(rig, bit, RULES[bit][4])
            self.assertEqual((rig.core.phase, rig.core.trips), (IDLE, 0))
            rig.plug("B", 6000)
            self.assertEqual(rig.core.phase, OFFERING)

    def test_unplugging_while_the_cause_stays_keeps_what_does_not_need_a_vehicle(self):
        for bit in (trips.RCD_AC, trips.RDC_DD, trips.GUARD, trips.UPSTREAM, trips.SUPPLY, trips.TEMPERATURE, trips.SENSOR):
            rig = self.tripped(bit)
            rig.plug("A", 3000)
            self.check(rig, bit, True)
        for bit in (trips.PE_LOST, trips.CABLE, trips.VENTILATION):
            rig = self.tripped(bit)
            rig.plug("A", 3000)
            self.check(rig, bit, False)

    def test_weld_goes_with_a_restart_only_and_comes_back_when_it_is_one(self):
        for welded in (False, True):
            rig = Rig(lock=1).to_closed()
            _weld(rig, True)
            rig.plug("B", 1000)
            self.check(rig, trips.WELDED, True)
            _weld(rig, False)
            rig.order("clear").plug("A", 3000)
            self.check(rig, trips.WELDED, True)
            again = Rig(lock=1)
            _weld(again, welded)
            again.run(1000)
            self.check(again, trips.WELDED, welded)

    def test_weld_seen_without_a_vehicle_stays_when_it_is_gone_a_tick_later(self):
        rig = Rig().run(100)
        _weld(rig, True)
        rig.run_until(lambda core: core.trips)
        _weld(rig, False)
        rig.run(1000)
        self.assertEqual((rig.core.trips, rig.core.outputs.pilot_high_ns), (trips.WELDED, 0))

    def test_restart_with_the_cause_still_there_does_not_close(self):
        for bit in sorted(RULES):
            if bit in (trips.TICK_LATE, trips.OVERCURRENT):
                continue                   # causes that only power has
            rig = Rig(lock=1).allow().run(100)
            rig.vehicle = "C"
            if bit == trips.RCD_TEST:
                rig.rcd_answers_test = False
            else:
                RULES[bit][0](rig, True)
            rig.run(8000)
            self.assertEqual(rig.times("coil", 1), [], trips.NAMES[bit_number(bit)])
            if bit not in trips_of_the_test(rig):
                self.check(rig, bit, True)

    def test_clear_during_a_graceful_stop_does_not_end_the_stop(self):
        rig = Rig(lock=1).to_closed()
        _temperature(rig, True)
        rig.run(1000)
        _temperature(rig, False)
        rig.order("clear").run(4000)
        self.assertEqual((rig.core.trips, rig.core.offered_ma), (0, 0))
        rig.run(2000)
        self.assertEqual(rig.coil, 0)
        self.assertIsNotNone(rig.until_phase(CLOSED, 10000))

    def test_residual_current_is_not_forgotten_by_any_order(self):
        for name in ("rcd", "rdc_dd"):
            rig = Rig().to_closed()
            setattr(rig, name, 1)
            rig.run(100)
            setattr(rig, name, 0)
            for order in ("clear", "selftest", "wake", "unlock", "clear"):
                rig.order(order).run(3000)
                rig.core.request.available = 1 - rig.core.request.available
                rig.run(1000)
            self.assertTrue(rig.core.trips & trips.RESIDUAL)
            self.assertEqual(rig.core.offered_ma, 0)


def trips_of_the_test(rig):
    """Residual current that is there before the self-test is found by it, and only called residual current after it."""
    return (trips.RCD_AC, trips.RDC_DD) if rig.core.trips & trips.RCD_TEST else ()


def bit_number(bit):
    """Which bit is set."""
    number = 0
    while bit >> number != 1:
        number += 1
    return number


if __name__ == "__main__":
    unittest.main()
