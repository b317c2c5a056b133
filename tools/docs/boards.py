"""docs/boards.md from the board files: pins, levels, circuits, and what each board lacks. `python -m tools.docs.boards`."""
import json
import sys

from firmware.drivers import board_blocks
from firmware.drivers.board_blocks import PLACES, temperature_circuit
from firmware.drivers.board_facts import CAPABILITIES, PINS, TOLD_BY_PINS, lacks, load
from tools.checks.boards import BOARDS
from tools.checks.source import ROOT
from tools.docs.made import run
from tools.docs.texts import Words

PAGE = ROOT / "docs" / "boards.md"
ORDER = ("esp32-s3", "esp32-wrover", "smartevse-v3", "smartevse-v3.1", "esp32-evse-devkitc", "twin")
STATES = (("A", 12000), ("B", 9000), ("C", 6000), ("D", 3000), ("E", 0), ("F", -12000))
CABLES_OHM = ((1500, "13 A"), (680, "20 A"), (220, "32 A"), (100, "63 A"))
SENSING = Words("tools/docs/boards.py, SENSING", {
    "full_range": "divider that shows both half-waves", "peak_detector": "two peak detectors",
    "positive_comparator": "divider for the positive half, comparator for the negative one",
})
FEEDBACK = Words("tools/docs/boards.py, FEEDBACK", {
    "none": "none", "mirror": "mirror contact of each contactor", "mirror_series": "mirror contacts in series",
    "aux_no": "auxiliary contact", "load_pulses": "voltage behind the contactor",
})

# what it is -> what it means for owner and car that it is not there
MEANS = {
    "coil_watchdog": ("coil watchdog", "a processor that hangs keeps the coil on until its watchdog restarts it"),
    "weld_feedback": ("contactor feedback", "a welded contact is not noticed; nothing proves that the contactor is open"),
    "pe_monitor": ("earth monitoring", "a broken protective earth is not noticed: the residual-current device upstream must do"),
    "rcd_test": ("residual-current self-test", "the monitor is not tested before a charge: test it now and then as its maker says"),
    "cp_disconnect": ("pilot interruption", "a sleeping car is woken by state F instead, which some cars take for a fault"),
    "phase_switching": ("phase switching", "charges with the phases that are connected: on three, surplus begins at 4.1 kW"),
    "lock": ("plug lock", "no socket outlet: the cable must be fixed to the charger"),
    "rtc_battery": ("battery-backed clock", "after a power cut the time is unknown until the network tells it"),
    "psram": ("extra memory", "fewer services at once, and the application has to be frozen into MicroPython's image (frozen.md)"),
    "rcd_cutoff": ("residual-current cut-off without the processor",
                   "the firmware takes power away when the monitor trips; a processor that hangs does not"),
    "rcd_monitor": ("residual-current monitor", "needs a device of type B (or type A with 6 mA DC detection) upstream"),
    "dc_monitor": ("6 mA DC monitor", "needs a device of type B (or type A with 6 mA DC detection) upstream"),
    "proximity": ("cable coding", "no socket outlet: the cable's rating is a setting"),
    "temperature": ("temperature sensor", "no throttling when it gets hot; the chip's own sensor does not show it"),
    "supply_sense": ("mains voltage sensing", "under- and over-voltage are seen by the meter alone, and not without one"),
    "cp_calibration": ("calibrated pilot measurement",
                       "uncalibrated, tolerances may eat the distance between two states: measure +12 V and -12 V once and enter "
                       "`cp.calibration`"),
    "coil_watchdog_test": ("test of the coil watchdog",
                           "the board cannot see the coil's supply: have the installer check at commissioning, and each year, that "
                           "the contactor drops when the processor is held in reset"),
    "stock_build": ("stock MicroPython with everything", "needs the image with the application frozen into it, or fewer services"),
}
INTRO = """# Boards

Made by `python -m tools.docs.boards` from the files in `board_configs/`; edit those, not this page.

A board is a JSON file: which function hangs on which GPIO, which level means what, the circuit's values, what kind of thing is
fitted. The same names stand in each file, `null` where a board has none. On the device it is `/board.json`, beside `boot.py` and
outside the slots; `boot.py` makes its outputs safe before anything else, and the firmware refuses a file that cannot be right,
with the place and what is allowed: doubled pins, analogue functions off the first converter, strapping pins, pins that flash,
PSRAM, USB or the console have, outputs on inputs, buttons without a pull-up, contacts that cannot prove what they are said to.

**Check the revision printed on your board before you copy a file to it.** A file of another board drives outputs against inputs.

None of these boards has a pilot guard that works without the processor; so whatever stands still for longer than the coil
watchdog holds waits for an open contactor. And none has been through a conformity test: that is the builder's part.
"""
ADDING = """## A board of your own

1. Copy the file that comes closest, rename it, set `name` to the file's name, `chip` and `module`.
2. `pins`: every function has its line. Outputs that are on when low, and inputs that are *yes* when low, go into `active_low`;
   buttons and contacts that the board itself pulls up into `external_pull`; what else hangs on a GPIO into `other`, free ones
   into `spare`, so that nothing is given twice.
3. The blocks below: circuits and kinds of what is fitted. A block is needed as soon as one of its pins is given.
4. `has` says what was really wired; a flag without its pins is refused. `limits`: the board's own current and phases.
5. `git add` the file; `python -m tools.checks.boards` says what is wrong, `python -m tools.twin --board NAME` runs it,
   `python -m tools.docs.boards` writes this page. With the board at hand: `make flash PORT=… BOARD=NAME`
   (with PSRAM), `make calibrate PORT=…`, and the list in [hardware-bench.md](hardware-bench.md).

- `cp`: mV at the pin = mV at the terminal × `a_ppm` / 1 000 000 + `b_uv` / 1000; or `calibration`, a list of pairs [mV at the pin,
  mV at the terminal] measured on this very board. `r1_ohm` leads from the terminal to the pin, `r2_ohm` to `reference_mv`,
  `r3_ohm` to ground. `sense_before_disconnect`: with the pilot interrupted the board sees +12 V (true) or nothing (false).
- `pp`: mV at the pin = `reference_mv` × R / (R + `pull_up_ohm`) × `divider_ppm` / 1 000 000.
- `contactor`: `mirror`, `mirror_series`: mirror contacts, one each or in series; `aux_no`: auxiliary contact; `load_pulses`:
  optocoupler behind the contactor. 1 means closed, unless the pin is in `active_low`.
- `rcd`: `one_line`: `rcd_trip` tells everything that the monitor sees; `two_lines`: `rdc_dd_trip` is the 6 mA DC line.
  `valid_when_open`: its outputs mean something while the contactor is open. `test_pulse_ms` 0: held until it trips.
- `temperature`: `ntc_high`: NTC to 3.3 V, `pull_ohm` to ground; `ntc_low`: swapped; `linear`: `zero_mv` at 0 °C, `uv_per_c`.

| block | key | may be | must be in the block |
|---|---|---|---|
"""


