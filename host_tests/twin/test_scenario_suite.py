# cpython only: the world runs in CPython
"""Whole stories as the suite plays them."""
import tempfile
import unittest
from pathlib import Path

from tools.twin.scenario import read
from tools.twin.scenario_suite import main, play

STORY = """
set charging.start_delay_max_s 30
plug
fault power_cut on
wait 2 s
fault power_cut off
expect charger.offered_ma is 16000 within 60 s
"""


class SuiteTest(unittest.TestCase):
    def write(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = Path(folder.name, "story.scn")
        file.write_text(text)
        return file

    def test_the_same_seed_gives_the_same_run_also_where_the_chip_rolls_dice(self):
        steps = read(self.write(STORY))
        runs = [play(steps, seed)[:2] for seed in (1, 1, 2)]
        self.assertEqual([failure for failure, _ in runs], [None, None, None])
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0], runs[2])

    def test_a_failing_story_fails_the_suite_also_with_two_at_a_time(self):
        good, bad = self.write("wait 1 s\n"), self.write("expect world.ev.plugged is true\n")
        self.assertEqual(main([str(good), str(bad), "--jobs", "2"]), 1)
        self.assertEqual(main([str(good), str(good), "--jobs", "2"]), 0)


if __name__ == "__main__":
    unittest.main()
