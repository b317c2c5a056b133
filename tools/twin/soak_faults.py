"""Faults inside the charger, at random: tasks that die, raise or hog, device calls that raise, flash that fails, clocks that jump.

One table, KINDS: how a fault begins, what the event log must tell of it, whether power may go, and how soon the charger charges
again by itself. A fault is drawn as plain data (so that a run can be repeated), has a length, and ends by itself.
"""

from collections import namedtuple

from tools.twin.soak_begin import (
    CALLS,
    ERRORS,
    PINS,
    bit_rot,
    clock,
    clock_order,
    device,
    flash,
    full,
    hogs,
    killed,
    no_broker,
    no_network,
    ntp,
    raises,
    restart,
    world_fault,
)

NTP_NONSENSE = ("old", "kiss_rate", "kiss_deny", "forged", "unsynchronised", "client", "silent")
DAY_S = 86_400
READER_SILENT_MS = 15_000       # by then somebody has noticed that it does not answer
SAVES_WITHIN_MS = 150_000       # power flows: the flash is written once a minute

# name; draw(rng) -> arguments; begin(inner, arguments) -> its length in us; tells: (kind, code) of events, one of which must be in
# the log where power went; must(arguments) -> events, one of which must be in the log in any case; keeps: power does not go;
# bound_s: so long after its end the charger charges again; books: energy stays right; asks: a person may be needed, as the fault
# table says; talks: well means connected to the broker too; cards: access is on, and afterwards a card must start a charge
Kind = namedtuple("Kind", "name draw begin tells must keeps bound_s books asks talks cards", defaults=(False, False, False))


def _ms(rng, *most):
    """A length: short ones are the more frequent."""
    return int(rng.choice(most) * rng.uniform(0.3, 1))


def _draw_device(rng):
    call = rng.randrange(len(CALLS))
    return {"call": call, "pin": rng.choice(PINS) if CALLS[call][1] == "Pin" else "", "error": rng.choice(sorted(ERRORS)),
            "every": rng.choice((1, 1, 2, 7, 40)), "ms": _ms(rng, 20, 300, 3_000)}


def _draw_task(rng):
    return {"task": rng.randrange(10_000), "error": rng.choice(sorted(ERRORS))}


_STARTS = ("watchdog", "soft", "power_on", "restart", "crash", "brown_out", "unknown")
_BOOT = tuple(("boot", start) for start in _STARTS)
_INSIDE = (("fault", "guard_opened"), ("fault", "tick_late"), ("fault", "pilot_stale"), ("fault", "loop_late"),
           ("warning", "task_died")) + _BOOT
_DRIVERS = _INSIDE + (("fault", "driver"),)
_LONG = (20_000, 90_000, 180_000)

def _nothing(arguments):
    return ()


def _any_boot(arguments):
    return _BOOT


def _after(ms, *events):
    """Those events must be there where the fault lasts so long."""
    return lambda arguments: events if arguments["ms"] >= ms else ()


def _refused_all(arguments):
    return (("fault", "flash"),) if arguments["every"] == 1 and arguments["ms"] >= SAVES_WITHIN_MS else ()


def _died(arguments):
    """A critical task's end is told by the start that follows, where the flash was not free before."""
    return (("warning", "task_died", arguments["task"]), ("boot", "watchdog", arguments["task"] + ": "))


def _hung(arguments):
    return (("boot", "watchdog", ("hang in " + arguments["task"])[:28]),) if arguments["ms"] >= 12_000 else ()


def _meter_lost(arguments):
    return (("fault", "meter_lost"),) if arguments["ms"] >= 20_000 and arguments["fault"] != "meter_slow" else ()


KINDS = (
    Kind("task killed", _draw_task, killed, _INSIDE, _died, False, 150, True),
    Kind("task raises", _draw_task, raises, _INSIDE, _nothing, False, 150, True),
    Kind("task hogs", lambda rng: dict(_draw_task(rng), ms=rng.choice((20, 40, 90, 300, 1_500, 4_000, 12_000))), hogs, _INSIDE,
         _hung, False, 150, True),
    Kind("device call raises", _draw_device, device, _DRIVERS, _nothing, False, 500, False, True),
    Kind("flash refuses writes", lambda rng: {"writing": True, "every": rng.choice((1, 1, 2, 5)), "ms": _ms(rng, *_LONG)}, flash,
         (), _refused_all, True, 30, False),
    Kind("flash refuses reads", lambda rng: {"writing": False, "every": rng.choice((1, 2, 5)), "ms": _ms(rng, *_LONG)}, flash,
         (), _nothing, True, 30, False),
    Kind("flash full", lambda rng: {"ms": _ms(rng, *_LONG)}, full, (), _after(SAVES_WITHIN_MS, ("fault", "flash")), True, 30,
         True),
    Kind("bit rot", lambda rng: {"file": rng.randrange(10_000), "bit": rng.randrange(10_000_000)}, bit_rot, _BOOT, _any_boot,
         False, 200, False),
    Kind("clock jumps", lambda rng: {"s": rng.choice((-1, 1)) * rng.choice((3, 3_600, DAY_S, 400 * DAY_S))}, clock, (),
         _nothing, True, 10, True),
    Kind("clock is set", lambda rng: {"s": rng.choice((-1, 1)) * rng.choice((7, 7_200, 3 * DAY_S, 300 * DAY_S))}, clock_order,
         (), lambda arguments: (("clock", "app"),), True, 10, True),
    Kind("time servers lie", lambda rng: {"how": rng.choice(NTP_NONSENSE), "ms": _ms(rng, *_LONG)}, ntp, (), _nothing, True, 10,
         True),
    Kind("network gone", lambda rng: {"ms": _ms(rng, *_LONG)}, no_network, (), _after(100_000, ("fault", "network_lost")), True,
         10, True),
    Kind("meter trouble", lambda rng: {"fault": rng.choice(("meter_silent", "meter_babbling", "meter_slow", "meter_wrong_address")),
                                       "ms": _ms(rng, *_LONG)}, world_fault, (), _meter_lost, True, 30, False),
    Kind("card reader dead", lambda rng: {"fault": "reader_dead", "ms": _ms(rng, *_LONG)}, world_fault, (),
         _after(READER_SILENT_MS, ("fault", "card_reader")), True, 20, True, False, False, True),
    Kind("broker gone", lambda rng: {"ms": _ms(rng, *_LONG)}, no_broker, (), _nothing, True, 100, True, False, True),
    Kind("restart", lambda rng: {"cause": rng.choice(("power", "watchdog", "soft", "long_power"))}, restart, _BOOT, _any_boot,
         False, 200, True),
)


def kind_of(name):
    """The row of KINDS; raises KeyError."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise KeyError(name)


def draw(rng, name=None):
    """(name, arguments) of a fault."""
    kind = rng.choice(KINDS) if name is None else kind_of(name)
    return kind.name, kind.draw(rng)
