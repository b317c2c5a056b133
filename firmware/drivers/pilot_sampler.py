"""Control pilot samplers: what the pilot's high and low plateau show, once a burst, for each kind of sensing that a board has.

burst(inputs) writes cp_high_mv and cp_low_mv (mV at the terminal), cp_high_reads and cp_low_reads (reads that hit the plateau; 0 =
not seen, its voltage is old then) and moves cp_burst, by which the core tells how old they are. It allocates nothing. Samplers know
nothing of states. docs/pilot.md judges them on waveforms; the circuits are those of its tables.
"""

import machine
from micropython import const

from firmware.drivers.clock import sleep_us, ticks_us

READS = const(32)
# Ten strides are a period and a third of a stride: three sweeps interleave, so that 32 reads leave no gap wider than 53 us at any
# phase, also with the frequency off by 0.5 %. Where reads are slower than that, the next strides do it with nine and with eight.
STRIDE_US = const(103)
_STRIDE_STEP_US = const(13)
_STRIDE_MAX_US = const(129)
_LATE_READS = const(8)       # so many late reads in a burst: the stride is too short for this board
_DITHER_US = const(9)        # pilot and tick come from one crystal: the same phase again and again, were it not for this
_TICKS_MASK = const(0x3FFFFFFF)
_LAST = const(31)            # READS - 1
_SPLIT_MV = const(-1500)     # above: high plateaus (E is -1.3 V at least), below: low ones (-2.3 V at most: D without its diode)
_SEEN_MV = const(1200)       # behind a comparator: above are high plateaus from D on, below E, and all that the clamp holds
_MANY = const(6)             # of so many reads the middle one is right, whatever sat on an edge or was hit by a spike
_PAIR_MV = const(500)        # fewer reads are believed where two of them agree within this
_FLOOR_UV = const(150000)    # below, the ESP32's converter tells anything from 0 to 150 mV: "at most that"
_NEGATIVE_MV = const(-12000)  # the comparator says "below -10.4 V", no number: this stands for it
_PEAK_READS = const(16)
_PEAK_STRIDE_US = const(130)
_PEAK_BACK_US = const(0x3FFFFFFF - 130 + 1)
_LOW_MV = const(-6000)       # a low detector below this has seen a low plateau or steady -12 V: half-way between E and F
_FALLING_MV = const(150)     # a detector that falls by more from burst to burst is on its way, and where it stands is no plateau
_FALLING_BURSTS = const(3)   # but for no longer than this nothing is said: the core calls a silent pilot lost after 80 ms


class Scale:
    """mV at the terminal from uV at the ADC, by two or more rising points (adc_uv, cp_mv); straight between and beyond them."""

    def __init__(self, points):
        self._uv = [uv for uv, _mv in points]
        self._mv = [mv for _uv, mv in points]
        self._uv_per_100mv = [(self._uv[place + 1] - self._uv[place]) * 100 // (self._mv[place + 1] - self._mv[place])
                              for place in range(len(points) - 1)]
        self.pair_uv = _PAIR_MV * self._uv_per_100mv[0] // 100

    def uv(self, mv):
        """What the ADC shows of a voltage between the two lowest points, uV."""
        return self._uv[0] + (mv - self._mv[0]) * self._uv_per_100mv[0] // 100

    def mv(self, uv):
        """Terminal voltage, mV."""
        if uv < _FLOOR_UV:
            uv = _FLOOR_UV
        place = len(self._uv_per_100mv) - 1
        while place and uv < self._uv[place]:
            place -= 1
        return self._mv[place] + (uv - self._uv[place]) * 100 // self._uv_per_100mv[place]


def scale_from_facts(pilot):
    """By the measured points (adc_mv, cp_mv) of cp.calibration, or by the divider: adc_mv = cp_mv * a_ppm / 1e6 + b_uv / 1000."""
    points = pilot.get("calibration")
    if points:
        return Scale([(adc_mv * 1000, mv) for adc_mv, mv in points])
    a_ppm, b_uv = pilot["a_ppm"], pilot["b_uv"]
    return Scale(((b_uv - 12 * a_ppm, -12000), (b_uv + 12 * a_ppm, 12000)))


