"""A socket outlet: the cable's resistor at the proximity contact, and the lock that holds the plug.

Numbers: the motor moves the bolt from end to end in 150 ms, as the common 12 V actuators do; a solenoid needs 50 ms either way.
"""

from tools.twin.thermal import SUPPLY_UV

CABLE_OHM = {13: 1500, 20: 680, 32: 220, 63: 100}
OPEN_OHM = 1_000_000
TRAVEL_US = 150_000
SOLENOID_US = 50_000


def proximity_uv(ohm, facts):
    """What the board's converter sees of so many ohms at its proximity contact."""
    reference_uv = facts["reference_mv"] * 1000
    return min(SUPPLY_UV, reference_uv * ohm // (ohm + facts["pull_up_ohm"]) * facts["divider_ppm"] // 1_000_000)


class Lock:
    """A bolt driven by a motor (two pins) or held by a solenoid (one). `on_move(lock)` is called when `closed` changes.

    The bolt stops where the motor stops. `misuse` counts what no driver may do: both pins on at once, or a motor driven for
    longer than three seconds.
    """

    LONGEST_US = 3_000_000

    def __init__(self, clock, kind, on_move):
        self._clock = clock
        self._motor = kind == "motor"
        self._on_move = on_move
        self._pins = [0, 0]
        self._position_us = 0            # of TRAVEL_US: 0 open
        self._since_us = 0
        self._event = None
        self.closed = False
        self.jammed = False
        self.misuse = 0
        self.driven_us = 0               # of the motor, in all

    def pin(self, number, level):
        """A pin of the driver, active level 1; 0 when it is let go of."""
        self._settle()
        self._pins[number] = level or 0
        if all(self._pins):
            self.misuse += 1
        self._go_on()

    def jam(self, jammed):
        """The bolt cannot move."""
        self._settle()
        self.jammed = jammed
        self._go_on()

    @property
    def _direction(self):
        if not self._motor:
            return 1 if self._pins[0] else -1
        return self._pins[0] - self._pins[1]

    @property
    def _travel_us(self):
        return TRAVEL_US if self._motor else SOLENOID_US

    def _settle(self):
        gone_us = self._clock.now_us - self._since_us
        self._since_us = self._clock.now_us
        if self._motor and self._direction:
            self.driven_us += gone_us
            if gone_us > self.LONGEST_US:
                self.misuse += 1
        if not self.jammed:
            self._position_us = min(max(self._position_us + self._direction * gone_us, 0), self._travel_us)

    def _go_on(self):
        if self._event is not None:
            self._clock.cancel(self._event)
            self._event = None
        if self._direction and not self.jammed:
            left_us = self._travel_us - self._position_us if self._direction > 0 else self._position_us
            if left_us:
                self._event = self._clock.after(left_us, self._arrive)
        self._tell()

    def _arrive(self):
        self._event = None
        self._settle()
        self._tell()

    def _tell(self):
        closed = self._position_us == self._travel_us
        if closed != self.closed:
            self.closed = closed
            self._on_move(self)


class Socket:
    """Cable and lock. `on_change()` is called when the resistor at the contact, or the lock, changes.

    The cable comes and goes with the car; while the lock is closed its plug stays, also without a car.
    """

    def __init__(self, clock, lock_kind, on_change):
        self._on_change = on_change
        self._plugged = False            # the car is there, and its cable with it
        self._left = False               # somebody leaves the cable in the socket
        self.cable_a = 32
        self.cable_ohm = CABLE_OHM[32]
        self.cable_in = False
        self.lock = Lock(clock, lock_kind, self._moved)

    def configure(self, values):
        """Take over {cable_a, cable_ohm, cable_in, plugged}, as far as they are there."""
        if "cable_a" in values:
            self.cable_a = values["cable_a"]
            self.cable_ohm = CABLE_OHM[self.cable_a]
        if "cable_ohm" in values:
            self.cable_ohm = values["cable_ohm"]
        if "cable_in" in values:
            self._left = values["cable_in"]
        if "plugged" in values:
            self._plugged = values["plugged"]
        self._follow()

    @property
    def ohm(self):
        """At the proximity contact."""
        return self.cable_ohm if self.cable_in else OPEN_OHM

    def state(self):
        """As the bench answers it."""
        return {"cable_a": self.cable_a, "cable_ohm": self.cable_ohm, "cable_in": self.cable_in, "locked": self.lock.closed,
                "jammed": self.lock.jammed, "misuse": self.lock.misuse}

    def _moved(self, lock):
        self._follow()

    def _follow(self):
        self.cable_in = self._plugged or self._left or (self.cable_in and self.lock.closed)
        self._on_change()
