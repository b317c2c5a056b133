# cpython only: the search compiles text and keeps hundreds of thousands of states
"""The search of reachable states finds planted faults, shows the shortest way to them, and counts the same in any order."""

import unittest

from firmware.safety import control_pilot as cp
from firmware.safety import limits, trips
from firmware.safety.core import CLOSED, CLOSING, OPENING, STOPPING, SafetyCore
from tools.checks.reach.abstraction import INDEX, Model
from tools.checks.reach.rules import Broken
from tools.checks.reach.search import Search
from tools.checks.reach.validate import Unseen, validate
from tools.checks.reach.worlds import check_liveness

SMALL = {"pilots": "ABC", "late": False, "protection": ("plain", "pe"), "feedback_faults": False, "most_ends": 1,
         "other_offers": False}


class ClosesWithoutPe(SafetyCore):
    """PE is looked at by the trip alone, which comes when nobody is asked any more."""

    def _may_close(self):
        pe_ok, self.inputs.pe_ok = self.inputs.pe_ok, 1
        may = super()._may_close()
        self.inputs.pe_ok = pe_ok
        return may

    def _causes(self, gap_ms):
        return super()._causes(gap_ms) & ~trips.PE_LOST


class ClosesAtOnce(SafetyCore):
    """Forgets the pause after opening."""

    def _may_close(self):
        left_ms, self._reclose_left_ms = self._reclose_left_ms, 0
        may = super()._may_close()
        self._reclose_left_ms = left_ms
        return may


class ClearForgetsWeld(SafetyCore):
    """The clear order clears everything."""

    def _take_orders(self):
        cleared = self.request.clear_seq != self._clear_seq
        super()._take_orders()
        if cleared:
            self.trips = 0


class StopNeverEnds(SafetyCore):
    """A vehicle that does not react keeps its power."""

    def _coil_off(self):
        if self.phase != STOPPING or self.trips or self.pilot.state != cp.C:
            super()._coil_off()


class TrippedForGood(SafetyCore):
    """Unplugging clears nothing."""

    def _protect(self, gap_ms):
        before = self.trips
        super()._protect(gap_ms)
        self.trips |= before


class StaysOnInB(SafetyCore):
    """The vehicle's leaving C is noticed in closed only."""

    def _follow_vehicle(self):
        if self.phase == CLOSING:
            self._last_state = self.pilot.state
        else:
            super()._follow_vehicle()


class TestPlantedFaults(unittest.TestCase):
    def broken(self, core_class, fitted=None, **options):
        """What the search says to this core."""
        search = Search("planted", fitted or {}, dict(SMALL, **options), core_class)
        with self.assertRaises(Broken) as caught:
            search.run(100)
            check_liveness(search)
        return caught.exception

    def test_closing_without_pe_is_found(self):
        self.assertEqual(self.broken(ClosesWithoutPe).rule, "closes_healthy")

    def test_closing_before_the_pause_is_over_is_found(self):
        self.assertEqual(self.broken(ClosesAtOnce).rule, "closes_after_pause")

    def test_forgetting_a_weld_is_found(self):
        broken = self.broken(ClearForgetsWeld, orders=("clear",), feedback_faults=True, beyond_weld=True)
        self.assertEqual(broken.rule, "weld_stays")

    def test_a_stop_without_end_is_found(self):
        self.assertEqual(self.broken(StopNeverEnds).rule, "stop_opens")

    def test_a_state_that_never_charges_again_is_found(self):
        self.assertEqual(self.broken(TrippedForGood).rule, "charges_again")

    def test_power_in_b_is_found_with_the_shortest_way_to_it(self):
        broken = self.broken(StaysOnInB)
        self.assertEqual(broken.rule, "power_vehicle")
        self.assertIn("closing", broken.trace[-1])
        for seed in range(3):               # no order of inputs finds a shorter one
            search = Search("planted", {}, SMALL, StaysOnInB, seed=seed)
            with self.assertRaises(Broken) as caught:
                search.run(100)
            self.assertEqual(len(caught.exception.trace), len(broken.trace))

    def test_the_way_to_a_planted_fault_leads_there_tick_by_tick(self):
        trace = self.broken(ClosesAtOnce).trace
        self.assertTrue(trace[0].startswith("idle"))
        self.assertIn("pilot B", trace[-3] + trace[-4])      # it left C, and comes back at once
        self.assertTrue(trace[-1].startswith("offering") and "pilot C" in trace[-1])


