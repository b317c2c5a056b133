"""What presses of the buttons mean: tables of lengths, and the clockwork that debounces and measures."""

from micropython import const

DEBOUNCE_MS = const(40)      # the level must hold for so long; shorter is contact bounce or interference
STUCK_MS = const(30000)      # held for longer it is no press: a stuck button, or something that leans on it

# (held for ms, beep then, what letting go does); the longest reached counts. A charger that cannot do an action has not its row,
# see possible().
SERVICE = (
    (2000, "first_beep", "restart"),
    (6000, "second_beep", "clear_cards"),
    (15000, "third_beep", "factory_reset"),
)
FRONT = (
    (0, None, "stop_or_resume"),
    (3000, None, None),              # so long is no press for a person in passing
)


def possible(table, actions):
    """The rows of a table whose action this charger can do."""
    return tuple([row for row in table if row[2] in actions])


class Button:
    """One button with its table. A button that is down when the charger starts must be let go of first."""

    def __init__(self, table):
        self._table = table
        self._stable = True          # what counts after debouncing
        self._ignored = True         # this press does nothing
        self._raw = True
        self._raw_ms = None          # since when
        self._down_ms = 0
        self._reached = -1           # row of the table

    @property
    def down(self):
        """It is being pressed."""
        return self._stable and not self._ignored

    def tick(self, pressed, now_ms):
        """(beep, action) of this moment, each None mostly. pressed: the level now, None where it cannot be read."""
        if pressed is None:
            self._ignored = True
            return None, None
        if pressed != self._raw or self._raw_ms is None:
            self._raw, self._raw_ms = pressed, now_ms
        if pressed != self._stable and (now_ms - self._raw_ms) & 0x3FFFFFFF >= DEBOUNCE_MS:
            self._stable = pressed
            if pressed:
                self._down_ms, self._reached, self._ignored = self._raw_ms, -1, False
            else:
                return None, self._let_go()
        return self._held(now_ms) if self.down else None, None

    def _let_go(self):
        ignored, self._ignored = self._ignored, False
        return None if ignored or self._reached < 0 else self._table[self._reached][2]

    def _held(self, now_ms):
        """The beep of the row that has just been reached."""
        gone_ms = (now_ms - self._down_ms) & 0x3FFFFFFF
        if gone_ms >= STUCK_MS:
            self._ignored = True
            return None
        beep = None
        while self._reached + 1 < len(self._table) and gone_ms >= self._table[self._reached + 1][0]:
            self._reached += 1
            beep = self._table[self._reached][1] or beep
        return beep
