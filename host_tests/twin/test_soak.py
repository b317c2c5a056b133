# cpython only: the whole firmware on the twin in one process
"""The soak's rules notice what they are there for, its runs repeat themselves, and a short one goes well."""

import json
import sys
import types
import unittest
from pathlib import Path
from unittest import mock

from tools.twin.air import Air
from tools.twin.clock import VirtualClock
from tools.twin.hal import Hal
from tools.twin.soak import shorter, vacuous
from tools.twin.soak_begin import CALLS, NotNow, device, no_network
from tools.twin.soak_calm import Calm
from tools.twin.soak_chapter import Chapter
from tools.twin.soak_life import FLAT, GROWS, TOO_SHORT, UNSURE, Life, growth, verdict
from tools.twin.soak_user import NORMAL_CAR
from tools.twin.soak_watch import Violation, Watch
from tools.twin.world import World

MS = 1000
S = 1_000_000
BOARD = json.loads((Path(__file__).resolve().parents[2] / "board_configs" / "twin.json").read_text())
PINS = BOARD["pins"]
SHORT_H = 0.1
AUDITED = range(1, 9)      # seeds: the user of some of them unplugs soon after the calm, so that the records are looked at


class Bare:
    """A world without firmware: the test drives its pins."""

    def __init__(self):
        self.clock = VirtualClock()
        self.world = World(self.clock, Hal(BOARD, self.clock), BOARD)
        self.broken = []
        self.watch = Watch(self, lambda violation: self.broken.append(violation.rule))
        self.world.power_returns()
        self.pin("coil_watchdog", 0)
        self._toggle()

    def _toggle(self, level=0):
        self.pin("coil_watchdog", 1 - level)
        self.clock.after(10 * MS, lambda: self._toggle(1 - level))

    def pin(self, name, level):
        self.world.on_output("pin", PINS[name], level, self.clock.now_us)

    def pwm(self, duty_ns):
        self.world.on_output("pwm", PINS["cp_pwm"], (1000, duty_ns), self.clock.now_us)

    def ev(self, **values):
        self.world.set_ev(values)
        self.watch.look()

    def fault(self, name, on=True):
        self.world.set_fault(name, on)
        self.watch.look()

    def passes(self, us):
        self.clock.advance_to(self.clock.now_us + us)

    def charging(self):
        """A vehicle in C with its contactor closed, as it should be."""
        self.ev(**NORMAL_CAR)
        self.pwm(266_000)
        self.passes(3 * S)
        self.pin("contactor_1", 1)
        self.passes(1 * S)
        return self


class Rules(unittest.TestCase):
    def bare(self):
        bare = Bare()
        self.addCleanup(bare.clock.close)
        return bare

    def after(self, wrong, us, off_after_us=None):
        """The rules that are broken when `wrong(bare)` happens to a charge and the coil goes off after a while, or never."""
        bare = self.bare().charging()
        self.assertEqual((bare.broken, bare.world.state()["contactor"]["closed"]), ([], True))
        wrong(bare)
        if off_after_us is not None:
            bare.clock.after(off_after_us, lambda: bare.pin("contactor_1", 0))
        bare.passes(us)
        return bare.broken

    def test_coil_may_stay_on_for_the_reaction_time_and_no_longer(self):
        for wrong, rule, limit_us in (
                (lambda bare: bare.ev(plugged=False), "pilot", 50 * MS), (lambda bare: bare.ev(state="B"), "pilot", 50 * MS),
                (lambda bare: bare.fault("rcd_dc"), "residual", 20 * MS), (lambda bare: bare.fault("rcd_ac"), "residual", 20 * MS),
                (lambda bare: bare.fault("pe_lost"), "earth", 20 * MS), (lambda bare: bare.ev(diode=False), "diode", 80 * MS)):
            with self.subTest(rule=rule):
                self.assertEqual(self.after(wrong, 1 * S), [rule])
                self.assertEqual(self.after(wrong, 1 * S, limit_us - MS), [])
                self.assertEqual(self.after(wrong, 1 * S, limit_us + MS), [rule])

    def test_coil_that_goes_on_without_a_vehicle_in_c_breaks_a_rule_at_once(self):
        bare = self.bare()
        bare.passes(1 * S)
        bare.pin("contactor_1", 1)
        bare.passes(1 * MS)
        self.assertEqual(bare.broken, ["pilot"])

    def test_flash_that_holds_the_interpreter_lengthens_the_time_by_as_much(self):
        for off_after_us, broken in ((60 * MS, []), (75 * MS, ["residual"])):
            bare = self.bare().charging()
            bare.fault("rcd_ac")
            bare.clock.after(off_after_us, lambda bare=bare: bare.pin("contactor_1", 0))
            bare.clock.hold_us(45 * MS)
            bare.passes(1 * S)
            self.assertEqual(bare.broken, broken)

    def test_residual_current_trip_forbids_power_until_the_vehicle_is_unplugged_or_the_supply_was_gone(self):
        for between, broken in ((lambda bare: None, ["residual"]), (lambda bare: bare.watch.reset(), ["residual"]),
                                (lambda bare: bare.ev(plugged=False), []), (lambda bare: bare.watch.power_lost(), [])):
            bare = self.bare().charging()
            bare.fault("rcd_dc")
            bare.passes(10 * MS)
            bare.pin("contactor_1", 0)
            bare.passes(1 * S)
            bare.fault("rcd_dc", False)
            between(bare)
            bare.passes(1 * S)
            bare.ev(plugged=True)
            bare.passes(3 * S)
            bare.pin("contactor_1", 1)
            bare.passes(1 * S)
            self.assertEqual(bare.broken, broken)

    def test_contacts_that_are_welded_never_see_the_coil_again(self):
        bare = self.bare().charging()
        bare.fault("weld")
        bare.pin("contactor_1", 0)
        bare.passes(1 * S)
        self.assertEqual(bare.broken, [])
        bare.pin("contactor_1", 1)
        self.assertEqual(bare.broken, ["weld"])

    def test_duty_between_0_and_10_percent_and_offers_above_the_limit_are_noticed(self):
        for duty_ns, broken in ((100_000, []), (95_000, ["duty"]), (50_000, ["duty"]), (533_000, []), (560_000, ["offer"]),
                                (985_000, ["duty"])):
            bare = self.bare()
            bare.pwm(duty_ns)
            self.assertEqual(bare.broken, broken, duty_ns)

    def test_offer_must_follow_a_lower_limit_within_five_seconds_and_a_half(self):
        bare = self.bare()
        bare.pwm(266_000)
        bare.watch.limit(10_000)
        bare.passes(5_500 * MS)
        self.assertEqual(bare.broken, [])
        bare.passes(1 * S)
        self.assertEqual(bare.broken, ["offer"])


