"""Control pilot sampler: a timed comb of one-shot ADC reads that sees both plateaus from 10 to 90 % duty.

The stride is no divisor of the PWM period, so that 32 reads walk through its phases: a 100 us plateau is never missed
(measured with strides of 98-129 us). Knows nothing of states: it tells two voltages and how many reads hit each.
"""

from array import array

import machine
from micropython import const

from firmware.drivers.clock import sleep_us, ticks_us

READS = const(32)
STRIDE_US = const(101)
_TICKS_MASK = const(0x3FFFFFFF)
_SPREAD_MV = const(2000)     # plateaus are at least 2.4 V apart (state D without diode: +2.6/-2.4 V); less is one level
_NEAR_MV = const(1000)       # reads within this of the outermost belong to its plateau; the rest sat on an edge
_HIGH_ABOVE_MV = const(-6000)  # a single level above this is a high plateau: half-way between E and F


class CombSampler:
    """adc_mv = cp_mv * a_ppm / 1e6 + b_uv / 1000 for the board's divider."""

    def __init__(self, gpio, a_ppm, b_uv):
        self._adc = machine.ADC(machine.Pin(gpio), atten=machine.ADC.ATTN_11DB)
        self._uv_per_100mv = a_ppm // 10      # µV at the ADC per 100 mV at the pilot, times 1
        self._b_uv = b_uv
        self._uv = array("i", [0] * READS)

    def burst(self, inputs):
        """Take one burst (3.3 ms) and write it into the Inputs record."""
        uv = self._uv
        adc = self._adc
        due_us = ticks_us()
        index = 0
        while index < READS:
            uv[index] = adc.read_uv()
            index += 1
            due_us = (due_us + STRIDE_US) & _TICKS_MASK
            wait_us = (due_us - ticks_us()) & _TICKS_MASK
            if wait_us <= STRIDE_US:
                sleep_us(wait_us)
            else:
                due_us = ticks_us()           # late: something held the VM; no catching up
        self._judge(inputs)

    def _mv(self, uv):
        return (uv - self._b_uv) * 100 // self._uv_per_100mv

    def _judge(self, inputs):
        uv = self._uv
        low_uv = high_uv = uv[0]
        index = 1
        while index < READS:
            value = uv[index]
            if value > high_uv:
                high_uv = value
            elif value < low_uv:
                low_uv = value
            index += 1
        if self._mv(high_uv) - self._mv(low_uv) < _SPREAD_MV:
            self._one_level(inputs)
        else:
            self._two_levels(inputs, low_uv, high_uv)
        inputs.cp_burst = (inputs.cp_burst + 1) & _TICKS_MASK

    def _one_level(self, inputs):
        total = 0
        index = 0
        while index < READS:
            total += self._uv[index]
            index += 1
        level_mv = self._mv(total // READS)
        if level_mv > _HIGH_ABOVE_MV:
            inputs.cp_high_mv = level_mv
            inputs.cp_high_reads = READS
            inputs.cp_low_reads = 0
        else:
            inputs.cp_low_mv = level_mv
            inputs.cp_low_reads = READS
            inputs.cp_high_reads = 0

    def _two_levels(self, inputs, low_uv, high_uv):
        near_uv = _NEAR_MV * self._uv_per_100mv // 100
        high_sum = low_sum = high_reads = low_reads = 0
        index = 0
        while index < READS:
            value = self._uv[index]
            if value >= high_uv - near_uv:
                high_sum += value
                high_reads += 1
            elif value <= low_uv + near_uv:
                low_sum += value
                low_reads += 1
            index += 1
        inputs.cp_high_mv = self._mv(high_sum // high_reads)
        inputs.cp_high_reads = high_reads
        inputs.cp_low_mv = self._mv(low_sum // low_reads)
        inputs.cp_low_reads = low_reads
