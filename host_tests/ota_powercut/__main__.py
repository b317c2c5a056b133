"""`python -m host_tests.ota_powercut [--step N]`: cuts the power at every N-th flash operation of an update (default: at each),
then lets the whole firmware update itself as it ships."""
import argparse
import sys

from host_tests.ota_powercut import as_shipped
from host_tests.ota_powercut.sweep import sweep
from tools.build.keys import KeyProblem
from tools.checks.report import report, skipped
from tools.setup.vm import VmMissing
from tools.twin import cpython


def main():
    """Exit status 1 when a cut leaves a charger that does not start whole; without VM or OpenSSL it is skipped."""
    parser = argparse.ArgumentParser(prog="python -m host_tests.ota_powercut", description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="every so many flash operations")
    arguments = parser.parse_args()
    if not cpython.installations():
        cpython.install()
    try:
        cuts, findings = sweep(arguments.step)[:2]
        report(cuts - len(findings), len(findings))
        as_shipped.report()
        return 1 if findings else 0
    except (VmMissing, KeyProblem) as missing:
        return skipped("power cuts in updates", str(missing))


if __name__ == "__main__":
    sys.exit(main())
