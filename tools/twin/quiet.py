"""Quiet ticks: a control tick that was seen with the same state and the same inputs is not reckoned again, its effect is taken.

The tick is a function: of the objects that it reaches (core, drivers, timer, statistics), of the levels at their pins, and of where
in the millisecond and in the pilot's period it begins. `CLASSES` names every class that may be among those objects, and the few
attributes that move with every tick although nothing happens; how each may be looked at is said there. All other attributes count
exactly: one that differs makes another tick. An unknown class, noise on the pilot, or anything that falls due while the tick would
run, and the tick is reckoned by the firmware as ever. So it is while somebody has replaced what the firmware calls: `FUNCTIONS` and
attributes that hide a method are looked at here, of all others Hal.disturb() must be told. While ticks are taken the objects tell
when somebody else writes to them, so that a tick that follows another needs no comparison.
"""
import heapq
from array import array
from operator import itemgetter

_MASK = (1 << 30) - 1
# How an attribute enters the comparison, and what a tick does to it:
TIME = "time"            # ticks_ms: only its distance from now matters; written anew
COUNT = "count"          # how often: nobody looks at its value but for the wrap; the tick adds
BURST = "burst"          # the count of bursts: its two lowest bits are the dither
FOLLOWS = "follows"      # its distance from the count of bursts matters
FALLING = "falling"      # ms left, compared with 0 and nothing else far from 0; a tick takes its ms away, or sets it to a constant
RISING = "rising"        # ms since, capped at 5000; used only where a grade of over-current runs, and then no tick is quiet
SEQ = "seq"              # moves when somebody else has news; the tick only asks whether the one that follows it is equal
METER = "meter"          # of a reading: looked at only in a tick that has news of one
HEAT = "heat"            # the same of the temperatures, and while they grow stale
SCRATCH = "scratch"      # written before it is read in each tick
KEPT = "kept"            # changes in no quiet tick
CLASSES = {
    "Control": {}, "TickTimer": {"_beat_ms": TIME, "_due_ms": TIME},
    "Lateness": {"_counts": COUNT, "_total": COUNT},
    "SafetyCore": {"_tick_ms": TIME, "_alive_left_ms": FALLING, "phase": KEPT, "trips": KEPT, "_last_state": KEPT,
                   "_seq": "Request.seq"},
    "Fitted": {}, "Inputs": {"cp_burst": BURST, "meter_seq": SEQ, "temperature_seq": SEQ, "meter_age_ms": METER,
                             "drawn_ma": METER, "supply_1_mv": METER, "supply_2_mv": METER, "supply_3_mv": METER,
                             "temperature_0_c": HEAT, "temperature_1_c": HEAT, "temperature_2_c": HEAT, "temperature_3_c": HEAT,
                             "temperature_4_c": HEAT},
    "Outputs": {"coil_1": KEPT, "rcd_test": KEPT}, "Request": {"seq": SEQ},
    "PilotReader": {"_burst": FOLLOWS, "state": KEPT}, "PilotDriver": {}, "CableReader": {}, "SocketLock": {},
    "ContactorWatch": {}, "MonitorTest": {}, "OfferMemory": {}, "SupplyWatch": {"_seq": "Inputs.meter_seq"},
    "CurrentWatch": {"_since_ms": RISING, "_seq": "Inputs.meter_seq"},
    "TemperatureWatch": {"_stale_left_ms": FALLING, "_seq": "Inputs.temperature_seq"},
    "Board": {}, "Contactor": {}, "PilotPwm": {}, "CombSampler": {"_uv": SCRATCH}, "Scale": {},
    "TripLine": {}, "ResidualMonitor": {}, "LevelInput": {}, "ContactFeedback": {}, "CoilSupply": {"_tick_ms": TIME},
}
# a rule "Record.attribute" is the follower of that SEQ
_FAR_MS = 200            # from the end of a countdown
_FAR = -1                # stands for all that are
_LONGEST_GAP_MS = 20     # of a quiet tick
_AGES_AT = 60_000        # where Lateness halves its counts
_RISEN_MS = 4_800        # below: far from the cap of RISING
_MOST = 4_000            # ticks that are remembered


FUNCTIONS = (("Control", "step"), ("SafetyCore", "tick"), ("TickTimer", "wait"), ("Board", "read"), ("Board", "write"))


class _NotQuiet(Exception):
    """The board has something that quiet ticks do not know."""


class _Tick:
    """What a tick does: to attributes, to pins, and how long it takes."""

    __slots__ = ("us", "sets", "times", "adds", "copies", "counts", "outs", "next")