class CombSampler:
    """Divider that shows both half-waves: a timed comb of one-shot reads finds the plateaus by themselves."""

    def __init__(self, gpio, scale, comparator=None, inverted=0):
        """comparator: the Pin of ComparatorSampler; inverted: 1 where it is low while the pilot is negative."""
        self._adc = machine.ADC(machine.Pin(gpio), atten=machine.ADC.ATTN_11DB)
        self._scale = scale
        self._split_uv = scale.uv(_SPLIT_MV)
        self._comparator = comparator
        self._inverted = inverted
        self._uv = [0] * READS       # a list: its sort() is C code and allocates nothing
        self._stride_us = STRIDE_US
        self._negative = 0           # reads of the comparator that saw the low plateau

    def burst(self, inputs):
        """Take one burst (3.3 ms; 4.2 ms where reads are slow) and write it into the Inputs record."""
        uv = self._uv
        adc = self._adc
        comparator = self._comparator
        stride_us = self._stride_us
        back_us = _TICKS_MASK - stride_us + 1   # subtracted instead of the stride added: no sum passes 2**30 and allocates
        index = late = negative = 0
        sleep_us((inputs.cp_burst & 3) * _DITHER_US)
        due_us = ticks_us()
        while index < READS:
            uv[index] = adc.read_uv()
            if comparator is not None:
                negative += comparator.value()
            index += 1
            due_us = (due_us - back_us) & _TICKS_MASK
            wait_us = (due_us - ticks_us()) & _TICKS_MASK
            if wait_us <= stride_us:
                sleep_us(wait_us)
            else:
                due_us = ticks_us()           # something held the VM, or reads are slow; no catching up
                late += 1
        if late > _LATE_READS and stride_us < _STRIDE_MAX_US:
            self._stride_us = stride_us + _STRIDE_STEP_US
        self._negative = READS - negative if self._inverted else negative
        uv.sort()
        self._judge(inputs)
        inputs.cp_burst = (inputs.cp_burst - _TICKS_MASK) & _TICKS_MASK     # one more, without a sum past 2**30

    def _first_above(self):
        """Place of the first read above the split, by halving."""
        uv = self._uv
        split_uv = self._split_uv
        low, high = 0, READS
        while low < high:
            middle = (low + high) >> 1
            if uv[middle] < split_uv:
                low = middle + 1
            else:
                high = middle
        return low

    def _plateau_uv(self, outer, step, reads, spikes):
        """Level of a plateau from the reads at places outer, outer + step, … (outermost first); -1 where they agree on none.

        Reads on an edge lie further in, so the plateau shows in the outer ones. Of few reads the outermost two must agree, or the
        two behind as many spikes as are allowed: further in, reads on the two edges agree by chance.
        """
        uv = self._uv
        if reads >= _MANY:
            return uv[outer + step * (reads * 3 >> 3)]
        while reads > 1 and spikes >= 0:
            apart_uv = uv[outer + step] - uv[outer]
            if -self._scale.pair_uv < apart_uv < self._scale.pair_uv:
                return uv[outer] + (apart_uv >> 1)
            outer += step
            reads -= 1
            spikes -= 1
        return -1

    def _high(self, inputs, reads):
        """Write the high plateau: the last `reads` of the sorted ones."""
        uv = self._plateau_uv(_LAST, -1, reads, 0)
        if uv < 0:
            inputs.cp_high_reads = 0
            return
        inputs.cp_high_mv = self._scale.mv(uv)
        inputs.cp_high_reads = reads

    def _judge(self, inputs):
        below = self._first_above()
        self._high(inputs, READS - below)
        uv = self._plateau_uv(0, 1, below, 1)
        if uv < 0 or (below < READS and inputs.cp_high_reads == 0):
            inputs.cp_low_reads = 0          # also where a high plateau hid: no steady -12 V
            return
        inputs.cp_low_mv = self._scale.mv(uv)
        inputs.cp_low_reads = below


