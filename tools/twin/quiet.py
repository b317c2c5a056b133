"""Quiet ticks: a control tick that was seen with the same state and the same inputs is not reckoned again, its effect is taken.

The tick is a function: of the objects that it reaches (core, drivers, timer, statistics), of the levels at their pins, and of where
in the millisecond and in the pilot's period it begins. `quiet_rules.CLASSES` names every class that may be among those objects, and
the few attributes that move with every tick although nothing happens; how each may be looked at is said there. All other attributes
count exactly: one that differs makes another tick. An unknown class, noise on the pilot, or anything that falls due while the tick
would run, and the tick is reckoned by the firmware as ever. So it is while somebody has replaced what the firmware calls:
`FUNCTIONS` and attributes that hide a method are looked at here, of all others Hal.disturb() must be told. While ticks are taken
the objects tell when somebody else writes to them, so that a tick that follows another needs no comparison.
"""
import heapq
from array import array

from tools.twin.quiet_reach import NotQuiet, Reached
from tools.twin.quiet_rules import BURST, COUNT, FALLING, FOLLOWS, HEAT, KEPT, METER, RISING, SCRATCH, SEQ, TIME

_MASK = (1 << 30) - 1
_FAR_MS = 200            # from the end of a countdown
_FAR = -1                # stands for all that are
_LONGEST_GAP_MS = 20     # of a quiet tick
_AGES_AT = 60_000        # where Lateness halves its counts
_RISEN_MS = 4_800        # below: far from the cap of RISING
_MOST = 4_000            # ticks that are remembered


class _Tick:
    """What a tick does: to attributes, to pins, and how long it takes."""

    __slots__ = ("us", "sets", "times", "adds", "copies", "counts", "outs", "next")


