"""docs/meters.md from the table of meters: types, models, registers, how sure each is. `python -m tools.docs.meters`."""
import sys

from tools.checks.source import ROOT
from tools.twin import cpython

if not cpython.installations():
    cpython.install()

from firmware.energy import meter_types  # MicroPython's modules had to be there first
from firmware.energy.meter import LOST_MS
from firmware.energy.meter_table import METERS
from firmware.settings import schema
from tools.docs.made import run

PAGE = ROOT / "docs" / "meters.md"
SETTINGS = ("meter.type", "meter.address", "meter.baud", "meter.parity", "meter.stop_bits", "meter.phase_rotation",
            "meter.generic_registers", "meter.phase_voltage_v")
SAYS = {"voltage": "U", "current": "I", "power_phases": "P of the phases", "energy_phases": "E of the phases", "power": "P",
        "energy": "E"}

# Known by name, but not which register says what: a generic meter with the vendor's list is the way.
UNMAPPED = (
    ("ABB M2M", "integers from register 4096, floats from 12288; energies × 100"),
    ("Phoenix Contact EEM-EM357, EEM-EM3xx, EEM-DM357", "floats from register 4096"),
    ("Phoenix Contact EEM-XM3xx", "from register 32774"),
    ("Phoenix Contact EEM-MA600", "values at 0xC550, energy at 0xC650"),
)

INTRO = """# Energy meters

Made by `python -m tools.docs.meters` from `firmware/energy/meter_table.py`; edit that, not this page.

The charger reads a meter over RS485 (Modbus RTU) once a second: voltage, current, power and energy, of the phases and in all.
`meter.type` names it. Address, speed, parity and stop bits of the line are settings and must be those of the meter; the column
*as shipped* says what its vendor sets, where that is known. Settings of the line act after a restart.

**How sure a map is.** *source*: as in the source of the open projects mbmd and evcc. *manual*: as in the vendor's manual.
**unverified**: in neither, or only in part; the page says so too. None of these meters has been on a bench with this firmware:
before you bill by it, compare voltage, current, power and energy with the meter's own display. Chargers in which the register of
energy must be legally binding need more than that.

## Settings

| setting | allowed | default |
|---|---|---|
"""
MAPS = """
## Meters

Without I (current) a meter cannot tell that a vehicle takes more than it is offered: `over_current` needs it.

| `meter.type` | models | measures | how sure | as shipped |
|---|---|---|---|---|
"""
GENERIC = """
## Any other meter

`meter.type` = `generic`, and `meter.generic_registers` says where its values stand, in up to %d characters: entries
separated by `;`, each

    quantity [fc3|fc4] format scale address [address address]

- **quantity**: %s. `power` and `energy` are totals with one address, the
  others have one address or three (L1 L2 L3). `energy` is what the vehicle has drawn. `current` or `power` must be there.
- **fc3**, **fc4**: the Modbus function code, for holding registers (when nothing is said) or input registers.
- **format**: `u16 s16 u32 s32 u64 s64 f32 f64`: unsigned, signed, floating point, and bits; with `_lo` behind it the low word
  comes first.
- **scale**: `1`, `10`, `1/100`, `-1/10`: raw value × scale is V, A, W or Wh. `1^212`: times ten to the power of the signed
  16-bit register 212. `1*408`: times the unsigned 32-bit register 408.
- **address**: as in the protocol, counted from 0, decimal or `0x…`. Manuals that count from 1 mean one less; of 30001 and 40001
  the digit in front says fc4 or fc3, and what follows is counted from 1.

A quantity named twice is added: what is drawn less what is fed back is `power u32 1/10 0; power u32 -1/10 2`. Neighbours are read
at once. A refusal names the entry, the word and what is allowed there. The registers of the SDM630 as an example:

    voltage fc4 f32 1 0 2 4; current fc4 f32 1 6 8 10; power fc4 f32 1 0x34; energy fc4 f32 1000 0x48

Known by name, registers not known; the vendor's list and *generic* are the way:

| model | what is said of it |
|---|---|
"""
BEHAVIOUR = """
## When it does not answer

- No usable answer for %.1f s: fault `meter_lost`, values become an estimate that says so (`meter_source`): the offered current on
  the phases last seen in use, times `meter.phase_voltage_v`. Charging goes on. The first good poll ends it.
- Energy neither jumps nor is lost: when the meter is back its register completes what the estimate missed; an estimate that was
  too high waits for the register. Registers that wrap are bridged, one that falls otherwise counts as exchanged.
- A session's record is never changed. What the register tells only after the session has ended stands in no session (nor in the
  life total, which is their sum), and the session stays marked as estimated. After a power cut the register decides, also against
  an estimate that was too high.
- Registers that count in steps of more than 1 Wh (Carlo Gavazzi: 100 Wh) are carried on by the power in between, by one step at
  most.
- `meter_bus` counts requests, answers, time-outs, CRC errors, exceptions and bytes that nobody asked for, and keeps the
  latest failure: `timeout`, `crc`, `busy` (somebody talks all the time), `bus` (no line), `absurd` (values that no house
  has: the wrong type), `empty` (it answers, without values), `exception_2` (a register it does not have).
- A meter that refuses to be read across registers it does not have is asked without them from then on.

## Registers

"""


def _type_row(row):
    name, models, _, _, _, baud, parity, evidence, _ = row
    shipped = "%d baud, parity %s" % (baud, parity) if baud else "–"
    measures = [item["measures"] for item in meter_types.table() if item["name"] == name][0]
    return "| `%s` | %s | %s | %s | %s |" % (name, models, ", ".join([SAYS[quantity] for quantity in measures]),
                                            "**unverified**" if evidence == "unverified" else evidence, shipped)


def _register_rows():
    for name, _, function, most, _, _, _, _, registers in METERS:
        yield "**`%s`**: function code %d, at most %d registers per read" % (name, function, most)
        yield ""
        yield "    " + registers.replace(";", "\n    ")
        yield ""


def page():
    """The whole page as text."""
    lines = [INTRO.rstrip("\n")]
    for key in SETTINGS:
        row = schema.find(key)
        allowed = "a row of the table below, `none` or `generic`" if key == "meter.type" else schema.allowed_text(row)
        lines.append("| `%s` | %s | %s |" % (key, allowed, row[2] if row[2] != "" else "empty"))
    lines.append(MAPS.rstrip("\n"))
    lines += [_type_row(row) for row in METERS]
    quantities = ", ".join(["`%s`" % name for name in meter_types.QUANTITIES])
    lines.append((GENERIC % (schema.find("meter.generic_registers")[3][1], quantities)).rstrip("\n"))
    lines += ["| %s | %s |" % row for row in UNMAPPED]
    lines.append((BEHAVIOUR % (LOST_MS / 1000)).rstrip("\n"))
    lines += ["", *_register_rows()]
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    sys.exit(run("meters", __doc__, lambda: {PAGE: page()}))
