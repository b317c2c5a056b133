"""Calibrates pilot and cable coding of a board, step by step: `python -m tools.calibrate --port /dev/ttyUSB0`.

Needs a multimeter (0.5 %) and resistors: 2.74 kΩ, 882 Ω, 246 Ω; for socket outlets 1500, 680, 220, 100 Ω. The contactors stay open;
nothing is written before all steps are good, and then the board's facts are written and read back.
"""
import argparse
import json
import sys

from tools.calibrate import reckon, steps
from tools.calibrate.probe import ConsoleProbe
from tools.calibrate.reckon import BadPoint
from tools.checks.boards import refusal
from tools.flash.device import Device, DeviceError


class Person:
    """Does what a step says and reads the multimeter."""

    def do(self, number, of, text):
        """Wait until it is done."""
        input("\n[%d/%d] %s  Enter when done: " % (number, of, text))

    def volts(self):
        """The multimeter's reading in mV."""
        while True:
            text = input("      multimeter, pilot to earth, in volts: ").strip().replace(",", ".").removesuffix("V").strip()
            try:
                return round(float(text) * 1000)
            except (ValueError, OverflowError):
                print("      a number such as 11.98, please")

    def tell(self, text):
        """Something to read."""
        print(text)


def calibrate_pilot(facts, probe, person):
    """The block "cp" with measured points. BadPoint."""
    pilot = facts["cp"]
    table = steps.PILOT[pilot["sensing"]]
    readings = []
    for number, step in enumerate(table, 1):
        person.do(number, len(table), step[1])
        probe.pilot(step[2])
        adc_mv = probe.read_mv(step[3])
        terminal_mv = person.volts()
        reckon.check_step(step, adc_mv, terminal_mv, pilot)
        person.tell("      pin %d mV, terminal %.2f V" % (adc_mv, terminal_mv / 1000))
        readings.append((step, adc_mv, terminal_mv))
    probe.pilot(steps.HIGH)
    points = reckon.points_from(readings)
    worst = 0
    person.tell("\nEach step as the others tell it:")
    for terminal_mv, error_mv in reckon.cross_check(points, facts["chip"]):
        person.tell("  %6.2f V  %+5.2f V%s" % (terminal_mv / 1000, error_mv / 1000,
                                               "  too far" if abs(error_mv) > reckon.ALLOWED_MV else ""))
        worst = max(worst, abs(error_mv))
    if worst > reckon.ALLOWED_MV:
        raise BadPoint("one step does not fit the others by %.2f V (%.2f V are allowed): repeat it, and look at the meter's range"
                       % (worst / 1000, reckon.ALLOWED_MV / 1000))
    return dict(pilot, calibration=points, calibrated=True)


def calibrate_proximity(facts, probe, person):
    """The block "pp" with the pull-up as it is. BadPoint."""
    readings = []
    for number, (rating, text, ohm) in enumerate(steps.PROXIMITY, 1):
        person.do(number, len(steps.PROXIMITY), text)
        readings.append((rating, ohm, probe.read_mv("pp_adc")))
        person.tell("      pin %d mV" % readings[-1][2])
    values, found = reckon.proximity(readings, facts["pp"])
    for rating, ohm, read_ohm in found:
        person.tell("  %2d A  %4d Ω read as %4d Ω" % (rating, ohm, read_ohm))
    return dict(facts["pp"], **values)


def calibrate(facts, probe, person, proximity):
    """The board's facts with what was measured. BadPoint."""
    new = dict(facts, cp=calibrate_pilot(facts, probe, person))
    if proximity:
        new["pp"] = calibrate_proximity(facts, probe, person)
    wrong = refusal(new)
    if wrong is not None:
        raise BadPoint("the firmware would refuse these facts: %s" % wrong)
    return new


def facts_on(device, proximity):
    """The facts that the board has. BadPoint where they are not such that the steps could end well, DeviceError."""
    try:
        facts = json.loads(device.run("print(open('/board.json').read())"))
    except ValueError:
        raise BadPoint("the board's /board.json is no JSON: write it anew (make flash)") from None
    wrong = refusal(facts)
    if wrong is not None:
        raise BadPoint("the firmware refuses the board's facts as they are: %s" % wrong)
    if proximity and (facts.get("pp") is None or facts["pins"].get("pp_adc") is None):
        raise BadPoint("%s has no proximity pin: leave --proximity out" % facts["name"])
    return facts


def main(arguments=None, person=None):
    parser = argparse.ArgumentParser(prog="python -m tools.calibrate", description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", required=True, help="serial port of the board")
    parser.add_argument("--proximity", action="store_true", help="also the cable coding of a socket outlet")
    options = parser.parse_args(arguments)
    person = person or Person()
    try:
        device = Device(options.port)
        try:
            facts = facts_on(device, options.proximity)
            person.tell("%s; no vehicle, no mains on the contactors. Ctrl-C ends it, nothing is changed then." % facts["name"])
            probe = ConsoleProbe(device, facts["pins"], facts["cp"].get("pwm_invert", False))
            data = json.dumps(calibrate(facts, probe, person, options.proximity), indent=1).encode()
            device.write("/board.json.new", data)
            if not device.holds("/board.json.new", data):
                raise DeviceError("/board.json was read back differently; the old one stays")
            device.run("import os\nos.rename('/board.json.new','/board.json')")
        finally:
            device.close()
    except (BadPoint, DeviceError) as error:
        print(error, file=sys.stderr)
        return 2
    person.tell("\nwritten and read back. Restart the board; its page no longer says that the pilot is not calibrated.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, EOFError):
        print("\nnothing was changed")
        sys.exit(130)
