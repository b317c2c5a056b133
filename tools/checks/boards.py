"""Every file of board_configs/ is checked as the charger itself would: `python -m tools.checks.boards`."""
import sys
from pathlib import Path

from firmware.drivers.board_facts import BoardError, load
from tools.checks.source import ROOT

BOARDS = ROOT / "board_configs"


def problems(folder=BOARDS, names="*.json"):
    """One line per board file that the charger would refuse; a name that is not the file's is refused too."""
    found = []
    for path in sorted(Path(folder).glob(names)):
        try:
            name = load(str(path))["name"]
        except BoardError as error:
            found.append("%s: %s" % (path.name, error))
            continue
        if name != path.stem:
            found.append("%s: name: must be %s, as the file is called" % (path.name, path.stem))
    return found


if __name__ == "__main__":
    lines = problems()
    print("\n".join(lines))
    sys.exit(1 if lines else 0)