class Quiet:
    """Quiet ticks of one boot. app: the firmware's; handle: the timer's, as Port.timer_start() makes it; fire: its event;
    period_us: between two."""

    def __init__(self, clock, hal, app, handle, fire, period_us, loop):
        self._clock, self._hal = clock, hal
        self.handle, self._fire, self._period_us = handle, fire, period_us
        self._loop = loop
        self._table = {}
        self._seen = set()
        self._tick = None                # the newest that was taken or learned, while nothing else has run since
        self._fuel = 0                   # so many more may follow it before a count or a countdown has to be looked at
        self._learning = None
        self._moves = 0                  # of the pins, when the newest tick was over
        self._items_then = self._offset_ms = None
        self._disturbances = hal.disturbances        # when the tick that is learned began
        self.taken = 0                   # counts, for tests and benches
        self._reached = Reached(app, hal)

    def _untouched(self, t_us):
        """Since the newest tick nobody has written to anything that the next one reaches."""
        reached = self._reached
        return (reached.armed and not reached.touched and t_us == self.handle[1] and self._hal.moves == self._moves
                and self._hal.wave is None and self._clock.ticks_offset_ms == self._offset_ms
                and reached.contents() == self._items_then)

    def _heat_followed(self):
        return self._reached.temperature["_seq"] == self._reached.inputs["temperature_seq"]

    def _state(self, t_us, now_ms):
        """All that the tick at t_us depends on, to be compared; None where it cannot be quiet."""
        reached = self._reached
        if reached.grown() and (reached.hidden() or not self._mapped_anew()):
            return None
        clock, hal, inputs = self._clock, self._hal, reached.inputs
        total = reached.lateness["_total"]
        if hal.wave is not None or total > _AGES_AT - 20 or max(reached.above) or reached.outputs["rcd_test"]:  # its pulse is timed
            return None
        burst = inputs["cp_burst"]
        pilot = hal.pilot
        falling = []
        fuel_ms = 1_000_000
        for cells, name in reached.falling:
            left_ms = cells[name]
            if left_ms > _FAR_MS:
                falling.append(_FAR)
                if left_ms < fuel_ms:
                    fuel_ms = left_ms
            else:
                falling.append(left_ms)
        since_ms = reached.since["_since_ms"]
        if since_ms < _RISEN_MS:
            fuel_ms = min(fuel_ms, _RISEN_MS - since_ms + _FAR_MS)
            since_ms = -1
        self._fuel = min((fuel_ms - _FAR_MS) // _LONGEST_GAP_MS, _AGES_AT - 20 - total)
        self._items_then, self._offset_ms = reached.contents(), clock.ticks_offset_ms
        followers = tuple([cells[name] == base[its_name] for cells, name, base, its_name in reached.followers])
        told = heat = None
        near = max(falling) > _FAR
        if near or False in followers:
            told = reached.readings(inputs)
            if near or not self._heat_followed():
                heat = reached.heat(inputs)
        return (t_us % 1000, (t_us - pilot[0]) % pilot[1], tuple(pilot), since_ms, burst & 3,
                (burst - reached.reader["_burst"]) & _MASK, clock.ticks_offset_ms,
                tuple([(now_ms - cells[name]) & _MASK for cells, name in reached.time_cells]),
                tuple(falling),
                followers, told, heat,
                tuple(map(hal.driven.get, reached.pins)), tuple(map(hal.latch.get, reached.pins)),
                tuple(map(hal.level_in.get, reached.pins)), tuple(map(hal.adc_uv.get, reached.adcs)),
                tuple([get(cells) for get, cells in reached.plain]),
                self._items_then)

    # -- the loop asks -----------------------------------------------------------------------------------------------------
    def take(self, t_us, fresh):
        """The timer is due at t_us and the loop idle. True: the tick's effect was taken, the clock stands at its end. fresh:
        nothing has run since the tick that was taken last."""
        reached = self._reached
        if self._hal.disturbed or reached.replaced():
            reached.disarm()
            self._tick = None
            return False
        tick = self._tick
        if tick is not None and not fresh and not self._untouched(t_us):
            tick = None
        clock = self._clock
        if tick is not None and self._fuel > 0 and tick.next is not None:
            tick = tick.next
            self._fuel -= 1
        else:
            state = self._state(t_us, (t_us // 1000 + clock.ticks_offset_ms) & _MASK)
            found = None if state is None else self._table.get(state)
            if found is None or self._fuel <= 0:
                reached.disarm()
                self._tick = None
                if state is not None and found is None:
                    self._look_closer(state, t_us)
                return False
            if tick is not None:
                tick.next = found
            tick = found
            if not reached.armed or reached.touched:
                reached.arm()
        heap = clock._heap
        end_us = t_us + tick.us
        # the timer's own event is the first: what comes after it must not fall into the tick
        if (len(heap) > 1 and heap[1][0] <= end_us) or (len(heap) > 2 and heap[2][0] <= end_us):
            reached.disarm()
            self._tick = None
            return False
        self._tick = tick
        self.taken += 1
        self._do(tick, t_us)
        return True

    def _do(self, tick, t_us):
        clock = self._clock
        handle = self.handle
        handle[1] = due_us = t_us + self._period_us
        clock._seq += 1
        handle[0] = entry = [due_us, clock._seq, self._fire]
        heap = clock._heap
        heapq.heapreplace(heap, entry)[2] = None
        now_ms = t_us // 1000 + clock.ticks_offset_ms
        for cells, name, value in tick.sets:
            cells[name] = value
        for cells, name, ms in tick.times:
            cells[name] = (now_ms + ms) & _MASK
        for cells, name, more in tick.adds:
            cells[name] = (cells[name] + more) & _MASK
        for cells, name, base, its_name in tick.copies:
            cells[name] = base[its_name]
        for counts, place, more in tick.counts:
            counts[place] += more
        clock.now_us = t_us
        clock._next_us = heap[0][0]      # nobody has halted the clock or called it, or the loop would not have asked
        hal = self._hal
        if tick.outs:
            moves = hal.moves + len(tick.outs)
            for us, gpio, level in tick.outs:
                clock.now_us = t_us + us
                hal.latch[gpio] = level
                hal.drive(gpio, level)
            if hal.moves != moves or clock._next_us <= t_us + tick.us:
                self._tick = None        # the world answers at once: what follows is looked at as a whole
        self._moves = hal.moves
        end_us = t_us + tick.us
        if end_us < clock._next_us:
            clock.now_us = end_us
        else:
            clock.spend_us(end_us - clock.now_us)

    # -- a tick is watched ---------------------------------------------------------------------------------------------------
    def _look_closer(self, state, t_us):
        """A state that came for the second time may be worth learning; the firmware reckons this tick in any case."""
        try:
            hash_of = hash(state)
        except TypeError:
            return
        if hash_of not in self._seen:
            if len(self._seen) > 50 * _MOST:
                self._seen.clear()
            self._seen.add(hash_of)
            return
        reached = self._reached
        if reached.strangers():
            self._mapped_anew()
            return
        clock, hal = self._clock, self._hal
        outs = []
        world = hal.on_output

        def note(signal, key, value, now_us):
            outs.append((signal, key, value, now_us))
            if world is not None:
                world(signal, key, value, now_us)
        hal.on_output = note
        self._disturbances = hal.disturbances
        self._learning = (state, t_us, [dict(cells) for cells, _ in reached.dicts], [_copy(one) for one, _ in reached.lists],
                          outs, world, clock._seq, len(clock._heap), self._loop.ran, dict(hal.latch),
                          clock.lost_callbacks, clock.served)

    def _mapped_anew(self):
        """False where the board has got something that quiet ticks do not know."""
        self._table.clear()
        self._seen.clear()
        try:
            self._reached.map()
        except NotQuiet:
            self.handle = (None,)            # no event is this one any more
            return False
        return True

    def settle(self):
        """The loop is idle again. True when all that has run since the last time is a tick that was learned."""
        return self._learning is not None and self._learned()

    def _learned(self):
        """The tick that was watched is over: remember it if nothing else happened. True when it was."""
        state, t_us, dicts, lists, outs, world, seq, depth, rounds, latch, lost, served = self._learning
        self._learning, reached = None, self._reached
        clock, hal = self._clock, self._hal
        hal.on_output = world
        end_us = clock.now_us
        if hal.disturbances != self._disturbances:
            return False
        if (clock._seq != seq + 1 or len(clock._heap) != depth or self._loop.ran != rounds + 1 or clock.lost_callbacks != lost
                or not t_us < end_us < t_us + self._period_us or clock.next_event_us() <= end_us or clock.served != served):
            return False
        tick = _Tick()
        tick.us, tick.next = end_us - t_us, None
        tick.sets, tick.times, tick.adds, tick.copies, tick.counts = [], [], [], [], []
        now_ms = (t_us // 1000 + clock.ticks_offset_ms) & _MASK
        for (cells, rules), before in zip(reached.dicts, dicts):
            if len(cells) != len(before) or not self._changes(tick, cells, rules, before, now_ms):
                return False
        for (one, rule), before in zip(reached.lists, lists):
            now = _copy(one)
            if now == before:
                continue
            if rule == COUNT:
                tick.counts += [(one, place, now[place] - was) for place, was in enumerate(before) if now[place] != was]
            else:
                return False
        beat_ms = (reached.beat["beat_ms"] - now_ms) & _MASK
        if beat_ms > self._period_us // 1000:
            return False
        tick.times.append((reached.beat, "beat_ms", beat_ms))
        driven = dict([(gpio, level) for _signal, gpio, level, _us in outs])
        if [1 for signal, gpio, level, _us in outs if signal != "pin" or level is None or hal.latch.get(gpio) != driven[gpio]]:
            return False
        if [1 for gpio, level in hal.latch.items() if latch.get(gpio) != level and driven.get(gpio) != level]:
            return False
        tick.outs = tuple([(us - t_us, gpio, level) for _signal, gpio, level, us in outs])
        if len(self._table) >= _MOST:
            self._table.clear()
        self._table[state] = tick
        self._tick = tick
        self._fuel = 0
        return True

    def _changes(self, tick, cells, rules, before, now_ms):
        """Notes what has changed in one object; False where a quiet tick changes no such thing."""
        for name, value in cells.items():
            old = before.get(name)
            rule = rules.get(name)
            if rule == TIME:
                ms = (value - now_ms) & _MASK
                if value != old:
                    if ms > 2 * self._period_us // 1000:
                        return False
                    tick.times.append((cells, name, ms))
                continue
            if rule == SCRATCH or isinstance(value, (list, array)):
                continue
            if rule in (FALLING, RISING):
                gap_ms = value - old if rule == RISING else old - value
                if 0 < gap_ms <= _LONGEST_GAP_MS and (old > _FAR_MS if rule == FALLING else old < _RISEN_MS):
                    tick.adds.append((cells, name, value - old))
                else:
                    tick.sets.append((cells, name, value))
                continue
            if value is old or value == old and type(value) is type(old):
                continue
            if rule in (KEPT, SEQ, METER, HEAT) or not isinstance(value, (int, str, type(None))):
                return False
            if rule in (BURST, FOLLOWS, COUNT):
                tick.adds.append((cells, name, (value - old) & _MASK))
            elif rule is not None:
                record, attribute = rule.split(".")
                base = self._reached.records[record]
                if value != base[attribute]:
                    return False
                tick.copies.append((cells, name, base, attribute))
            else:
                tick.sets.append((cells, name, value))
        return True


def _copy(one):
    return dict(one) if isinstance(one, dict) else list(one)


def quiet_ticks(clock, hal, app, handle, fire, period_us, loop):
    """Quiet ticks for a boot whose timer has just begun; None where the board has something that they do not know."""
    try:
        return Quiet(clock, hal, app, handle, fire, period_us, loop)
    except NotQuiet:
        return None
