"""What is wanted once, at the start: the board's facts, an ordered reset, what the settings make of safety core and meter.

On a device this module is forgotten when the charger is built; so nothing that it returns may be a function of its own.
"""

from firmware.drivers import clock, last_words
from firmware.drivers.rs485 import rs485_from_board
from firmware.energy import catalogue
from firmware.energy.meter import Meter
from firmware.energy.modbus_rtu import ModbusRtu
from firmware.energy.polled_meter import channel_order
from firmware.on_demand import forget
from firmware.safety.io_image import Fitted
from firmware.storage import files


def detail(start):
    """Who wanted the restart, what crashed, or what ran when the loop stood still; "" where nothing is known."""
    words = last_words.take()
    if start["start"] == "watchdog":
        return words
    return start["reason"] or ("panic" if start["start"] == "crash" else "")


def installation(get):
    """What the installer allows, for the safety core; the board adds what it has."""
    return Fitted(
        phases=get("installation.phases"), ventilated=1 if get("installation.ventilated") else 0,
        pe_monitor=1 if get("installation.pe_monitoring") else 0, simplified=1 if get("charging.simplified_pilot") else 0,
        over_allowance_ma=get("protection.over_allowance_ma"),
        over_percents=tuple([get("protection.over_%d_percent" % grade) for grade in (1, 2, 3)]),
        over_times_ms=tuple([get("protection.over_%d_s" % grade) * 1000 for grade in (1, 2, 3)]))


def finish_reset(folder):
    """Do the factory reset that was ordered before this start: who ordered it (text), the OSError where it failed, or None."""
    if not files.exists(folder + "factory_reset"):
        return None
    from firmware import factory_reset
    try:
        return factory_reset.finish(folder)
    except OSError as error:                    # the marker stays: the next start tries again
        return error
    finally:
        forget(("firmware.factory_reset",))


def board(path):
    """(the board's facts, what it lacks). On a device the modules that check them are then forgotten: heap for one look."""
    from firmware.drivers import board_facts
    facts = board_facts.load(path)
    lacks = board_facts.lacks(facts)
    forget(("firmware.drivers.board_facts", "firmware.drivers.board_blocks", "firmware.drivers.board_pins"))
    return facts, lacks


def meter(facts, get, offer, faults):
    """The meter that the settings name; without one, or with a name that is none, the estimate by offer()."""
    kind = None
    try:
        kind = catalogue.choose(get("meter.type"), get("meter.generic_registers"))
    except ValueError:
        faults.begin("meter_setting")
    line = None
    if kind is not None:
        baud = get("meter.baud")
        line = ModbusRtu(rs485_from_board(facts, baud, get("meter.parity"), clock.ticks_us, get("meter.stop_bits")), baud,
                         clock.ticks_ms)
    return Meter(line, clock.ticks_ms, offer, kind, get("meter.address"), get("meter.phase_voltage_v"),
                 channel_order(get("installation.phase_rotation"), get("meter.phase_rotation")))
