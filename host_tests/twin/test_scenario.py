# cpython only: the world runs in CPython
import tempfile
import unittest
from pathlib import Path

from host_tests.twin.probe_board import Bench
from tools.twin.runner import NotNow, Pace
from tools.twin.scenario import Play, ScenarioError, read


class Stage:
    """A twin without firmware for Play: the world of a probe board, and facts that a test sets."""

    can_advance = True

    def __init__(self):
        self.bench = Bench()
        self.world, self.clock = self.bench.world, self.bench.clock
        self.pace = Pace(self.clock)
        self.known = {}
        self.visits = []
        self.answers = []
        self.absent = 2

    def facts(self, name):
        if name not in self.known:
            raise NotNow("the charger is not running")
        return self.known[name]

    def set_utc(self, unix_s):
        self.clock.set_utc(unix_s)

    def visit(self, *words):
        """Answers from `answers`, oldest first; the first two times nobody is there yet."""
        if self.absent:
            self.absent -= 1
            raise NotNow("the charger is not running")
        self.visits.append(words)
        return [self.answers.pop(0)]


class ScenarioCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, text, name="story.scn"):
        file = self.folder / name
        file.write_text(text)
        return file

    def play(self, text, stage=None):
        """The failure's text, or None. Also returns the stage."""
        stage = stage or Stage()
        ends = []
        Play(stage, read(self.write(text)), ends.append).start()
        stage.clock.run_until(lambda: bool(ends), limit_us=stage.clock.now_us + 100_000_000_000)
        self.assertEqual(len(ends), 1, "the scenario did not end")
        return ends[0], stage


class ReadingTest(ScenarioCase):
    def refused(self, line, *parts):
        file = self.write("# a story\nplug\n" + line + "\n")
        with self.assertRaises(ScenarioError) as caught:
            read(file)
        text = str(caught.exception)
        self.assertTrue(text.startswith(f"{file}:3: "), text)
        for part in parts:
            self.assertIn(part, text)

    def test_a_broken_line_names_its_place_what_is_wrong_and_what_is_allowed(self):
        for line, *parts in (
                ("plugin", "no verb plugin", "plug, unplug"),
                ("plug phases=4", "from 1 to 3"),
                ("plug colour=red", "no field colour", "plugged, state"),
                ("plug plugged=true", "by itself"),
                ("unplug now", "alone"),
                ("ev", "at least one"),
                ("ev state", "field=value"),
                ("ev soc=0.1 soc=0.2", "said twice"),
                ("card 12", "hexadecimal"),
                ("house load_w=1,2", "three numbers"),
                ("fault fire on", "weld"),
                ("fault weld", "on or off"),
                ("fault weld maybe", "true or false"),
                ("button front 2 s", "for 2 s"),
                ("button side", "service, front"),
                ("input rain on", "enable"),
                ("wait", "500 ms, 2 s"),
                ("wait 2 fortnights", "500 ms, 2 s"),
                ("wait -2 s", "500 ms, 2 s"),
                ("wait 9e99 h", "500 ms, 2 s"),
                ("advance soon", "500 ms, 2 s"),
                ("time noon", "2026-11-20T12:00:00Z"),
                ("reboot softly", "power, watchdog, soft"),
                ("expect", "expect charger.FACT"),
                ("expect contactor is open", "neither charger"),
                ("expect charger.colour is red", "no fact colour", "cp_state"),
                ("expect world.contactor.color is red", "no color", "commanded, coil"),
                ("expect world.contactor.closed equals true", "equals"),
                ("expect world.contactor.closed is true after 2 s", "after"),
                ("expect world.contactor.closed is true within 2", "500 ms, 2 s"),
                ("expect trace coil false within 50 ms of contacts", "SIGNAL VALUE"),
                ("expect trace coils false within 50 ms of ev_state A", "no signal coils", "ev_state"),
                ("expect trace coil maybe within 50 ms of ev_state A", "true or false"),
                ("expect trace coil false within 50 ms of ev_state G", "A to F"),
                ("expect trace no coil true", "no SIGNAL VALUE since"),
                ("expect trace ev_state C then coil true", "needs within"),
                ("expect trace ev_state C then coil true before 5 s", "before is not understood"),
                ("expect trace ev_state C then coil true within 3", "500 ms, 2 s"),
                ("expect trace coil false within 50 ms of fault fire", "weld"),
                ("expect charger.cp_state is A within 3 s within 4 s", "within is not understood"),
                ("set", "set KEY VALUE"),
                ("set charging.mode", "set KEY VALUE"),
                ("set charging.colour red", "no setting charging.colour", "charging.mode"),
                ("set charging.mode fast", "immediate, smart"),
                ("set charging.mode smart charging.mode smart", "said twice"),
                ("set charging.max_current_a 99", "from 6 to 63 A"),
                ("set charging.max_current_a 99 refused soon", "bad_value"),
                ("set charging.mode smart as king", "user, admin"),
                ("set charging.mode smart as", "set KEY VALUE"),
                ("command", "command NAME"),
                ("command dance", "unknown command dance", "set_ceiling"),
                ("command stop now", "field=value", "reason"),
                ("command stop why=x", "takes no why", "reason"),
                ("command set_ceiling source=mqtt", "needs limit_ma"),
                ("command phases phases=2", "one of 1, 3"),
                ("command stop {", "no JSON object"),
                ("command stop {} {}", "command NAME"),
                ("command unlock refused sleepy", "no_lock"),
                ("command stop from mqtt as user", "not both"),
                ("call POST /api/v1/pin [1]", "no JSON object", "METHOD"),
                ("call POST /api/v1/pin hush", "no JSON object", "METHOD"),
                ("call POST /api/v1/pin " + "[" * 100_000, "no JSON object", "METHOD"),
                ("expect charger.limit_ma > few", "> wants a number, not few"),
                ("expect charger.limit_ma <= true", "<= wants a number, not true"),
                ("expect world.t_ms.hours is 3", "nothing below"),
                ("include", "one file"),
                ("include nowhere.scn", "no file"),
                ("include story.scn", "includes itself"),
                ("wait '2 s", "quotation")):
            with self.subTest(line=line):
                self.refused(line, *parts)

    def test_a_broken_line_in_an_included_file_is_named_there(self):
        inner = self.write("\n\nwiggle\n", "inner.scn")
        with self.assertRaises(ScenarioError) as caught:
            read(self.write("include inner.scn\n"))
        self.assertTrue(str(caught.exception).startswith(f"{inner}:3: "))

    def test_a_missing_or_binary_file_is_one_clear_line(self):
        with self.assertRaises(ScenarioError):
            read(self.folder / "nowhere.scn")
        file = self.folder / "binary.scn"
        file.write_bytes(b"\xff\xfe\x00")
        with self.assertRaises(ScenarioError):
            read(file)

    def test_a_story_without_a_step_proves_nothing_and_is_refused(self):
        with self.assertRaisesRegex(ScenarioError, "empty.scn: there is no step in it"):
            read(self.write("# only said\n\n", "empty.scn"))

    def test_every_scenario_of_the_project_can_be_read(self):
        for file in sorted((Path(__file__).parents[1] / "scenarios").rglob("*.scn")):
            self.assertGreater(len(read(file)), 5, file.name)


