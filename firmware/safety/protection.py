"""What watches over slow quantities: current above the offer, supply voltage, temperatures. Answers with causes and with a cap.

Judged on fresh readings only: a meter that repeats itself proves nothing.
"""

from micropython import const

from firmware.safety import limits
from firmware.safety.io_image import BROKEN, NO_TEMPERATURE, NOT_FITTED
from firmware.safety.limits import count_down

_MEMORY = const(4)              # offers that ended within the last 6 s plus the reading's age; they change 5 s apart
_LONGEST_AGE_MS = const(10000)  # a reading older than this is judged against what was offered so long ago
_LONGEST_WINDOW_MS = const(16000)  # _LONGEST_AGE_MS and OFFER_MEMORY_MS: what ended longer ago counts in no window
_LEVEL_PERCENT = (75, 50, 1)    # of the offer in each derating level from the first; 1 % ends at 6 A
# TEMPERATURE_LIMITS as the tick wants them: where each sensor's first level begins, which is where it resumes too, and the three
# equal steps from there to the limit
_FIRST_C = (80, 60, 60, 75, 75)
_STEP_K = const(5)
_LIMIT_K = const(15)


class OfferMemory:
    """The highest offer of the last seconds: a vehicle may still follow the one before."""

    def __init__(self):
        self._offers_ma = [0] * _MEMORY
        self._ages_ms = [limits.TICKS_MASK] * _MEMORY   # since each ended, when the last one did
        self._older_ms = 0          # since then
        self._now_ma = 0
        self._newest = _MEMORY - 1  # places are taken in turn
        self._counting = 0          # 0: every remembered offer ended so long ago that none counts any more

    def update(self, gap_ms, offered_ma):
        """Follow the offer; remember the one that ends."""
        if self._counting:
            self._older_ms += gap_ms
            if self._older_ms > _LONGEST_WINDOW_MS:
                self._grow_older()
                self._counting = 0
        if offered_ma < self._now_ma:
            self._end()
        self._now_ma = offered_ma

    def _grow_older(self):
        ages_ms = self._ages_ms
        index = 0
        while index < _MEMORY:
            if ages_ms[index] <= _LONGEST_WINDOW_MS:        # older ones stand still
                ages_ms[index] += self._older_ms
            index += 1
        self._older_ms = 0

    def _end(self):
        """The offer ends. Offers that end within 5 s (not under load) are one: the highest."""
        self._grow_older()
        newest = self._newest
        if self._ages_ms[newest] >= limits.OFFER_CHANGE_MS:
            newest = (newest + 1) % _MEMORY
            self._newest = newest
            self._offers_ma[newest] = self._now_ma
        self._ages_ms[newest] = 0
        self._offers_ma[newest] = max(self._offers_ma[newest], self._now_ma)
        self._counting = 1

    def highest_ma(self, age_ms):
        """Highest offer that held at any time in the last 6 s plus age_ms."""
        if not self._counting:
            return self._now_ma
        window_ms = limits.OFFER_MEMORY_MS + min(age_ms, _LONGEST_AGE_MS) - self._older_ms
        ages_ms, offers_ma = self._ages_ms, self._offers_ma
        highest_ma = self._now_ma
        index = newest = self._newest
        while ages_ms[index] <= window_ms:      # from the newest to the oldest that counts
            highest_ma = max(highest_ma, offers_ma[index])
            index = (index - 1) % _MEMORY
            if index == newest:
                break
        return highest_ma


class CurrentWatch:
    """Graded over-current: each grade's time advances on fresh readings above it and starts anew below it."""

    def __init__(self, fitted):
        self._percents = fitted.over_percents
        self._times_ms = fitted.over_times_ms
        self._allowance_ma = fitted.over_allowance_ma
        self._memory = OfferMemory()
        self._above_ms = [0, 0, 0]
        self._seq = 0
        self._since_ms = 0         # since the last fresh reading, saturates

    def update(self, gap_ms, inputs, offered_ma, energised):
        """True: a grade's time is over. Without power every grade begins anew."""
        self._memory.update(gap_ms, offered_ma)
        self._since_ms = min(self._since_ms + gap_ms, limits.READING_GAP_MS)
        above_ms = self._above_ms
        if not energised:
            above_ms[0] = above_ms[1] = above_ms[2] = 0
            return False
        if inputs.meter_seq == self._seq:
            return False
        self._seq = inputs.meter_seq
        reference_ma = self._memory.highest_ma(inputs.meter_age_ms)
        allowed_ma = reference_ma + self._allowance_ma
        drawn_ma = inputs.drawn_ma
        tripped = False
        if reference_ma == 0 or drawn_ma <= allowed_ma:     # no grade begins below: no percentage is negative
            above_ms[0] = above_ms[1] = above_ms[2] = 0
        else:
            hundredth_ma = reference_ma // 100
            grade = 0
            while grade < 3:
                if drawn_ma <= allowed_ma + hundredth_ma * self._percents[grade]:
                    above_ms[grade] = 0
                else:
                    above_ms[grade] += self._since_ms if above_ms[grade] else 1
                    if above_ms[grade] > self._times_ms[grade]:
                        above_ms[grade] = self._times_ms[grade]
                        tripped = True
                grade += 1
        self._since_ms = 0
        return tripped


