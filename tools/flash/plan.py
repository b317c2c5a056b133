"""What belongs where on a device, as {path: bytes}, in the order in which it is written.

The slot comes first and is marked `incomplete` while it is written; the pointer and boot.py come last. A flash that is interrupted
anywhere leaves the device that was there before, or one in safe mode that says so, never a mixed application.
"""
import json
from pathlib import Path

from firmware.drivers.board_facts import BoardError
from firmware.drivers.board_facts import check as check_facts
from tools.build.application import application
from tools.checks.boards import BOARDS, names
from tools.provision.identity import FIELDS
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
    found = {"/" + path.relative_to(flash).as_posix(): path.read_bytes() for path in sorted(flash.rglob("*"))
             if path.is_file() and not path.name.startswith(".")}      # what a desktop leaves in a folder that it shows
    identity = _parsed(found["/identity.json"], flash / "identity.json")
    missing = [name for name in FIELDS if not isinstance(identity.get(name), str)]
    if missing:
        raise PlanError("%s lacks %s" % (flash / "identity.json", ", ".join(missing)))
    return found


def _parsed(data, place):
    """The object that a JSON file holds. PlanError names the place."""
    try:
        found = json.loads(data)
    except ValueError as error:
        raise PlanError("%s is damaged: %s" % (place, error))
    if not isinstance(found, dict):
        raise PlanError("%s must hold an object" % place)
    return found


def board_file(board):
    """The facts of a board. PlanError names the boards there are."""
    if board not in names():
        raise PlanError("unknown board %r; there are %s" % (board, ", ".join(names())))
    return (BOARDS / (board + ".json")).read_bytes()


def calibrated(new, old):
    """A board's facts (JSON, bytes) with what make calibrate measured on this very board, which `old` holds: resistors differ from
    board to board. Those of another kind of board, or of one that was not measured, give nothing."""
    try:
        before, facts = json.loads(old), json.loads(new)
        if before["name"] != facts["name"] or not before["cp"]["calibrated"] or before["cp"]["sensing"] != facts["cp"]["sensing"]:
            return new
        facts["cp"].update(calibration=before["cp"]["calibration"], calibrated=True)
        if "pp" in facts:
            facts["pp"]["pull_up_ohm"] = before["pp"]["pull_up_ohm"]
        check_facts(facts)
    except (ValueError, KeyError, TypeError, BoardError):
        return new
    return json.dumps(facts, indent=1).encode()


def refuse_without_psram(facts):
    """PlanError for a board whose memory does not hold the application as files. `facts` are the board's, parsed."""
    if not facts.get("has", {}).get("psram"):
        raise PlanError("the board %s has no PSRAM: the application as files does not fit into its memory. It has to be frozen "
                        "into MicroPython's image, docs/frozen.md tells how" % facts.get("name", "in /board.json"))


def plan(box=None, board=None, slot=None):
    """{device path: bytes} of everything but the mark. box: a folder of make provision; board: a name, where there is no box.
    PlanError also for a board without PSRAM.

    Without a box the charger makes itself an identity at its first start and prints it on the console.
    """
    given = identity_files(box) if box else {}
    if board and "/board.json" not in given:
        given["/board.json"] = board_file(board)
    if "/board.json" not in given:
        raise PlanError("which board? BOARD=… names it")
    facts = _parsed(given["/board.json"], Path(box or "") / "flash/board.json")
    try:
        check_facts(facts)
    except BoardError as error:
        raise PlanError("the charger would refuse this board: %s" % error)
    if board and board != facts["name"]:
        raise PlanError("the box %s is for the board %s, not for %s" % (box, facts["name"], board))
    refuse_without_psram(facts)
    files = {"/%s/%s" % (SLOT, name): data for name, data in sorted((slot or application()).items())}
    files.update(given)
    files["/boot.py"] = (ROOT / "boot.py").read_bytes()
    files["/slot.json"] = slots.pointer(SLOT, confirmed=False).encode()      # it has yet to prove itself
    return files