class PlayingTest(ScenarioCase):
    def test_verbs_reach_the_world_and_time_passes_as_told(self):
        failure, stage = self.play("""
            house load_w=100,200,300 solar_w=50      # quiet house
            time 2026-11-20T12:00:00Z
            plug phases=1 soc=0.5
            wait 500 ms
            advance 2 h
            fault pe_lost on
            expect world.ev.phases is 1
            expect world.pe_ok is false
            expect world.house.load_w is [100,200,300]
        """)
        self.assertIsNone(failure)
        self.assertEqual(stage.clock.now_us, 7_200_500_000)
        self.assertEqual(stage.clock.utc_s(), 1_795_176_000 + 7200)

    def test_within_waits_until_it_holds_and_no_longer(self):
        failure, stage = self.play("button front for 2 s\nexpect world.buttons.front is false within 5 s\n")
        self.assertIsNone(failure)
        self.assertTrue(2_000_000 <= stage.clock.now_us <= 2_010_000, stage.clock.now_us)

    def test_an_expectation_that_stays_unmet_fails_at_its_time_and_tells_what_was_seen(self):
        failure, stage = self.play("plug\nexpect world.contactor.closed is true within 3 s\nfault weld on\n")
        self.assertIn("story.scn:2: expect world.contactor.closed", failure)
        self.assertIn("was false after 3.000 s", failure)
        self.assertIn('ev_state "B"', failure)
        self.assertFalse(stage.world.faults["weld"], "the story must end at the failing line")

    def test_for_fails_at_the_first_moment_that_breaks_it(self):
        failure, stage = self.play("button front for 2 s\nexpect world.buttons.front is true for 5 s\n")
        self.assertIn("was false after 2.0", failure)
        failure, stage = self.play("expect world.buttons.front is false for 5 s\n")
        self.assertIsNone(failure)
        self.assertEqual(stage.clock.now_us, 5_000_000)

    def test_comparisons(self):
        stage = Stage()
        stage.known = {"drawn_ma": 16_000, "session": None, "limited_by": "user",
                       "faults": [{"code": 5, "name": "diode"}], "voltage_phases_v": [230, 231, 232]}
        good = ("charger.drawn_ma is 16000", "charger.drawn_ma == 16000", "charger.drawn_ma is not 1",
                "charger.drawn_ma != 1", "charger.drawn_ma >= 16000", "charger.drawn_ma < 16001", "charger.session is null",
                "charger.limited_by is user", "charger.faults has diode", "charger.faults has 5",
                "charger.faults lacks weld", "charger.voltage_phases_v.2 > 231", "charger.voltage_phases_v has 230")
        for line in good:
            self.assertIsNone(self.play("expect " + line, stage)[0], line)
        bad = ("charger.drawn_ma is 15999", "charger.drawn_ma > 16000", "charger.session > 5", "charger.session.energy_wh is 0",
               "charger.faults lacks diode", "charger.faults has weld", "charger.voltage_phases_v.3 > 1", "charger.utc is null",
               "charger.limited_by < 5", "charger.drawn_ma has 1")
        for line in bad:
            self.assertIsNotNone(self.play("expect " + line, stage)[0], line)

    def test_trace_expectations_measure_from_the_newest_cause(self):
        story = "plug state=C\nwait 1 s\nunplug\nwait {pause} ms\nfault weld on\n"
        line = "expect trace contacts true within 50 ms of ev_state A\n"
        self.assertIsNone(self.play(story.format(pause=50) + line)[0])
        self.assertIn("came after 51.0 ms", self.play(story.format(pause=51) + line)[0])
        self.assertIn("did not come", self.play("plug\nunplug\n" + line)[0])
        self.assertIn("never been seen", self.play("plug\nexpect trace contacts true within 1 s of coil true\n")[0])

    def test_within_and_for_together_wait_first_and_then_hold(self):
        story = "button front for 2 s\nexpect world.buttons.front is false within {within} s for 3 s\n"
        failure, stage = self.play(story.format(within=3))
        self.assertIsNone(failure)
        self.assertTrue(5_000_000 <= stage.clock.now_us <= 5_020_000, stage.clock.now_us)
        self.assertIn("was true after 1.000 s", self.play(story.format(within=1))[0])
        stage = Stage()
        stage.clock.after(1_000_000, lambda: stage.world.set_input("dim", True))
        stage.clock.after(2_000_000, lambda: stage.world.set_input("dim", False))
        failure, _ = self.play("expect world.inputs.dim is true within 3 s for 2 s\n", stage)
        self.assertIn("was again false after 2.0", failure)

    def test_members_of_lists_are_found_by_number_and_by_name(self):
        stage = Stage()
        stage.known = {"faults": [{"code": 5, "name": "diode", "advice": "fault.diode"}],
                       "ceilings": [{"source": "user", "limit_ma": 1}, {"source": "mqtt", "limit_ma": 8000}]}
        for line in ("charger.faults.diode.advice is fault.diode", "charger.ceilings.mqtt.limit_ma is 8000",
                     "charger.ceilings.1.source is mqtt"):
            self.assertIsNone(self.play("expect " + line, stage)[0], line)
        self.assertIn("there is no charger.faults.weld.code", self.play("expect charger.faults.weld.code is 5", stage)[0])

    def test_a_chain_of_edges_is_held_to_its_order_and_its_times(self):
        story = "plug state=C\nwait 1 s\nunplug\nwait 20 ms\nfault pe_lost on\nwait 5 ms\nfault weld on\nwait 1 s\n"
        chain = "expect trace ev_state A then fault pe_lost after {0} ms within 30 ms then contacts true within {1} ms\n"
        self.assertIsNone(self.play(story + chain.format(10, 6))[0])
        self.assertIn('fault "pe_lost" came after 20.0 ms', self.play(story + chain.format(21, 6))[0])
        self.assertIn("contacts true came after 5.0 ms", self.play(story + chain.format(10, 4))[0])
        wrong = "expect trace fault pe_lost then ev_state A within 2 s\n"
        self.assertIn('ev_state "A" did not come', self.play(story + wrong)[0])
        self.assertIsNone(self.play(story + "expect trace no ev_state C since ev_state A\n")[0])
        self.assertIn("came after 25.0 ms", self.play(story + "expect trace no contacts true since ev_state A\n")[0])
        self.assertIn("never been seen", self.play(story + "expect trace no contacts true since rcd_trip true\n")[0])

    def test_settings_and_commands_are_asked_of_the_charger_and_wait_for_one_that_starts(self):
        stage = Stage()
        stage.answers = [(200, {}), (422, {"error": {"code": "bad_value", "message": "no"}}), (200, {"result": "accepted"}),
                         (409, {"error": {"code": "no_lock", "message": "no"}})]
        failure, _ = self.play("""
            set charging.mode smart station.name 7 as user
            set charging.max_current_a 99 refused bad_value
            command set_ceiling {"source": "a # b", "limit_ma": 8000}     # said by the page
            command unlock from mqtt refused no_lock
        """, stage)
        self.assertIsNone(failure)
        self.assertEqual(stage.visits, [
            ("PUT", "/api/v1/settings", "control", {"charging.mode": "smart", "station.name": "7"}),
            ("PUT", "/api/v1/settings", "admin", {"charging.max_current_a": 99}),
            ("POST", "/api/v1/commands/set_ceiling", "admin", {"source": "a # b", "limit_ma": 8000}, None),
            ("POST", "/api/v1/commands/unlock", "admin", {}, "mqtt")])

    def test_an_answer_that_is_not_the_expected_one_fails_the_story(self):
        refusal = (409, {"error": {"code": "no_lock", "message": "there is none"}})
        for line, answer, told in (("command unlock", refusal, "no_lock: there is none"),
                                   ("command unlock refused forbidden", refusal, "not with forbidden"),
                                   ("command unlock refused no_lock", (200, {"result": "accepted"}), "accepted")):
            stage = Stage()
            stage.answers = [answer]
            self.assertIn(told, self.play(line, stage)[0])
        stage = Stage()
        stage.absent = 10_000
        self.assertIn("not running", self.play("command stop", stage)[0])

    def test_a_setting_that_needs_it_restarts_the_charger(self):
        stage = Stage()
        stage.known = {"boot_number": 3, "cp_state": "A"}
        stage.answers = [(200, {}), (200, {"result": "accepted"})]
        stage.clock.after(5_000_000, lambda: stage.known.update(boot_number=4))
        failure, _ = self.play("set installation.phases 1\nexpect charger.boot_number is 4\n", stage)
        self.assertIsNone(failure)
        self.assertEqual(stage.visits[1][1], "/api/v1/commands/restart")
        self.assertTrue(5_000_000 <= stage.clock.now_us <= 5_100_000, stage.clock.now_us)
        stage.answers = [(200, {}), (200, {"result": "accepted"})]
        self.assertIn("did not come back", self.play("set installation.phases 1\n", stage)[0])

    def test_progress_is_told_line_by_line_and_a_story_can_be_left(self):
        stage = Stage()
        told, ends, undo = [], [], {}
        stage.answers = [(200, {"charging.mode": "immediate"}), (200, {})]
        steps = read(self.write("set charging.mode smart\nwait 1 s\nwait 1 s\n"))
        Play(stage, steps, ends.append, progress=lambda *what: told.append(what[:2]), undo=undo).start()
        stage.clock.run_until(lambda: bool(ends))
        self.assertEqual((ends, told, undo), ([None], [(0, 3), (1, 3), (2, 3), (3, 3)], {"charging.mode": "immediate"}))
        ends = []
        play = Play(stage, steps[1:], ends.append)
        play.start()
        stage.clock.after(500_000, play.stop)
        stage.clock.run_until(lambda: bool(ends))
        self.assertEqual(ends, ["stopped"])
        # a story that waited for an hour once had to be waited for
        ends, begun_us = [], stage.clock.now_us
        play = Play(stage, read(self.write("wait 1 h\n")), ends.append)
        play.start()
        for after_us in (500_000, 500_001):
            stage.clock.after(after_us, play.stop)
        stage.clock.run_until(lambda: bool(ends))
        self.assertLess(stage.clock.now_us - begun_us, 600_000)
        stage.clock.advance_to(begun_us + 3_700_000_000)
        self.assertEqual(ends, ["stopped"])

    def test_who_cannot_hurry_is_told_to_wait(self):
        # the world once ran off alone, and the watchdog ended a firmware that had done nothing wrong
        stage = Stage()
        stage.can_advance = False
        failure = self.play("wait 1 s\nadvance 1 h\n", stage)[0]
        self.assertIn("story.scn:2: advance 1 h\n  the firmware runs in real time here", failure)
        self.assertEqual(stage.clock.now_us, 1_000_000)

    def test_includes_are_played_in_place(self):
        self.write("fault pe_lost on\n", "dark.scn")
        failure, stage = self.play("include dark.scn\nexpect world.pe_ok is false\n")
        self.assertIsNone(failure)

    def test_an_order_that_cannot_be_done_now_fails_the_story(self):
        stage = Stage()

        def refuse(cause):
            raise NotNow("there is no power")
        stage.world.on_reset = refuse
        self.assertIn("there is no power", self.play("reboot soft\n", stage)[0])

    def test_a_twin_that_breaks_fails_the_story_instead_of_hanging(self):
        stage = Stage()

        def broken(name):
            raise ZeroDivisionError
        stage.facts = broken
        self.assertIn("ZeroDivisionError", self.play("expect charger.cp_state is A within 5 s\n", stage)[0])


if __name__ == "__main__":
    unittest.main()