class Faults(unittest.TestCase):
    def inner(self):
        """What a fault needs; `ends` are what ends the faults that have begun."""
        inner = mock.MagicMock(ends=[])
        inner.chapter.clock.now_us = 0
        inner.lasts = lambda us, undo: inner.ends.append(undo)
        return inner

    def test_two_faults_of_one_device_call_leave_nothing_behind_in_whatever_order_they_end(self):
        strip = types.SimpleNamespace(NeoPixel=type("NeoPixel", (), {"write": lambda self: "written"}))
        call = [row[:2] for row in CALLS].index(("neopixel", "NeoPixel"))
        arguments = {"call": call, "error": "OSError", "every": 1, "ms": 20, "pin": ""}
        for order in (0, 0), (1, 0):
            inner = self.inner()
            with mock.patch.dict(sys.modules, neopixel=strip):
                device(inner, arguments)
                device(inner, arguments)
            with self.assertRaises(OSError):
                strip.NeoPixel().write()
            for place in order:
                inner.ends.pop(place)()
            self.assertEqual(strip.NeoPixel().write(), "written")

    def test_network_that_is_gone_cannot_go_again_and_comes_back(self):
        inner = self.inner()
        inner.chapter.world.air = air = Air(lambda shown: None)
        home = air.state()
        no_network(inner, {"ms": 20})
        self.assertEqual(air.state()["aps"], [])
        self.assertRaises(NotNow, no_network, inner, {"ms": 20})
        for end in inner.ends:
            end()
        self.assertEqual(air.state(), home)


class Peace(unittest.TestCase):
    """The end of trouble, of a charger that is told by the test."""

    def calm(self, app, answers):
        """The rule that is broken within half an hour, None when none is. answers: whether questions are."""
        clock = VirtualClock()
        self.addCleanup(clock.close)
        chapter = mock.MagicMock(clock=clock, sane={}, _restart_due=False)
        chapter._app_now = lambda: app
        chapter._after = lambda us, fn: clock.after(us, fn)
        chapter._call = lambda method, path, body, done: answers and clock.after(1 * S, lambda: done(200))
        chapter.world.mains.power_mw = 7_000_000
        chapter._rng.choice = min
        try:
            Calm(chapter).begin()
            clock.advance_to(1_800 * S)
        except Violation as broken:
            return broken.rule
        return None

    def test_charger_that_never_starts_again_or_never_answers_is_found(self):
        app = mock.MagicMock()
        app.station.facts.return_value = mock.MagicMock()
        with mock.patch("tools.twin.soak_calm.state_of", lambda chapter: "as it is"):
            self.assertIsNone(self.calm(app, True))
            self.assertEqual(self.calm(None, True), "recovery")
            self.assertEqual(self.calm(app, False), "recovery")

    def test_life_in_which_somebody_is_answered_badly_or_not_at_all_is_found(self):
        for answer, wrong in ((200, None), (500, "answered with 500"), (None, "not answered")):
            with self.subTest(answer=answer):
                clock = VirtualClock()
                self.addCleanup(clock.close)
                box = [None if answer is None else (answer, {})]
                twin = mock.MagicMock(clock=clock)
                twin.visit = lambda *words, box=box: box
                life = Life(twin, None, 1, 1, lambda: 0)
                life._ask("/api/v1/status")
                clock.now_us += 60 * S
                life._guarded(life._look)
                self.assertEqual(life.wrong is None, wrong is None)
                self.assertIn(wrong or "", life.wrong or "")


