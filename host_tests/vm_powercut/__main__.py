"""`python -m host_tests.vm_powercut [--most N] [--wear-only | --sweep-only]`: every cut point, then the flash's wear."""

import argparse
import sys

from host_tests.vm_powercut import wear
from host_tests.vm_powercut.sweep import sweep
from tools.checks.report import report, skipped
from tools.setup.vm import VmMissing


def main():
    """Exit status 1 when something does not hold; where there is no VM it is skipped."""
    parser = argparse.ArgumentParser(prog="python -m host_tests.vm_powercut", description=__doc__)
    parser.add_argument("--most", type=int, help="at most so many cut points per case and kind (default: all)")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--sweep-only", action="store_true", help="no wear table")
    only.add_argument("--wear-only", action="store_true", help="no sweep")
    arguments = parser.parse_args()
    if arguments.most is not None and arguments.most < 2:
        parser.error("--most: 2 or more")
    failed = False
    try:
        if not arguments.wear_only:
            cuts, findings = sweep(arguments.most)[:2]
            failed = bool(findings)
            report(cuts - len(findings), len(findings))
        if not arguments.sweep_only:
            years = wear.report()
            failed = failed or years < wear.PROMISED_YEARS
    except VmMissing as missing:
        return skipped("power cuts", str(missing))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
