# cpython only: hypothesis
"""Random lives of a charger: vehicle, request, faults, noise and gaps between ticks; the invariants hold after every tick.

MODE3_EXAMPLES sets how many lives (default 2000); what fails is printed as the shortest trace that still does.
"""

import os
import unittest

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from firmware.safety import limits, trips
from firmware.safety.core import CLOSED
from host_tests.safety.rig import Rig

EXAMPLES = int(os.environ.get("MODE3_EXAMPLES", "2000"))
PHASES = (Phase.explicit, Phase.generate, Phase.shrink)     # explaining a failure traces every line: far too slow
WRAP = limits.TICKS_MASK + 1

FLAG = st.sampled_from((0, 1))
ODD_MV = st.integers(-14000, 14000)
EDGE_MV = st.sampled_from((10799, 10800, 10200, 10201, 7799, 7800, 7200, 7201, 4799, 4800, 4200, 4201, 1799, 1800, 1200, 1201,
                           -1300, -1301, 13500, 13501, -10500, -10499, 7500, 4500))
INPUTS = ("pe_ok", "enable", "upstream_tripped", "guard_opened")

ACTION = st.one_of(
    st.tuples(st.just("vehicle"), st.sampled_from("AABBBCCCCCDE")),
    st.tuples(st.just("vehicle"), st.sampled_from("BC")),
    st.tuples(st.just("charge"), st.sampled_from("CD")),
    st.tuples(st.just("offer"), st.sampled_from((0, 5999, 6000, 6001, 8000, 16000, 32000, 51001, 80000, 99000))),
    st.tuples(st.just("available"), FLAG),
    st.tuples(st.just("phases"), st.sampled_from((1, 3))),
    st.tuples(st.just("renew"), FLAG),
    st.tuples(st.just("order"), st.sampled_from(("clear", "unlock", "wake", "selftest"))),
    st.tuples(st.just("input"), st.tuples(st.sampled_from(INPUTS), FLAG)),
    st.tuples(st.just("high_mv"), st.one_of(st.none(), EDGE_MV, ODD_MV)),
    st.tuples(st.just("noise"), st.lists(st.integers(-900, 900), min_size=1, max_size=12)),
    st.tuples(st.just("flicker"), st.lists(st.sampled_from("ABCDEF"), min_size=2, max_size=12)),
    st.tuples(st.just("diode"), FLAG),
    st.tuples(st.just("low_seen"), FLAG),
    st.tuples(st.just("bursts"), FLAG),
    st.tuples(st.just("rcd"), FLAG),
    st.tuples(st.just("rdc_dd"), FLAG),
    st.tuples(st.just("rcd_answers_test"), FLAG),
    st.tuples(st.just("weld"), st.sampled_from(((1, 0), (0, 1), (1, 1), (0, 0)))),
    st.tuples(st.just("stuck"), st.sampled_from(((1, 0), (0, 1), (0, 0)))),
    st.tuples(st.just("shows"), st.sampled_from((None, None, -1, 0, 1))),
    st.tuples(st.just("lock_stuck"), st.sampled_from((None, None, 0, 1, -1))),
    st.tuples(st.just("pp_ohm"), st.sampled_from((0, 74, 100, 220, 680, 1500, 2201, 100000))),
    st.tuples(st.just("meter"), st.tuples(st.integers(0, 90000), st.sampled_from((230000, 159999, 280001, 0)))),
    st.tuples(st.just("temperature"), st.tuples(st.integers(0, 4), st.one_of(st.integers(20, 110), st.just(-999)))),
    st.tuples(st.just("gap"), st.sampled_from((0, 1, 79, 80, 90, 149, 150, 151, 160, 300, 600, 5000, 60000, 1 << 29))),
    st.tuples(st.just("rest"), st.sampled_from((4, 12, 32))),
)
WAIT_TICKS = st.sampled_from((1, 2, 3, 5, 10, 21, 45, 47, 60, 100, 130, 300, 520, 610))
SHORT = st.lists(st.tuples(ACTION, st.sampled_from((1, 2, 21, 60, 220, 610))), min_size=1, max_size=3)
TRACE = st.lists(st.tuples(ACTION, WAIT_TICKS), min_size=1, max_size=10)

VARIANT = st.fixed_dictionaries({
    "contactors": st.sampled_from((1, 2)), "feedback": FLAG, "rcd_test": FLAG, "lock": FLAG, "ventilated": FLAG,
    "phases": st.sampled_from((1, 3)), "pe_monitor": FLAG, "cp_disconnect": FLAG, "simplified": FLAG})
START_MS = st.sampled_from((0, WRAP - 500, WRAP - 3000, WRAP - 20000, 1 << 29))
BEGIN = st.sampled_from(("empty", "offering", "closed", "closed", "closed"))