class Quiet:
    """Quiet ticks of one boot. app: the firmware's; handle: the timer's, as Port.timer_start() makes it; fire: its event;
    period_us: between two."""

    def __init__(self, clock, hal, app, handle, fire, period_us, loop):
        self._clock, self._hal = clock, hal
        self.handle, self._fire, self._period_us = handle, fire, period_us
        self._app = app
        self._loop = loop
        self._table = {}
        self._seen = set()
        self._tick = None                # the newest that was taken or learned, while nothing else has run since
        self._fuel = 0                   # so many more may follow it before a count or a countdown has to be looked at
        self._learning = None
        self._armed = False              # the objects that a tick reaches tell when somebody else writes to them
        self._touched = True             # somebody did
        self._moves = 0                  # of the pins, when the newest tick was over
        self._items_then = self._offset_ms = None
        self._disturbances = hal.disturbances        # when the tick that is learned began
        self.taken = 0                   # counts, for tests and benches
        self._map()

    # -- what a tick reaches -----------------------------------------------------------------------------------------------
    def _map(self):
        self._disarm()
        self._dicts, self._plain, self._lists, self._items = [], [], [], []
        self._time_cells, self._falling, self._followers = [], [], []
        core = self._app.core
        self._records = {"Request": vars(core.request), "Inputs": vars(core.inputs)}
        self._pins, self._adcs, self._known = [], [], {}
        self._walk(self._app.control)
        self._sizes = [len(cells) for cells, _ in self._dicts]
        classes = {type(one).__name__: type(one) for one in self._known.values() if type(one).__name__ in CLASSES}
        self._functions = [(vars(classes[kind]), name, vars(classes[kind])[name]) for kind, name in FUNCTIONS]
        self._readings, self._heat = [itemgetter(*[name for name, rule in CLASSES["Inputs"].items() if rule == group])
                                      for group in (METER, HEAT)]
        self._inputs, self._reader = vars(core.inputs), vars(core.pilot)
        self._temperature = vars(core.temperature)
        self._since, self._outputs = vars(core.current), vars(core.outputs)
        self._above = core.current._above_ms
        self._lateness = vars(self._app.lateness)
        self._beat = vars([entry for entry in self._app.supervisor.tasks if entry.name == "control"][0])
        self._table.clear()
        self._seen.clear()
        self._hal.watched = frozenset(self._pins + self._adcs)
        self._own = {id(one): frozenset(vars(one)) for one in self._known.values() if type(one).__name__ in CLASSES}
        self._guarded = [(one, type(one), self._telling(type(one))) for one in self._known.values()
                         if type(one).__module__.startswith("firmware.")]

    def _telling(self, kind):
        """The class, but an object of it tells when one of its attributes is written."""
        def tell(one, name, value):
            self._touched = True
            object.__setattr__(one, name, value)
        return type(kind.__name__, (kind,), {"__setattr__": tell, "__module__": kind.__module__})

    def _arm(self):
        for one, _plain, telling in self._guarded:
            one.__class__ = telling
        self._armed, self._touched = True, False

    def _disarm(self):
        """The firmware itself is about to write."""
        if self._armed:
            for one, plain, _telling in self._guarded:
                one.__class__ = plain
            self._armed = False

    def _untouched(self, t_us):
        """Since the newest tick nobody has written to anything that the next one reaches."""
        return (self._armed and not self._touched and t_us == self.handle[1] and self._hal.moves == self._moves
                and self._hal.wave is None and self._clock.ticks_offset_ms == self._offset_ms
                and self._contents() == self._items_then)

    def _contents(self):
        return tuple([tuple(one.items()) if type(one) is dict else tuple(one) for one in self._items])

    def _walk(self, one):
        kind = type(one)
        if id(one) in self._known:
            return
        if not kind.__module__.startswith("firmware."):
            if kind.__module__.startswith("machine_") and hasattr(one, "_n"):
                self._known[id(one)] = one
                of_its_kind = self._adcs if kind.__name__ == "ADC" else self._pins
                if one._n not in of_its_kind:
                    of_its_kind.append(one._n)
            return
        if kind.__name__ not in CLASSES:
            raise _NotQuiet(kind.__name__)
        self._known[id(one)] = one
        cells = vars(one)
        rules = CLASSES[kind.__name__]
        self._dicts.append((cells, rules))
        plain = []
        for name, value in cells.items():
            rule = rules.get(name)
            if rule == SCRATCH:
                continue
            if rule == TIME:
                self._time_cells.append((cells, name))
            elif rule == FALLING:
                self._falling.append((cells, name))
            elif rule is not None and "." in rule:
                record, attribute = rule.split(".")
                self._followers.append((cells, name, self._records[record], attribute))
            elif isinstance(value, (list, array, dict)):
                self._known[id(value)] = value
                if rule is None:
                    self._items.append(value)
                self._lists.append((value, rule))
                for part in list(value.values() if isinstance(value, dict) else value):
                    self._parts(part)
            elif rule in (None, KEPT):
                plain.append(name)
                self._parts(value)
        if plain:
            self._plain.append((itemgetter(*plain, plain[0]), cells))

    def _heat_followed(self):
        return self._temperature["_seq"] == self._inputs["temperature_seq"]

    def _parts(self, value):
        if isinstance(value, tuple):
            for part in value:
                self._parts(part)
        else:
            self._walk(value)

    def _state(self, t_us, now_ms):
        """All that the tick at t_us depends on, to be compared; None where it cannot be quiet."""
        if [len(cells) for cells, _ in self._dicts] != self._sizes and (self._hidden() or not self._mapped_anew()):
            return None
        clock, hal, inputs = self._clock, self._hal, self._inputs
        total = self._lateness["_total"]
        if hal.wave is not None or total > _AGES_AT - 20 or max(self._above) or self._outputs["rcd_test"]:     # its pulse is timed
            return None
        burst = inputs["cp_burst"]
        pilot = hal.pilot
        falling = []
        fuel_ms = 1_000_000
        for cells, name in self._falling:
            left_ms = cells[name]
            if left_ms > _FAR_MS:
                falling.append(_FAR)
                if left_ms < fuel_ms:
                    fuel_ms = left_ms
            else:
                falling.append(left_ms)
        since_ms = self._since["_since_ms"]
        if since_ms < _RISEN_MS:
            fuel_ms = min(fuel_ms, _RISEN_MS - since_ms + _FAR_MS)
            since_ms = -1
        self._fuel = min((fuel_ms - _FAR_MS) // _LONGEST_GAP_MS, _AGES_AT - 20 - total)
        self._items_then, self._offset_ms = self._contents(), clock.ticks_offset_ms
        followers = tuple([cells[name] == base[its_name] for cells, name, base, its_name in self._followers])
        told = heat = None
        near = max(falling) > _FAR
        if near or False in followers:
            told = self._readings(inputs)
            if near or not self._heat_followed():
                heat = self._heat(inputs)
        return (t_us % 1000, (t_us - pilot[0]) % pilot[1], tuple(pilot), since_ms, burst & 3,
                (burst - self._reader["_burst"]) & _MASK, clock.ticks_offset_ms,
                tuple([(now_ms - cells[name]) & _MASK for cells, name in self._time_cells]),
                tuple(falling),
                followers, told, heat,
                tuple(map(hal.driven.get, self._pins)), tuple(map(hal.latch.get, self._pins)),
                tuple(map(hal.level_in.get, self._pins)), tuple(map(hal.adc_uv.get, self._adcs)),
                tuple([get(cells) for get, cells in self._plain]),
                self._items_then)

    # -- the loop asks -----------------------------------------------------------------------------------------------------
    def take(self, t_us, fresh):
        """The timer is due at t_us and the loop idle. True: the tick's effect was taken, the clock stands at its end. fresh:
        nothing has run since the tick that was taken last."""
        if self._hal.disturbed or self._replaced():
            self._disarm()
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
                self._disarm()
                self._tick = None
                if state is not None and found is None:
                    self._look_closer(state, t_us)
                return False
            if tick is not None:
                tick.next = found
            tick = found
            if not self._armed or self._touched:
                self._arm()
        heap = clock._heap
        end_us = t_us + tick.us
        # the timer's own event is the first: what comes after it must not fall into the tick
        if (len(heap) > 1 and heap[1][0] <= end_us) or (len(heap) > 2 and heap[2][0] <= end_us):
            self._disarm()
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
        if self._strangers():
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
        self._learning = (state, t_us, [dict(cells) for cells, _ in self._dicts], [_copy(one) for one, _ in self._lists],
                          outs, world, clock._seq, len(clock._heap), self._loop.ran, dict(hal.latch),
                          clock.lost_callbacks, clock.served)

    def _replaced(self):
        """A function that each tick calls is not the one it was."""
        for functions, name, function in self._functions:
            if functions[name] is not function:
                return True
        return False

    def _hidden(self):
        """An object has got an attribute that stands in the place of a method."""
        for one, plain, _telling in self._guarded:
            for name in vars(one):
                if name not in self._own[id(one)] and callable(getattr(plain, name, None)):
                    return True
        return False

    def _mapped_anew(self):
        """False where the board has got something that quiet ticks do not know."""
        try:
            self._map()
        except _NotQuiet:
            self.handle = (None,)            # no event is this one any more
            return False
        return True

    def _strangers(self):
        """True where an object has come among those that a tick reaches."""
        for cells, rules in self._dicts:
            for name, value in cells.items():
                if id(value) not in self._known and rules.get(name) != SCRATCH and (
                        isinstance(value, (list, array, dict)) or type(value).__module__.startswith(("firmware.", "machine_"))):
                    return True
        return False

    def settle(self):
        """The loop is idle again. True when all that has run since the last time is a tick that was learned."""
        return self._learning is not None and self._learned()

    def _learned(self):
        """The tick that was watched is over: remember it if nothing else happened. True when it was."""
        state, t_us, dicts, lists, outs, world, seq, depth, rounds, latch, lost, served = self._learning
        self._learning = None
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
        for (cells, rules), before in zip(self._dicts, dicts):
            if len(cells) != len(before) or not self._changes(tick, cells, rules, before, now_ms):
                return False
        for (one, rule), before in zip(self._lists, lists):
            now = _copy(one)
            if now == before:
                continue
            if rule == COUNT:
                tick.counts += [(one, place, now[place] - was) for place, was in enumerate(before) if now[place] != was]
            else:
                return False
        beat_ms = (self._beat["beat_ms"] - now_ms) & _MASK
        if beat_ms > self._period_us // 1000:
            return False
        tick.times.append((self._beat, "beat_ms", beat_ms))
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
                base = self._records[record]
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
    except _NotQuiet:
        return None
