"""Which cores are searched with which inputs. `make test` runs TEST, `make proof` also ALL: every board that Fitted can describe.

Each variant has the pilot, the contactors' feedback and the request; what else changes is named in its row. Kinds of trips that the
core treats alike are represented by one cause (the timer's guard); each other cause is led in by its own row.
"""
import itertools

from firmware.safety import trips

_BOARD = {"contactors": 1, "feedback": 1, "phases": 3}


def _row(name, fitted=None, **options):
    options.setdefault("pilots", "ABC")
    options.setdefault("late", False)
    return (name, dict(_BOARD, **(fitted or {})), options)


# name, Fitted's arguments, options of stages.DEFAULT
TEST = (
    _row("one contactor", pilots="ABCEU", late=True, starts=((0, 0), (0, 1))),
    _row("two contactors, 1 and 3 phases", {"contactors": 2}, phases=(1, 3), protection=(), other_offers=False, most_ends=1),
    _row("no feedback", {"feedback": 0}, pilots="ABCE", late=True),
    _row("residual current and its test", {"rcd_test": 1}, protection=("rcd",), orders=("selftest",),
         feedback_faults=False, other_offers=False, starts=((0, 0), (trips.RCD_AC, 1))),
    _row("DC residual current", {"rcd_test": 1}, protection=("rdc",), orders=("clear",), feedback_faults=False,
         other_offers=False),
    _row("socket's lock", {"lock": 1}, orders=("unlock",), protection=(), other_offers=False, most_ends=1),
    _row("socket's cable", {"socket": 1},
         cables=(220, 5000), protection=(), feedback_faults=False, most_ends=1, other_offers=False),
    _row("D, ventilated", {"ventilated": 1}, pilots="ABCD", other_offers=False),
    _row("D, not ventilated", pilots="ABCD", orders=("clear",), feedback_faults=False),
    _row("state F seen", pilots="ABCF", other_offers=False),
    _row("wake-up by state F", orders=("wake",), feedback_faults=False, other_offers=False),
    _row("wake-up by interruption", {"cp_disconnect": 1}, orders=("wake",), feedback_faults=False, other_offers=False),
    _row("vehicles without S2 refused", {"simplified": 0}),
    _row("supply voltage", protection=("plain", "supply"), orders=("clear",), feedback_faults=False),
    _row("temperature", protection=("plain", "temperature", "sensor"), feedback_faults=False),
    _row("each plain cause", protection=("plain", "current", "upstream", "pe"), feedback_faults=False),
    _row("after a weld", protection=(), orders=("clear", "selftest"), beyond_weld=True, most_ends=1, other_offers=False,
         starts=((0, 0), (trips.WELDED, 1))),
    _row("after a weld, residual current", protection=("rcd",), orders=("clear",), beyond_weld=True, most_ends=1,
         other_offers=False),
)


def _boards():
    """Every board: the pilot's states, feedback faults and one plain cause."""
    for contactors, feedback, lock, test, ventilated, interrupt, phases in itertools.product(
            (1, 2), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (1, 3)):
        if contactors == 2 and phases == 1:
            continue                       # a second contactor without a second phase does not exist
        fitted = {"contactors": contactors, "feedback": feedback, "lock": lock, "rcd_test": test, "ventilated": ventilated,
                  "cp_disconnect": interrupt, "phases": phases}
        there = (("feedback", feedback), ("lock", lock), ("test", test), ("ventilated", ventilated), ("interruption", interrupt))
        name = "%d contactor, %d phases%s" % (contactors, phases, "".join(", " + word for word, is_there in there if is_there))
        yield _row(name, fitted, pilots="ABCD" if ventilated else "ABC", protection=("plain",), other_offers=False, most_ends=1,
                   phases=(1, 3) if contactors == 2 else (phases,))


# rows that only the long proof has time for
LONG = (
    _row("all orders", protection=(), orders=("clear", "selftest", "wake", "unlock"), feedback_faults=False,
         other_offers=False, most_ends=1),
    _row("impossible cable", {"socket": 1},
         cables=(220, 10), protection=(), feedback_faults=False, most_ends=1, other_offers=False),
    _row("one contactor, every pilot value", {"ventilated": 1}, pilots="ABCDEFU", late=True),
    _row("socket's cables", {"socket": 1}, cables=(220, 1500, 5000), protection=(), feedback_faults=False, most_ends=1),
    _row("socket, lock and cable", {"lock": 1, "socket": 1}, cables=(220, 5000), orders=("unlock",), protection=(),
         feedback_faults=False, most_ends=1,
         other_offers=False),
    _row("all orders and causes", {"rcd_test": 1}, protection=("plain", "rcd"), orders=("clear", "selftest", "wake", "unlock"),
         feedback_faults=False),
)
ALL = TEST + LONG + tuple(_boards())