class Runs(unittest.TestCase):
    def test_some_minutes_with_anything_happening_go_well_and_repeat_themselves(self):
        runs = []
        for _ in range(2):
            chapter = Chapter(5, SHORT_H)
            self.assertIsNone(chapter.run(), chapter.failure and chapter.story())
            runs.append((chapter.acts, chapter.world.trace.edges()))
        self.assertGreater(len(runs[0][0]), 8)
        self.assertEqual(runs[0], runs[1])

    def test_charger_that_forgets_to_open_is_found_with_seed_time_acts_and_edges(self):
        acts = [(5 * S, ("ev", NORMAL_CAR)), (30 * S, ("ev", {"plugged": False}))]
        self.assertIsNone(Chapter(1, SHORT_H / 4, acts).run())      # as it is, it opens
        chapter = Chapter(1, SHORT_H / 4, acts)
        new_boot = chapter._new_boot

        def spoilt(app):
            new_boot(app)
            app.core._coil_off = lambda: None
        chapter._new_boot = spoilt
        self.assertEqual(chapter.run().rule, "pilot")
        story = chapter.story()
        for part in ("seed 1, at 30.", "ev {'plugged': False}", "ev_state \"A\"", "coil true"):
            self.assertIn(part, story)

    def test_residual_current_trip_holds_over_a_reset_and_a_charger_that_forgets_it_is_found(self):
        acts = [(5 * S, ("ev", NORMAL_CAR)), (30 * S, ("fault", ("rcd_dc", True))), (31 * S, ("fault", ("rcd_dc", False))),
                (33 * S, ("reset", "watchdog"))]
        chapter = Chapter(1, SHORT_H / 2, acts)
        self.assertIsNone(chapter.run())
        self.assertEqual((chapter.watch.locks, chapter.watch.closings), (1, 1))
        chapter = Chapter(1, SHORT_H / 2, acts)
        new_boot = chapter._new_boot

        def spoilt(app):
            new_boot(app)
            app.core.trips = 0
        chapter._new_boot = spoilt
        self.assertEqual(chapter.run().rule, "residual")

    def test_charger_that_does_not_come_back_and_energy_that_is_not_recorded_are_found(self):
        acts = [(5 * S, ("ev", NORMAL_CAR)), (20 * S, ("calm", {}))]
        for spoil, rule in ((lambda app: setattr(app.station, "closing", True), "recovery"),
                            (lambda app: setattr(app.records.sessions, "page", lambda *args: []), "energy")):
            rules = []
            for seed in AUDITED:
                chapter = Chapter(seed, SHORT_H * 2, acts)
                new_boot = chapter._new_boot

                def spoilt(app, spoil=spoil, new_boot=new_boot):
                    new_boot(app)
                    spoil(app)
                chapter._new_boot = spoilt
                if chapter.run() is not None:
                    rules.append(chapter.failure.rule)
                    break
            self.assertEqual(rules, [rule])

    def test_what_broke_a_rule_is_told_in_fewer_acts_where_the_last_ones_do(self):
        quiet = [(t_s * S, ("get", "/api/v1/facts")) for t_s in range(6, 20)]
        acts = [(5 * S, ("ev", NORMAL_CAR)), *quiet, (50 * S, ("reset", "none"))]       # the last act is none: it raises
        chapter = Chapter(1, SHORT_H / 4, acts)
        self.assertEqual(chapter.run().rule, "soak")
        short = shorter(chapter)
        self.assertEqual([act for _, act in short.acts], [("ev", NORMAL_CAR), ("reset", "none")])

    def trial(self, name, arguments, spoil=None, hours=0.025):
        """A chapter of one fault while it charges in peace; spoil(app) breaks the charger at its start."""
        chapter = Chapter(1, hours, [(3 * S, ("ev", NORMAL_CAR)), (4 * S, ("trial", (name, arguments)))])
        new_boot = chapter._new_boot

        def spoilt(app):
            new_boot(app)
            if spoil is not None:
                spoil(app)
        chapter._new_boot = spoilt
        chapter.run()
        return chapter

    def test_what_fails_inside_takes_power_only_where_it_may_comes_back_and_is_told(self):
        for name, arguments, opened in (("task killed", {"task": "control", "error": "OSError"}, 1),
                                        ("task raises", {"task": "ui", "error": "MemoryError"}, 0),
                                        ("task hogs", {"task": "ui", "error": "OSError", "ms": 300}, 1)):
            with self.subTest(name):
                chapter = self.trial(name, arguments)
                self.assertIsNone(chapter.failure, chapter.failure and chapter.story())
                counts = chapter.faults[name]
                self.assertEqual((counts["trials"], counts["opened"]), (1, opened))

    def test_what_strikes_a_start_before_it_was_seen_is_not_held_against_it(self):
        raising = ("inner", ("task raises", {"task": "card list", "error": "MemoryError"}))
        for at_us in (2 * S, 23 * S):           # starts are looked for every five seconds
            acts = [(at_us, raising)] if at_us < 20 * S else [(20 * S, ("reset", "soft")), (at_us, raising)]
            chapter = Chapter(1, SHORT_H / 2, acts)
            self.assertIsNone(chapter.run())
            self.assertEqual(chapter.faults["task raises"]["begun"], 1)

    def test_charger_that_hides_what_failed_loses_power_for_nothing_or_does_not_come_back_is_found(self):
        """The rules for what fails inside can be broken."""
        for spoil, name, arguments, rule in (
                (lambda app: setattr(app.supervisor, "_log", lambda *told: None), "task killed",
                 {"task": "ui", "error": "OSError"}, "log"),
                (lambda app: setattr(app.online.clock_desk, "set", lambda *told: app.timer.open_now()), "clock is set",
                 {"s": 7_200}, "power"),
                (lambda app: setattr(app.supervisor, "_start", lambda entry: None), "task killed",
                 {"task": "ui", "error": "OSError"}, "comes back")):
            with self.subTest(rule):
                chapter = self.trial(name, arguments, spoil, 0.06 if rule == "comes back" else 0.025)
                self.assertEqual(chapter.failure and chapter.failure.rule, rule)

    def test_heap_that_grows_is_told_by_the_day(self):
        flat = [(number / 4, 100_000 + (number % 3) * 100) for number in range(40)]
        leaks = [(hour, held + 400 * hour) for hour, held in flat]
        self.assertLess(abs(growth(flat)[0]), 2 * growth(flat)[1])
        self.assertAlmostEqual(growth(leaks)[0], 24 * 400 + growth(flat)[0], delta=2)
        noisy = [(hour, held + number * 7_919 % 60_000) for number, (hour, held) in enumerate(flat)]
        self.assertEqual([verdict(samples) for samples in (flat, leaks, leaks[:5], noisy, noisy[:20])],
                         [FLAT, GROWS, TOO_SHORT, UNSURE, TOO_SHORT])

    def test_a_long_run_that_compared_no_energy_or_saw_no_device_take_power_away_is_refused(self):
        def sums(hours, audits, opened, told):
            return {"hours": hours + 24, "lives": [{"hours": 24, "on": "CPython"}, {"hours": 2, "on": "MicroPython"}],
                    "counts": {"audits": audits}, "faults": {"device call raises": {"opened": opened, "told": told}}}
        self.assertEqual(vacuous(sums(48, 16, 1, 1)), [])
        self.assertEqual(vacuous(sums(3, 0, 0, 0)), [])
        for wrong in (sums(48, 15, 1, 1), sums(48, 16, 0, 0), sums(48, 16, 1, 0), sums(4, 1, 0, 0)):
            self.assertEqual(len(vacuous(wrong)), 1, wrong)

    def test_a_reader_that_was_dead_takes_cards_again_and_one_that_does_not_is_found(self):
        dead = {"fault": "reader_dead", "ms": 16_000}
        self.assertEqual(self.trial("card reader dead", dead, hours=0.05).faults["card reader dead"]["trials"], 1)

        def deaf(app):
            card, heard = app.gate.card, []
            app.gate.card = lambda uid, now_ms: heard.append(uid) or (card(uid, now_ms) if len(heard) == 1 else None)
        self.assertEqual(self.trial("card reader dead", dead, deaf, 0.08).failure.rule, "card")

    def test_boot_that_ends_by_itself_is_found(self):
        chapter = Chapter(1, SHORT_H / 4, [])
        new_boot = chapter._new_boot

        def spoilt(app):
            new_boot(app)
            app.station.tick = None
        chapter._new_boot = spoilt
        self.assertEqual(chapter.run().rule, "alive")


if __name__ == "__main__":
    unittest.main()
