# cpython only: the world runs in CPython
"""Stories for those who watch: what there is, and one at a time on a charger that lives on."""
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from tools.twin import stories
from tools.twin.runner import NotNow, Twin
from tools.twin.stories import CHAPTERS, Stories, UnknownStory, catalogue

MOST_US = 600_000_000
TROUBLE = "time 2026-07-01T12:00:00Z\nap home on=false\nap other key=12345678\nnetwork wire=up ntp=silent clients=2\nplug\n"


class CatalogueTest(unittest.TestCase):
    def test_every_story_has_a_title_and_a_chapter(self):
        told = catalogue()
        self.assertEqual(len({one["name"] for one in told}), len(told), "two stories of one name")
        for one in told:
            with self.subTest(story=one["name"]):
                self.assertIn(one["chapter"], CHAPTERS)
                self.assertTrue(10 < len(one["title"]) < 120, one["title"])

    def test_the_tour_goes_by_chapters(self):
        places = [CHAPTERS.index(one["chapter"]) for one in catalogue()]
        self.assertEqual(places, sorted(places))


class TellingTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name, "everyday")
        self.folder.mkdir()
        patched = mock.patch.object(stories, "FOLDER", self.folder.parent)
        patched.start()
        self.addCleanup(patched.stop)
        self.twin = Twin(Path(folder.name) / "flash", 0, seed=1)
        self.addCleanup(self.twin.close)
        self.stories = Stories(self.twin)
        self.seen = []

    def write(self, name, text):
        (self.folder / (name + ".scn")).write_text(text)

    def live(self, *acts):
        """Let the twin run; act at each (time_s, function); end when no story runs any more."""
        for at_s, fn in acts:
            self.twin.clock.at(int(at_s * 1_000_000), fn)
        self.twin.clock.at(MOST_US, self.twin.end)

        def look():
            if self.stories.last is not None and self.stories._play is None:
                self.twin.end()
            else:
                self.twin.clock.after(100_000, look)
        self.twin.clock.at(10_000_000, look)
        self.twin.run()
        self.assertLess(self.twin.clock.now_us, MOST_US, "the story did not end")

    def test_a_story_is_told_line_by_line_and_leaves_the_charger_as_it_was(self):
        self.write("short", "# A car charges with ten amperes.\n#\n# Proves CH-11.\n"
                            "set charging.max_current_a 10\nset installation.phases 1\nplug phases=1\n"
                            "expect charger.offered_ma is 10000 within 10 s\nfault pe_lost on\n")
        self.live((3, lambda: self.stories.play("short", lambda state: self.seen.append((state["step"], state["line"])))),
                  (4, lambda: self.assertRaises(NotNow, self.stories.play, "short")))
        self.assertIsNone(self.stories.last["failure"])
        self.assertEqual([line for _, line in self.seen if line], sorted(line for _, line in self.seen if line))
        self.assertEqual(self.seen[-1], (5, 8))
        world = self.twin.world.state()
        self.assertFalse(world["ev"]["plugged"] or world["faults"]["pe_lost"])

    def app(self):
        import sys
        return sys.modules["firmware.app"].current

    def test_settings_are_undone(self):
        self.write("one", "# One setting, changed.\n#\n# Proves nothing.\nset charging.max_current_a 10\nwait 1 s\n")
        values = []
        self.live((3, lambda: self.stories.play("one", lambda state: values.append(
            self.app().settings.get("charging.max_current_a")))))
        self.assertIsNone(self.stories.last["failure"])
        self.assertEqual((values[0], max(values), min(values), values[-1]), (63, 63, 10, 63))

    def test_a_failing_story_says_where_and_is_cleaned_up_too(self):
        at_home = self.twin.world.air.state()
        clock = self.twin.clock
        power_up_s = clock.utc_s()
        self.write("bad", "# A car that never was.\n#\n# Proves nothing.\n" + TROUBLE +
                   "expect world.ev.plugged is false within 1 s\nwait 1 h\n")
        self.live((3, lambda: self.stories.play("bad")))
        self.assertIn("bad.scn:9: expect", self.stories.last["failure"])
        self.assertFalse(self.twin.world.ev.plugged)
        self.assertEqual(self.twin.world.air.state(), at_home)
        self.assertLess(abs(clock.utc_s() - clock.now_us // 1_000_000 - power_up_s), 2)     # it once stayed another day

    def test_a_story_begins_with_a_charger_that_has_forgotten_what_was_before(self):
        # Once a story failed because somebody had unplugged under load before it: the warning was still there.
        self.write("clean", "# Nothing is wrong.\n#\n# Proves nothing.\nexpect charger.faults is []\n"
                            "expect charger.overview_state is Idle\n")
        world = self.twin.world
        self.live((3, lambda: world.set_ev({"plugged": True})), (12, lambda: world.set_fault("weld", True)),
                  (13, lambda: world.set_ev({"plugged": False})), (15, lambda: self.stories.play("clean")))
        self.assertIsNone(self.stories.last["failure"])

    def test_a_story_can_be_stopped_and_another_one_begun(self):
        self.write("long", "# A long wait is told.\n#\n# Proves nothing.\nplug\nwait 20 s\nwait 20 s\n")
        self.live((3, lambda: self.stories.play("long")), (8, self.stories.stop))
        self.assertEqual(self.stories.last["failure"], "stopped")
        self.assertFalse(self.twin.world.ev.plugged)
        self.assertRaises(UnknownStory, self.stories.play, "nowhere")
        self.write("first", "# The very first start.\n#\n# Needs a charger that was just set up.\nwait 1 s\n")
        with self.assertRaisesRegex(NotNow, "scenario_suite .*everyday/first.scn"):
            self.stories.play("first")


if __name__ == "__main__":
    unittest.main()
