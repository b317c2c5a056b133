"""Every view in every look: `python -m host_tests.page.looks` takes pictures of all of them into build/screenshots.

Three widths, light and dark, three languages; each fits, says words and no keys, can be read, and keeps nobody out (axe-core).
Needs a Chromium, and is skipped without one.
"""
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What the firmware imports on CPython: fetched libraries, and the device's modules.
sys.path[:0] = [str(ROOT / place) for place in ("lib", "tools/twin/shims", "tools/twin/shims_cpython")]
LOOKS = ((320, False, "en"), (320, True, "fr"), (360, False, "fr"), (360, True, "de"), (1280, False, "de"), (1280, True, "en"))


def main():
    from host_tests.page import test_views
    from host_tests.page.browser import NoBrowser, find_browser
    from host_tests.page.twin import PICTURES
    from tools.checks.report import skipped
    try:
        find_browser()
    except NoBrowser as error:
        return skipped("every view in every look", str(error))

    class EveryLook(test_views.Views):
        looks = LOOKS

    PICTURES.mkdir(parents=True, exist_ok=True)
    name = "test_every_view_fits_is_said_can_be_read_and_keeps_nobody_out"
    done = unittest.TextTestRunner(verbosity=0).run(unittest.TestSuite([EveryLook(name)]))
    print("pictures are in %s" % PICTURES)
    return 0 if done.wasSuccessful() and not done.skipped else 1


if __name__ == "__main__":
    sys.exit(main())