class TestCounts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.search = Search("small", {}, SMALL)
        cls.result = cls.search.run(100)

    def test_the_search_closes_and_meets_every_phase_of_a_charge(self):
        self.assertTrue(self.result.closed)
        phases = {key[INDEX["phase"]] for key in self.search.seen[0]}
        self.assertTrue({0, 1, 2, 3, 5, 6, 7, 8, 9} <= phases)

    def test_another_order_of_inputs_counts_the_same(self):
        for seed in (1, 2):
            other = Search("small", {}, SMALL, seed=seed)
            result = other.run(100)
            self.assertEqual((result.states, result.between, result.steps, result.depth),
                             (self.result.states, self.result.between, self.result.steps, self.result.depth))
            self.assertEqual(set(other.seen[0]), set(self.search.seen[0]))

    def test_concrete_runs_stay_in_what_was_seen(self):
        ticks, met = validate(self.search, 30)
        self.assertGreater(ticks, 10000)
        self.assertGreater(met, 50)

    def test_a_state_that_was_not_seen_is_noticed(self):
        gone = [key for key in self.search.seen[0] if key[INDEX["phase"]] == CLOSED]
        kept = {key: self.search.seen[0].pop(key) for key in gone}
        try:
            with self.assertRaises(Unseen):
                validate(self.search, 30)
        finally:
            self.search.seen[0].update(kept)

    def test_every_state_charges_again(self):
        charged, welded = check_liveness(self.search)
        self.assertEqual((charged, welded), (len(self.search.seen[0]), 0))


class TestAbstraction(unittest.TestCase):
    def test_a_new_attribute_of_the_core_is_not_forgotten(self):
        class Other(SafetyCore):
            def __init__(self, fitted):
                super().__init__(fitted)
                self._more_left_ms = 0

        with self.assertRaises(ValueError) as caught:
            Model({}, Other)
        self.assertIn("_more_left_ms", str(caught.exception))

    def test_every_kept_state_comes_back_as_it_was(self):
        search = Search("small", {}, SMALL)
        search.run(100)
        model = search.model
        for key in search.seen[0]:
            model.restore(key)
            self.assertEqual(model.keep_settled(), key)

    def test_inputs_left_out_before_the_last_stage_do_not_matter_there(self):
        search = Search("small", {"rcd_test": 1}, dict(SMALL, feedback_faults=True))
        search.run(100)
        model, (_name, choices, run, keep) = search.model, search.plan[-1]
        inputs = model.core.inputs
        for key in list(search.seen[-1])[::37]:
            for _text, apply in choices(key):
                found = set()
                for pe_ok, feedback, rcd in ((1, 0, 0), (0, 0, 0), (1, 1, 0), (1, 0, 1)):
                    model.restore(key)
                    phase = model.core.phase
                    if phase != 3:
                        inputs.pe_ok = pe_ok
                    if phase not in (1, 3, CLOSING, OPENING):
                        inputs.feedback_1 = feedback
                    if phase != 1:
                        inputs.rcd_tripped = rcd
                    apply()
                    run()
                    found.add(keep())
                self.assertEqual(len(found), 1)


class TestOffers(unittest.TestCase):
    def test_what_stands_for_an_offer_is_one(self):
        from tools.checks.reach.abstraction import OFFER_MA
        self.assertTrue(limits.OFFER_MIN_MA <= OFFER_MA <= limits.OFFER_MAX_MA)


if __name__ == "__main__":
    unittest.main()