class SupplyWatch:
    """Supply voltage of every phase that the meter has. In a one-phase installation only one of them is connected."""

    def __init__(self, fitted):
        self._low_mv = limits.SUPPLY_PRESENT_MV if fitted.phases == 1 else 0   # below: not connected
        self.outside = 0           # fresh readings in a row outside, saturates
        self._seq = 0
        self._silent_left_ms = limits.SUPPLY_SILENT_MS   # counts while the supply is outside, from the last reading that judges it

    def update(self, gap_ms, inputs):
        """True while the last readings in a row were outside 160-280 V. Silence does not end it by itself: unplugged()."""
        if self.outside >= limits.SUPPLY_READINGS:
            self._silent_left_ms = count_down(self._silent_left_ms, gap_ms)
        if inputs.meter_seq != self._seq:
            self._seq = inputs.meter_seq
            self._take(inputs)
        return self.outside >= limits.SUPPLY_READINGS

    def unplugged(self):
        """Nobody is plugged in: what a meter said that has fallen silent since is forgotten, but one more reading outside is
        enough then. While somebody is, it holds: an order to clear would let power on at a voltage that nobody knows."""
        if self._silent_left_ms == 0:
            self.outside = limits.SUPPLY_READINGS - 1

    def _take(self, inputs):
        one_mv, two_mv, three_mv = inputs.supply_1_mv, inputs.supply_2_mv, inputs.supply_3_mv
        low_mv = self._low_mv
        if _judge(one_mv, low_mv) + _judge(two_mv, low_mv) + _judge(three_mv, low_mv) > 0:
            self.outside = 0
        elif one_mv <= NOT_FITTED and two_mv <= NOT_FITTED and three_mv <= NOT_FITTED:
            return                 # says nothing of the supply: neither good nor bad
        elif self.outside < limits.SUPPLY_READINGS:
            self.outside += 1
        self._silent_left_ms = limits.SUPPLY_SILENT_MS


def _judge(supply_mv, low_mv):
    """1: inside, 0: nothing to judge (below low_mv; NOT_FITTED is below any), -3: outside."""
    return 1 if limits.SUPPLY_LOW_MV <= supply_mv <= limits.SUPPLY_HIGH_MV else 0 if supply_mv < low_mv else -3


class TemperatureWatch:
    """Five sensors, each with derating levels and a limit, and hysteresis. Level: 0 none, 1-3 derated, 4 at the limit."""

    def __init__(self):
        self.levels = [0] * limits.TEMPERATURE_SENSORS
        self._celsius = [NO_TEMPERATURE] * limits.TEMPERATURE_SENSORS
        self.level = 0             # the highest
        self.hottest = -1          # which sensor has it, -1 = none
        self.failed = False        # a fitted sensor is broken, or all are silent
        self._any = False          # some sensor is fitted
        self._seq = 0
        self._stale_left_ms = limits.TEMPERATURE_STALE_MS

    def update(self, gap_ms, inputs):
        """Take over fresh readings; notice when there are none any more."""
        if inputs.temperature_seq == self._seq:
            self._stale_left_ms = count_down(self._stale_left_ms, gap_ms)
            if self._stale_left_ms == 0 and (self._any or _fitted(inputs)):
                self.failed = True
            return
        self._seq = inputs.temperature_seq
        self._stale_left_ms = limits.TEMPERATURE_STALE_MS
        celsius_of = self._celsius      # in a list: five calls would cost more than all else in the tick
        celsius_of[0] = inputs.temperature_0_c
        celsius_of[1] = inputs.temperature_1_c
        celsius_of[2] = inputs.temperature_2_c
        celsius_of[3] = inputs.temperature_3_c
        celsius_of[4] = inputs.temperature_4_c
        self._judge(celsius_of, self.levels)

    def _judge(self, celsius_of, levels):
        failed = fitted = False
        highest = sensor = 0
        hottest = -1
        first_c = _FIRST_C
        while sensor < limits.TEMPERATURE_SENSORS:
            celsius = celsius_of[sensor]
            above_c = celsius - first_c[sensor]
            if above_c > -limits.TEMPERATURE_HYSTERESIS_C:
                fitted = True
                level = level_above(above_c, levels[sensor])
                levels[sensor] = level
                if level > highest:
                    highest = level
                    hottest = sensor
            elif celsius > BROKEN:
                fitted = True
                levels[sensor] = 0
            elif celsius != NO_TEMPERATURE:
                fitted = failed = True      # its level stays
            sensor += 1
        self.level = highest
        self.hottest = hottest
        self.failed = failed
        self._any = fitted

    def derated_ma(self, offered_ma):
        """The offer after derating: 75 %, 50 %, 6 A; no step goes below 6 A. 0 at the limit."""
        level = self.level
        if level == 0:
            return offered_ma
        if level >= limits.TEMPERATURE_LEVELS:
            return 0
        return max(offered_ma * _LEVEL_PERCENT[level - 1] // 100, min(offered_ma, limits.OFFER_MIN_MA))


def _fitted(inputs):
    """True: some sensor is there, even if none was ever read."""
    return max(inputs.temperature_0_c, inputs.temperature_1_c, inputs.temperature_2_c, inputs.temperature_3_c,
               inputs.temperature_4_c) > NO_TEMPERATURE


def level_above(above_c, level):
    """The level that follows `level` at so many K above where the first begins, or up to the hysteresis below it: up at once, down
    with hysteresis, from the limit only at the resume value."""
    if above_c >= _LIMIT_K or level >= limits.TEMPERATURE_LEVELS and above_c > 0:
        return limits.TEMPERATURE_LEVELS
    if above_c >= level * _STEP_K:
        return above_c // _STEP_K + 1
    return min(level, (above_c + limits.TEMPERATURE_HYSTERESIS_C - 1) // _STEP_K + 1)