class Life:
    """Applies a trace to a rig."""

    def __init__(self, rig):
        self.rig = rig

    def apply(self, kind, value):
        """One action; the rig checks the invariants in every tick."""
        rig, request, inputs = self.rig, self.rig.core.request, self.rig.core.inputs
        if kind == "order":
            rig.order(value)
        elif kind == "offer":
            request.offered_ma = value
        elif kind in ("available", "phases"):
            setattr(request, kind, value)
        elif kind == "input":
            setattr(inputs, value[0], value[1])
        elif kind == "charge":
            self.heal()
            rig.vehicle = value
            rig.run(1500)
        elif kind == "noise":
            for noise_mv in value:
                rig.noise_mv = noise_mv
                rig.step()
            rig.noise_mv = 0
        elif kind == "flicker":
            was = rig.vehicle
            for letter in value:
                rig.vehicle = letter
                rig.step()
            rig.vehicle = was
        elif kind in ("weld", "stuck"):
            name = "welded" if kind == "weld" else "stuck_open"
            setattr(rig.contactor_1, name, bool(value[0]))
            setattr(rig.contactor_2, name, bool(value[1]))
        elif kind == "shows":
            rig.contactor_1.shows = value
        elif kind == "pp_ohm":
            if rig.core.fitted.lock:
                inputs.pp_ohm = value
        elif kind == "meter":
            rig.supply_mv = (value[1], 230000, 230000)
            rig.read_meter(value[0])
        elif kind == "temperature":
            rig.read_temperature(value[0], value[1])
        elif kind == "rest":
            for _ in range(value * 1000 // 70):
                rig.step(70)                # seldom ticks, so that long times cost little
        elif kind == "gap":
            rig.step(value)
        else:
            setattr(rig, kind, value)

    def heal(self):
        """Everything that can be mended is mended, so that a trace comes back to power."""
        rig, inputs = self.rig, self.rig.core.inputs
        rig.high_mv, rig.noise_mv, rig.diode, rig.low_seen, rig.bursts, rig.renew = None, 0, True, True, True, True
        rig.rcd = rig.rdc_dd = 0
        rig.rcd_answers_test = True
        rig.welded = rig.stuck_open = False
        rig.contactor_1.shows = None
        rig.lock_stuck = None
        inputs.pe_ok, inputs.enable, inputs.upstream_tripped, inputs.guard_opened = 1, -1, 0, 0
        if rig.core.fitted.lock:
            inputs.pp_ohm = 220
        rig.allow(phases=rig.core.request.phases)
        rig.run(50)
        rig.order("clear")


def begin(start_ms, variant, how):
    """A rig at the beginning of a life."""
    rig = Rig(start_ms, **variant)
    if how == "offering":
        rig.to_offering()
    elif how == "closed":
        rig.to_closed()
    return rig


def live(start_ms, variant, how, trace):
    """A whole life; returns its rig."""
    life = Life(begin(start_ms, variant, how))
    for (kind, value), ticks in trace:
        life.apply(kind, value)
        life.rig.run(ticks * limits.TICK_MS)
    return life


class TestFollowing(unittest.TestCase):
    @settings(max_examples=EXAMPLES // 20, deadline=None, database=None, derandomize=EXAMPLES == 2000,
              suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(START_MS, st.lists(st.tuples(st.integers(6000, 80000), st.sampled_from((1, 7, 50, 200, 499, 500, 501, 900))),
                              min_size=1, max_size=12), st.integers(0, 300), st.sampled_from((0, 300, 1000)), st.integers(1, 40),
           st.sampled_from((0, 100, 440)))
    def test_vehicle_that_follows_within_5_s_is_never_tripped(self, start_ms, offers, lag_ticks, age_ms, every_ticks, early_ms):
        rig = Rig(start_ms)
        rig.allow(offers[0][0]).to_offering()
        rig.vehicle = "C"
        if early_ms:
            rig.run(early_ms)                # the first offers change while the contactor is still open
        else:
            rig.until_phase(CLOSED)
        history = [rig.core.offered_ma]
        age_ticks = age_ms // 10
        count = 0
        for offered_ma, ticks in offers + [(6000, 700)]:
            rig.core.request.offered_ma = offered_ma
            for _ in range(ticks):
                count += 1
                drawn_ma = history[max(0, len(history) - 1 - min(lag_ticks + 200, 500) - age_ticks)]
                if count % every_ticks == 0:
                    rig.read_meter(drawn_ma, age_ms)
                rig.step()
                history.append(rig.core.offered_ma)
        self.assertEqual((rig.core.trips, rig.core.phase), (0, CLOSED))


class TestLives(unittest.TestCase):
    @settings(max_examples=EXAMPLES // 2, deadline=None, database=None, derandomize=EXAMPLES == 2000,
              suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(START_MS, VARIANT, SHORT)
    def test_invariants_hold_after_one_to_three_changes_under_power(self, start_ms, variant, trace):
        live(start_ms, variant, "closed", trace)

    @settings(max_examples=EXAMPLES // 2, deadline=None, database=None, derandomize=EXAMPLES == 2000,
              suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(START_MS, VARIANT, BEGIN, TRACE)
    def test_invariants_hold_in_every_life(self, start_ms, variant, how, trace):
        live(start_ms, variant, how, trace)

    @settings(max_examples=EXAMPLES // 20, deadline=None, database=None, derandomize=EXAMPLES == 2000,
              suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(START_MS, VARIANT, TRACE)
    def test_after_any_life_a_healthy_charger_charges_again_unless_a_trip_that_stays(self, start_ms, variant, trace):
        variant = dict(variant, simplified=1)
        life = live(start_ms, variant, "empty", trace)
        rig = life.rig
        life.heal()
        for sensor in range(5):
            rig.read_temperature(sensor, 20)
        rig.supply_mv = (230000, 230000, 230000)
        rig.read_meter(0)
        rig.plug("A", 2500)
        if rig.core.trips & trips.POWER_CYCLE:
            rig.plug("C", 10000)
            self.assertEqual(rig.coil, 0)
            return
        self.assertEqual(rig.core.trips, 0)
        rig.plug("B", 3000)
        rig.read_meter(0)
        rig.vehicle = "C"
        self.assertIsNotNone(rig.until_phase(CLOSED, 40000))


if __name__ == "__main__":
    unittest.main()