class ComparatorSampler(CombSampler):
    """Divider for the positive half alone, and a comparator that says when the pilot is below -10.4 V.

    ADC and comparator are read one after the other, so that only their counts are compared, never two reads.
    """

    def __init__(self, gpio, scale, comparator, inverted):
        super().__init__(gpio, scale, comparator, inverted)
        self._split_uv = scale.uv(_SEEN_MV)

    def _judge(self, inputs):
        negative = self._negative
        if negative < 2:
            negative = 0                     # a spike
        above = READS - self._first_above()
        if above < 2 and negative == 0:
            above = READS                    # no plateau from D on and no low one: E, or the pilot is dead
        self._high(inputs, above)
        inputs.cp_low_mv = _NEGATIVE_MV
        # a high plateau that hid is no steady -12 V
        inputs.cp_low_reads = negative if negative >= _LAST or inputs.cp_high_reads else 0


class PeakSampler:
    """Two peak detectors that hold the highest and the lowest voltage of the last 0.1 s, both behind the same kind of divider."""

    def __init__(self, high_gpio, low_gpio, scale):
        self._adcs = tuple(machine.ADC(machine.Pin(gpio), atten=machine.ADC.ATTN_11DB) for gpio in (high_gpio, low_gpio))
        self._scale = scale
        self._uv = [0] * _PEAK_READS
        self._last_mv = 0
        self._falling = 0                    # bursts in a row

    def burst(self, inputs):
        """Take one burst (4.2 ms) and write it into the Inputs record."""
        high_mv = self._median_mv(self._adcs[0])
        low_mv = self._median_mv(self._adcs[1])
        falls = self._last_mv - high_mv > _FALLING_MV and self._falling < _FALLING_BURSTS
        self._falling = self._falling + 1 if falls else 0
        self._last_mv = high_mv
        inputs.cp_high_mv = high_mv
        inputs.cp_low_mv = low_mv
        low_there = low_mv < _LOW_MV
        inputs.cp_low_reads = _PEAK_READS if low_there else 0
        inputs.cp_high_reads = 0 if falls or (low_there and high_mv < _SEEN_MV) else _PEAK_READS
        inputs.cp_burst = (inputs.cp_burst - _TICKS_MASK) & _TICKS_MASK     # one more, without a sum past 2**30

    def _median_mv(self, adc):
        uv = self._uv
        due_us = ticks_us()
        index = 0
        while index < _PEAK_READS:
            uv[index] = adc.read_uv()
            index += 1
            due_us = (due_us - _PEAK_BACK_US) & _TICKS_MASK
            wait_us = (due_us - ticks_us()) & _TICKS_MASK
            if wait_us <= _PEAK_STRIDE_US:
                sleep_us(wait_us)
            else:
                due_us = ticks_us()
        uv.sort()
        return self._scale.mv(uv[_PEAK_READS >> 1])


def _full_range(facts, pins, scale):
    return CombSampler(pins["cp_adc"], scale)


def _positive_comparator(facts, pins, scale):
    return ComparatorSampler(pins["cp_adc"], scale, machine.Pin(pins["cp_comparator"], machine.Pin.IN),
                             1 if "cp_comparator" in facts["active_low"] else 0)


def _peak_detector(facts, pins, scale):
    return PeakSampler(pins["cp_high_adc"], pins["cp_low_adc"], scale)


KINDS = (("full_range", _full_range), ("positive_comparator", _positive_comparator), ("peak_detector", _peak_detector))


def sampler_from_board(facts):
    """The sampler for the board's kind of pilot sensing (cp.sensing of its facts); None where there is no such kind."""
    for name, build in KINDS:
        if name == facts["cp"]["sensing"]:
            return build(facts, facts["pins"], scale_from_facts(facts["cp"]))
    return None
