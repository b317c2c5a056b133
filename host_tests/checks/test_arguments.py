# cpython only: a tool of the host
"""Numbers on the tools' command lines are refused where nothing could come of them; files may lie at home."""
import contextlib
import io
import os
import unittest
from unittest import mock

from tools.build.release import main as release_main
from tools.checks.arguments import at_home, at_least
from tools.flash.__main__ import main as flash_main
from tools.pilot.__main__ import main as pilot_main
from tools.setup.vm import VmMissing
from tools.twin.scenario_suite import main as suite_main
from tools.twin.soak import main as soak_main
from tools.twin.soak_life import main as life_main


class Numbers(unittest.TestCase):
    def test_at_least_takes_finite_numbers_from_the_lowest_up(self):
        self.assertEqual([at_least(1)("1"), at_least(0.5, float)("0.5"), at_least(1)("9")], [1, 0.5, 9])
        for kind, word in ((int, "0"), (int, "-3"), (int, "1.5"), (float, "nan"), (float, "inf"), (float, "x")):
            self.assertRaises(ValueError, at_least(1, kind), word)

    def test_a_tilde_that_the_shell_has_left_is_the_home(self):
        """`make flash FIRMWARE=~/Downloads/image.bin` in zsh, which is macOS's."""
        with mock.patch.dict(os.environ, HOME="/home/ann"):
            self.assertEqual([str(at_home("~/x.bin")), str(at_home("here/~x"))], ["/home/ann/x.bin", "here/~x"])
        for main, options in ((flash_main, ("--port", "/no/such/port", "--box", "~/no-such-box")),
                              (release_main, ("1.2.3", "--key", "~/no-such-key.pem"))):
            said = io.StringIO()
            with self.subTest(options=options), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), \
                    mock.patch.dict(os.environ, HOME="/home/ann"):
                self.assertIn(main(list(options)), (1, 2))
            self.assertRegex(said.getvalue(), "/home/ann/no-such|openssl was not found")

    def test_tools_name_option_and_range_and_end_with_2(self):
        # a soak of less than no hours once went well: nothing had been played
        for main, options, lowest in ((soak_main, ("--hours", "-5"), "0.01"), (soak_main, ("--minutes", "0"), "0.01"),
                                      (soak_main, ("--jobs", "0"), "1"), (life_main, ("--hours", "0"), "0.25"),
                                      (suite_main, ("--jobs", "0"), "1"), (pilot_main, ("--jobs", "0"), "1"),
                                      (pilot_main, ("--bursts", "-1"), "1")):
            said = io.StringIO()
            with self.subTest(options=options), contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as ended:
                main(list(options))
            self.assertEqual(ended.exception.code, 2)
            self.assertIn("argument %s: invalid number (%s or more)" % (options[0], lowest), said.getvalue())

    def test_soak_looks_for_the_folder_of_its_figures_before_the_hours(self):
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as ended, \
                mock.patch("tools.twin.soak.chapters", return_value=[]):
            soak_main(["--hours", "4", "--write", "nowhere/at/all.json"])
        self.assertEqual((ended.exception.code, "no such folder" in said.getvalue()), (2, True))

    def test_life_without_an_interpreter_is_one_line_and_status_2(self):
        said = io.StringIO()
        with contextlib.redirect_stderr(said), mock.patch("tools.setup.vm.vm_command", side_effect=VmMissing("build it")):
            self.assertEqual(life_main(["--hours", "1", "--vm"]), 2)
        self.assertEqual(said.getvalue(), "--vm: build it\n")

    def test_pilot_circuit_that_is_named_twice_is_judged_once(self):
        with mock.patch("tools.pilot.__main__.judged", return_value={}) as judged, contextlib.redirect_stdout(io.StringIO()):
            pilot_main(["P3", "P3", "--bursts", "1"])
        self.assertEqual([job[0] for job in judged.call_args[0][0]], [("row", "P3", False)])


if __name__ == "__main__":
    unittest.main()
