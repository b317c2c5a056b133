"""Every line and every branch of firmware/safety must be run by host_tests/safety (`python -m tools.checks.coverage`)."""
import subprocess
import sys

from tools.checks.source import ROOT

DATA = "--data-file=build/coverage"


def main():
    measured = subprocess.run([sys.executable, "-m", "coverage", "run", "--branch", "--source=firmware/safety", DATA,
                               "-m", "pytest", "-q", "--import-mode=importlib", "--tb=short", "host_tests/safety"], cwd=ROOT)
    if measured.returncode:
        return measured.returncode
    return subprocess.run([sys.executable, "-m", "coverage", "report", DATA, "--show-missing", "--fail-under=100"],
                          cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
