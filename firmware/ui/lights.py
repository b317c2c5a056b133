"""What the lights say: tables from what the charger does to colours, and the clockwork that makes them blink.

Four segments show the state (S1 to S4, left to right), three small lights the card reader, the connection and the mode. Colours are
letters: B blue, G green, O orange, R red, W white, "." dark. What a fault looks like stands in the fault registry's column LIGHT:
colour, ":34" the segments where not all four, "*3" so many flashes and a pause where not steady; "" shows nothing.
"""

from micropython import const

from firmware.keyed import keyed

# rhythms
STEADY = const(0)
BLINK = const(1)
SLOW = const(2)
FAST = const(3)
WAIT = const(4)          # a short flash every 3 s

WARNING_EVERY_MS = const(6000)   # a warning interrupts the state for the last two seconds of every six
WARNING_SHOWN_MS = const(2000)
_FLASH_MS = const(250)           # of flashes that are counted: as long on as off
_FLASH_PAUSE_MS = const(1500)

SEGMENTS = const(4)
READER, CONNECTION, MODE = const(4), const(5), const(6)     # places in the frame after the segments
ONE = const(7)                                              # the one colour of boards with plain LEDs
FRAME = const(8)
_DARK = const(46)        # "."

STATUS = (
    # (condition, the four segments, rhythm, colour where there is only one light); the conditions are those of condition()
    ("update", "OOOO", BLINK, "O"),
    ("starting", "OOOO", BLINK, "O"),
    ("error", "RRRR", BLINK, "R"),              # a fault that has no name: all the same it is seen
    ("accepted", "GGGG", STEADY, "G"),
    ("refused", "RRRR", STEADY, "R"),
    ("teaching", "O..O", SLOW, "O"),
    ("selftest", "OOOO", STEADY, "O"),
    ("charging", "BBBB", BLINK, "B"),
    ("commissioning", ".OO.", STEADY, "O"),
    ("unavailable", "OOOO", SLOW, "O"),
    ("card_wanted", "BBBB", WAIT, "B"),
    ("not_authorized", "....", STEADY, "."),
    ("all_reached", "BBBB", STEADY, "B"),
    ("no_csms", "BBB.", STEADY, "B"),
    ("no_manager", ".BB.", STEADY, "B"),
    ("reserved", "B..B", STEADY, "B"),
    ("ready", "BBBB", STEADY, "B"),
)
_ALONE = ("update", "starting", "accepted", "refused")     # no warning interrupts these


def condition(view):
    """Name of the row of STATUS that holds, "fault" where a fault's own look does."""
    overview = view.overview
    if view.updating:
        return "update"
    if view.starting:
        return "starting"
    if view.blocked:
        return "fault" if view.light else "error"
    if overview in ("RecoverFromError", "UnrecoverableError"):
        return "error"
    if view.card in ("accepted", "refused"):
        return view.card
    if view.commissioning and not view.charging:
        return "commissioning"
    if overview == "TokenProgrammingMode":
        return "teaching"
    if view.selftest:
        return "selftest"
    if view.charging:
        return "charging"
    if view.commissioning:
        return "commissioning"
    if overview == "ServiceMode":
        return "unavailable"
    if view.vehicle and not view.authorized:
        return "card_wanted" if view.cards else "not_authorized"
    if view.arriving:
        return "no_csms" if view.csms is False else "no_manager" if view.manager is False else "all_reached"
    return "reserved" if view.reserved and not view.vehicle else "ready"


def lit(rhythm, now_ms):
    """True while a light of this rhythm is on."""
    if rhythm == BLINK:
        return now_ms % 1000 < 500
    if rhythm == SLOW:
        return now_ms % 3000 < 1500
    if rhythm == FAST:
        return now_ms % 300 < 150
    if rhythm == WAIT:
        return now_ms % 3000 < 300
    return True


def flashing(count, at_ms):
    """True while one of so many flashes is on; then comes a pause, and so on."""
    at_ms %= count * 2 * _FLASH_MS + _FLASH_PAUSE_MS
    return at_ms < count * 2 * _FLASH_MS and at_ms % (2 * _FLASH_MS) < _FLASH_MS


def fault_look(light):
    """(colour letter, segments, flashes or 0 for steady) of a registry's text as "red*3" or "orange:34"; "" is dark."""
    if not light:
        return ".", "", 0
    light, _, count = light.partition("*")
    colour, _, segments = light.partition(":")
    return colour[0].upper(), segments or "1234", int(count or "0")


def _reader(view, now_ms):
    if view.overview == "TokenProgrammingMode":
        return "O"
    if view.card is not None:
        return "R" if view.card == "refused" else "G" if view.card == "accepted" else "W"
    wanted = view.vehicle and not view.authorized and view.cards
    return "W" if wanted and lit(BLINK, now_ms) else "."


def _connection(view, now_ms):
    connection = view.connection
    if connection == "connecting":
        return "G" if lit(BLINK, now_ms) else "."
    return "W" if connection == "reachable" else "G" if connection == "connected" else "O" if connection == "lost" else "."


def _mode(view, now_ms):
    if view.internal:
        return "O"
    if not view.vehicle:
        return "B"
    if view.smart:
        return "W" if lit(BLINK, now_ms) else "."
    return "G"


class Lights:
    """frame: the letters of S1 to S4, reader, connection and mode light, and the one colour for boards with plain LEDs."""

    def __init__(self):
        self.frame = bytearray(b"." * FRAME)
        self.condition = None            # the row of STATUS that is shown, or "fault"
        self._row = None                 # tables are text on the device: a row is looked up when it changes
        self._light = None               # text of the fault or warning looked up last
        self._look = None

    def tick(self, view, now_ms):
        """Reckon the frame of now."""
        found = condition(view)
        if found != self.condition:
            self.condition = found
            self._row = keyed(STATUS, found) or self._row
        warned_ms = now_ms % WARNING_EVERY_MS - WARNING_EVERY_MS + WARNING_SHOWN_MS
        if found == "fault":
            self._show_fault(view.light, now_ms)
        elif view.light and warned_ms >= 0 and found not in _ALONE:
            self._show_fault(view.light, warned_ms)
        else:
            self._show_status(now_ms)
        frame = self.frame
        frame[READER] = ord(_reader(view, now_ms))
        frame[CONNECTION] = ord(_connection(view, now_ms))
        frame[MODE] = ord(_mode(view, now_ms))

    def _show_status(self, now_ms):
        _name, segments, rhythm, one = self._row
        on = lit(rhythm, now_ms)
        for place in range(SEGMENTS):
            self.frame[place] = ord(segments[place]) if on else _DARK
        self.frame[ONE] = ord(one) if on else _DARK

    def _show_fault(self, light, at_ms):
        if light != self._light:
            self._light, self._look = light, fault_look(light)
        colour, segments, count = self._look
        on = count == 0 or flashing(count, at_ms)
        for place in range(SEGMENTS):
            self.frame[place] = ord(colour) if on and "1234"[place] in segments else _DARK
        self.frame[ONE] = ord(colour) if on else _DARK