def block_rows():
    """What the blocks of a board's file may hold."""
    for block, key, allowed, needed in board_blocks._KEYS:
        text = allowed.replace("..", " to ") if ".." in allowed or "or" in allowed.split() else ", ".join(allowed.split(" "))
        yield "| `%s` | `%s` | %s | %s |\n" % (block, key, text, "yes" if needed else "")


def boards():
    """[(name, facts with notes)] in the page's order, others after them."""
    names = sorted((path.stem for path in BOARDS.glob("*.json")), key=lambda name: (ORDER + (name,)).index(name))
    found = []
    for name in names:
        facts = load(str(BOARDS / (name + ".json")))
        facts["notes"] = json.loads((BOARDS / (name + ".json")).read_text(encoding="utf-8")).get("notes", {})
        found.append((name, facts))
    return found


def _ohm(ohm):
    return "%g kΩ" % (ohm / 1000) if ohm >= 1000 else "%d Ω" % ohm


def _pilot(facts):
    """Resistors, and what the converter shows in each state."""
    cp = facts["cp"]
    parts = ["%s from the pilot" % _ohm(cp["r1_ohm"])]
    if "r2_ohm" in cp:
        parts.append("%s to %.1f V" % (_ohm(cp["r2_ohm"]), cp["reference_mv"] / 1000))
    parts.append("%s to ground" % _ohm(cp["r3_ohm"]))
    levels = [(state, (mv * cp["a_ppm"] // 1000 + cp["b_uv"]) // 1000) for state, mv in STATES]
    return "%s; %s; mV at the pin: %s" % (SENSING[cp["sensing"]], ", ".join(parts), ", ".join(
        "%s %d" % level for level in levels if level[1] >= 0))


def _proximity(facts):
    pp = facts["pp"]
    levels = [(rating, pp["reference_mv"] * ohm // (ohm + pp["pull_up_ohm"]) * pp["divider_ppm"] // 1000000)
              for ohm, rating in CABLES_OHM]
    return "%s to %.1f V; mV at the pin: %s" % (_ohm(pp["pull_up_ohm"]), pp["reference_mv"] / 1000,
                                               ", ".join("%s %d" % level for level in levels))


def _temperature(facts, name):
    place = next(place for place in PLACES if place in name)
    circuit = temperature_circuit(facts, place)
    if circuit["circuit"] == "linear":
        return "%d mV at 0 °C, %g mV/K" % (circuit["zero_mv"], circuit["uv_per_c"] / 1000)
    ways = ("3.3 V", "ground") if circuit["circuit"] == "ntc_high" else ("ground", "3.3 V")
    return "NTC %s, B %d, to %s; %s to %s" % (_ohm(circuit["r25_ohm"]), circuit["beta"], ways[0], _ohm(circuit["pull_ohm"]),
                                            ways[1])


def _monitor(facts):
    rcd = facts["rcd"]
    return "%s, detects %s" % ({"one_line": "one line for everything", "two_lines": "30 mA line"}[rcd["kind"]],
                               {"dc": "6 mA DC", "ac": "AC", "ac_dc": "AC and 6 mA DC"}[rcd["detects"]])


def _lock(facts):
    lock = facts["lock"]
    return "%s, pulse %d ms, pause at least %d ms" % (lock["kind"], lock["pulse_ms"], lock["pause_ms"])


CIRCUITS = {
    "cp_adc": _pilot, "cp_high_adc": _pilot, "pp_adc": _proximity, "rcd_trip": _monitor, "lock_1": _lock,
    "cp_comparator": lambda facts: "trips below %.1f V" % (facts["cp"]["comparator_mv"] / 1000),
    "cp_disconnect": lambda facts: "interrupted, the board senses %s" % (
        "+12 V" if facts["cp"]["sense_before_disconnect"] else "0 V"),
    "contactor_feedback_1": lambda facts: FEEDBACK[facts["contactor"]["feedback"]],
    "coil_watchdog": lambda facts: "pump at %(toggle_hz)d Hz, holds %(hold_ms)d ms" % facts["coil_watchdog"],
    "led_strip": lambda facts: "%(count)d LEDs, order %(order)s" % facts["led"],
    "buzzer": lambda facts: facts["buzzer"]["kind"],
    "rs485_tx": lambda facts: "UART %d%s" % (facts["rs485"]["uart"], "" if facts["pins"]["rs485_de"] is not None else
                                             ", transceiver finds its direction itself"),
    "pe_pulses": lambda facts: "%d pulses a period between L1 and PE" % facts["supply"].get("pe_pulses_per_period", 1),
    "rfid_cs": lambda facts: "%(kind)s" % facts["rfid"],
    "temperature_onewire": lambda facts: "DS18B20: %s" % ", ".join(facts["temperature"].get("onewire", ())),
}


def _circuit(facts, name):
    if name.startswith("temperature_") and name.endswith("_adc"):
        return _temperature(facts, name)
    if name == "i2c_sda" and facts.get("rfid", {}).get("bus") == "i2c":
        return "%(kind)s" % facts["rfid"]
    return CIRCUITS[name](facts) if name in CIRCUITS else ""


def _level(facts, name, use):
    if use in ("analogue", "both") or name.endswith(("_tx", "_rx", "_pulses")) or name == "led_strip" \
            or name.split("_")[0] in ("spi", "rfid", "ethernet"):
        return ""
    if name == "cp_pwm":
        return "high is +12 V" if not facts["cp"]["pwm_invert"] else "low is +12 V"
    return "low" if name in facts["active_low"] else "high"


def board_section(name, facts):
    """One board: what it is, its pins, what it lacks."""
    yield "## %s" % name
    yield ""
    yield "Chip %s%s, %d A, %s, %d contactor%s." % (
        facts["chip"], ", module " + facts["module"] if "module" in facts else "", facts["limits"]["max_current_a"],
        "three phases" if facts["limits"]["phases"] == 3 else "one phase", facts["contactor"]["count"],
        "s" if facts["contactor"]["count"] > 1 else "")
    yield ""
    yield "| function | GPIO | active | circuit |"
    yield "|---|---|---|---|"
    for function, use, _must in PINS:
        gpio = facts["pins"][function]
        if gpio is not None:
            yield "| `%s` | %d | %s | %s |" % (function, gpio, _level(facts, function, use), _circuit(facts, function))
    for what, gpio in sorted(facts.get("other", {}).items()):
        yield "| *%s* | %d | | not driven by this firmware |" % (what.replace("_", " "), gpio)
    if facts.get("spare"):
        yield "| *spare* | %s | | |" % ", ".join(str(gpio) for gpio in facts["spare"])
    yield ""
    for what, note in facts["notes"].items():
        yield "- **%s**: %s" % (what.replace("_", " "), note)
    yield ""
    missing = lacks(facts)
    if missing:
        yield "| it lacks | which means |"
        yield "|---|---|"
        for one in missing:
            yield "| %s | %s |" % MEANS[one]
        yield ""


def matrix(found):
    """What each board has."""
    yield "| | %s |" % " | ".join(name for name, _facts in found)
    yield "|---|%s" % ("---|" * len(found))
    for one in [row[0] for row in CAPABILITIES] + list(TOLD_BY_PINS):
        yield "| %s | %s |" % (MEANS[one][0], " | ".join("–" if one in lacks(facts) else "yes" for _name, facts in found))


def page():
    """The whole page as text."""
    named = {row[0] for row in CAPABILITIES} | set(TOLD_BY_PINS)
    if named != set(MEANS):
        raise SystemExit("MEANS has no words for, or too many: %s" % ", ".join(sorted(named ^ set(MEANS))))
    found = boards()
    lines = [INTRO, *matrix(found), ""]
    for name, facts in found:
        lines += board_section(name, facts)
    return "\n".join(lines + [ADDING + "".join(block_rows())])


if __name__ == "__main__":
    sys.exit(run("boards", __doc__, lambda: {PAGE: page()}))
