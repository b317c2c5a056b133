"""What belongs where on a device, as {path: bytes}, in the order in which it is written.

The slot comes first and is marked `incomplete` while it is written; the pointer and boot.py come last. A flash that is interrupted
anywhere leaves the device that was there before, or one in safe mode that says so, never a mixed application.
"""
import json
from pathlib import Path

from tools.build.application import application
from tools.setup.mpy import ROOT
from tools.twin import slots

SLOT = "a"
MARK = "/%s/incomplete" % SLOT


class PlanError(ValueError):
    """Something is missing on the host: the text says what and where."""


def identity_files(box):
    """{device path: bytes} of what provisioning made. PlanError."""
    flash = Path(box) / "flash"
    if not (flash / "identity.json").is_file():
        raise PlanError("%s holds no flash/identity.json: make it with make provision" % box)
    return {"/" + path.relative_to(flash).as_posix(): path.read_bytes() for path in sorted(flash.rglob("*")) if path.is_file()}


def board_file(board):
    """The facts of a board. PlanError names the boards there are."""
    path = ROOT / "board_configs" / (board + ".json")
    if not path.is_file():
        there = sorted(one.stem for one in path.parent.glob("*.json") if one.stem != "twin")
        raise PlanError("unknown board %r; there are %s" % (board, ", ".join(there)))
    return path.read_bytes()


def refuse_without_psram(facts):
    """PlanError for a board whose memory does not hold the application as files. `facts` are the board's, parsed."""
    if not facts.get("has", {}).get("psram"):
        raise PlanError("the board %s has no PSRAM: the application as files does not fit into its memory. It has to be frozen "
                        "into MicroPython's image, docs/frozen.md tells how" % facts.get("name", "in /board.json"))


def plan(box=None, board=None, slot=None):
    """{device path: bytes} of everything but the mark. box: a folder of make provision; board: a name, where it has none
    of its own. PlanError also for a board without PSRAM.

    Without a box the charger makes itself an identity at its first start and prints it on the console.
    """
    given = identity_files(box) if box else {}
    if board:
        given["/board.json"] = board_file(board)
    if "/board.json" not in given:
        raise PlanError("which board? BOARD=… names it")
    refuse_without_psram(json.loads(given["/board.json"]))
    files = {"/%s/%s" % (SLOT, name): data for name, data in sorted((slot or application()).items())}
    files.update(given)
    files["/boot.py"] = (ROOT / "boot.py").read_bytes()
    files["/slot.json"] = slots.pointer(SLOT, confirmed=False).encode()      # it has yet to prove itself
    return files
