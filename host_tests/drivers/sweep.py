"""Every device call of a charge's first seconds fails once, fails for good, or takes the whole chip with it: what must hold then.

`python -m host_tests.drivers.sweep` walks them all (of the 32 reads of a pilot burst one, by turns; --each-read: every one of
them): the charge runs once, and forks at every call. test_sweep.py takes a sample of it on both interpreters.
"""

import sys

from host_tests.drivers.charge import KINDS, TICK_US, Charge

ONCE, DEAD, ALL = "once", "dead", "all"      # this call; this call from now on; every call from now on
AFTER_TICKS = 50              # with power: so long the charge goes on, and every call of it fails in its turn
CLOSED_TICKS = 175            # a good charge has closed well before; who may not close is watched until here
WATCH_TICKS = 20              # after the bound it must stay open so long
_OPEN_MS = 400                # from the failure to open contacts: feedback may take its 200 ms, the pilot its 80
_PUMP_MS = 800                # where the coil's own pin is dead the pump lets go: it holds 600
_ORDER_MS = 1500              # a temperature, or the coil supply's input: the vehicle is asked first
_PILOT = "ADC.read_uv(36)"
# one such call that failed takes no power away: there are bursts to come, and 200 ms for a feedback. It is named all the same
TOLERATED = (_PILOT, "Pin.value(32)", "Pin.value(37)")
_PUMP = ("Pin.value(25)", "Pin.value(26)", "Pin.value(27)")
_ORDER = ("ADC.read_uv(34)", "ADC.read_uv(39)", "Pin.value(43)")


def fails(mode, number, kind):
    """What Charge asks for: the call of this number fails with this class of exception."""
    broken = [None]

    def failing(now, name):
        if now == number:
            broken[0] = name
            return kind
        if now > number and (mode == ALL or mode == DEAD and name == broken[0]):
            return kind
        return None
    return failing


def bound_ms(mode, name):
    """How long the contacts may stay closed after the failure."""
    if mode == ALL or name in _PUMP:
        return _PUMP_MS
    return _ORDER_MS if name in _ORDER else _OPEN_MS


def judge(charge, mode):
    """Run a charge in which something fails, or failed while it was built, to its end. Returns None, or what did not hold."""
    while charge.failed_us is None:
        if charge.ticks > CLOSED_TICKS + AFTER_TICKS:
            return "no such call"
        charge.step()
    bound_us = charge.failed_us + bound_ms(mode, charge.at) * 1000
    end_tick = bound_us // TICK_US + WATCH_TICKS
    if charge.closed_us is None and mode != ONCE:
        end_tick = max(end_tick, CLOSED_TICKS)
    # what failed once, and was well again before there was power, may be followed by power; what failed under power may not
    healed = mode == ONCE and (charge.closed_us is None or charge.closed_us > charge.failed_us or charge.at in TOLERATED)
    while charge.ticks < end_tick:
        charge.step()
        if charge.closed and charge.chip.clock.now_us > bound_us and not healed:
            return "contacts closed %d ms after" % ((charge.chip.clock.now_us - charge.failed_us) // 1000)
    if charge.travelled is not None:
        return "travelled: " + charge.travelled
    if not charge.named:
        return "has no name"
    return None


def run(number, kind, mode):
    """One charge of its own with one failure: (name of the call, None or what did not hold)."""
    charge = Charge(fails(mode, number, kind))
    try:
        wrong = judge(charge, mode)
        return charge.at, wrong
    finally:
        charge.close()


def calls():
    """[(number, name)] of every device call of a good charge, and the number of the first after the contacts closed."""
    seen = []

    def note(number, name):
        seen.append((number, name))
    charge = Charge(note)
    charge.run_until(lambda charge: charge.closed, CLOSED_TICKS)
    with_power = len(seen)
    for _ in range(AFTER_TICKS):
        charge.step()
    closed = charge.closed
    charge.close()
    if not closed or charge.board.errors:
        raise ValueError("the good charge is none: %s, trips %d" % (charge.board.errors, charge.core.trips))
    return seen, with_power


class _Walk:
    """The charge that forks. Children write one line each for what did not hold."""

    def __init__(self, each_read, jobs):
        import os
        self._os = os
        self._each_read, self._jobs = each_read, jobs
        self._bursts = 0
        self._mode = None            # of a child
        self._kind = None
        self._broken = None
        self._children = 0
        self.walked = 0
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)

    def failing(self, number, name):
        """At every call of the parent: a child for each way of failing. In a child: its failure."""
        if self._mode is not None:
            return self._kind if self._mode == ALL or self._mode == DEAD and name == self._broken else None
        if name == _PILOT and not self._each_read:
            self._bursts += 1
            if self._bursts % 31:    # 31 and 32 have no common divisor: each read of a burst has its turn
                return None
        for place, mode in enumerate((ONCE, DEAD) if number % 5 else (ONCE, DEAD, ALL)):
            while self._children >= self._jobs:
                self._wait()
            self.walked += 1
            if self._os.fork() == 0:
                self._mode, self._kind, self._broken = mode, KINDS[(number + place) % 3], name
                self.number = number
                return self._kind
            self._children += 1
        return None

    def _wait(self):
        self._os.wait()
        self._children -= 1

    def end_child(self, charge):
        """A child does not come back."""
        if self._mode is None:
            return
        wrong = judge(charge, self._mode)
        if wrong is not None:
            line = "call %d, %s, %s with %s: %s\n" % (self.number, charge.at, self._mode, self._kind.__name__, wrong)
            self._os.write(self._writer, line.encode())
        self._os._exit(0)

    def results(self):
        """What did not hold, a line each, once all children have ended."""
        while self._children:
            self._wait()
        self._os.close(self._writer)
        found = b""
        while True:
            data = self._os.read(self._reader, 65536)
            if not data:
                return found.decode().splitlines()
            found += data


def walk(each_read=False, jobs=2):
    """Every call fails in every way, in a process of its own: (how many, lines of what did not hold)."""
    walk = _Walk(each_read, jobs)
    charge = Charge(walk.failing)
    walk.end_child(charge)
    while charge.closed_us is None or charge.chip.clock.now_us < charge.closed_us + AFTER_TICKS * TICK_US:
        charge.step()
        walk.end_child(charge)
        if charge.ticks > CLOSED_TICKS + AFTER_TICKS:
            return walk.walked, ["the good charge did not close"]
    lines = walk.results()
    charge.close()
    return walk.walked, lines


def main(arguments):
    each_read = "--each-read" in arguments
    walked, lines = walk(each_read)
    for line in lines:
        print(line)
    print("%d failures walked, %d did not end as they must" % (walked, len(lines)))
    from tools.checks.report import report  # not on the VM, where a sample of this runs
    report(walked - len(lines), len(lines))
    return 1 if lines or not walked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
