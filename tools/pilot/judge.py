"""Lets the firmware's sampler and pilot reader look at a pilot of known state, and counts what they get wrong.

The burst is the firmware's own, with its timing, on a stand-in for the chip whose converter reads a waveform; the reader is the
safety core's. One charger with one vehicle goes through all states at one duty, with the changes at any moment, also in a burst.
"""
import importlib.util
import random
import sys
from collections import Counter
from types import ModuleType

from tools.checks.source import ROOT
from tools.pilot import circuits
from tools.twin import cpython
from tools.twin.waveform import STEADY_US, Circuit, Wave

if not cpython.installations():
    cpython.install()

from firmware.safety import control_pilot, limits  # MicroPython's modules had to be there first
from firmware.safety.io_image import Inputs

TICK_US = 10_000
HOLD_TICKS = 8               # a state stays at least so long
ENTER_TICKS = 47             # and C and D, until they count
PATIENCE_TICKS = 150         # a state that is not seen after so long never will be
PEAK_TICKS = 30              # peak detectors fall in 0.1 s
STEPS = "ABCBDCBABEADA"      # all changes that matter, twice: with PWM and without; then F
# what state_from_mv() takes for each state, mV
_GAP = limits.CP_GAP_MV
WINDOWS = {
    "A": (limits.CP_A_B_MV + _GAP, limits.CP_MAX_MV), "B": (limits.CP_B_C_MV + _GAP, limits.CP_A_B_MV - _GAP),
    "C": (limits.CP_C_D_MV + _GAP, limits.CP_B_C_MV - _GAP), "D": (limits.CP_D_E_MV + _GAP, limits.CP_C_D_MV - _GAP),
    "E": (limits.CP_E_LOW_MV, limits.CP_D_E_MV - _GAP), "F": (limits.CP_F_LOW_MV, limits.CP_F_HIGH_MV),
}
NUMBERS = {letter: control_pilot.LETTERS.index(letter) for letter in "ABCDEF"}


class Chip:
    """What the sampler sees of a chip: time that passes, a converter and a pin that look at the wave."""

    def __init__(self, rng, read_us):
        self.now_us = 0
        self._rng = rng
        self._read_us = read_us
        self.wave = None
        self.change = None        # (moment, what to do)

    def ticks_us(self):
        self.now_us += 2
        return self.now_us & 0x3FFFFFFF

    def sleep_us(self, us):
        self.now_us += us + 3

    def converter(self, look):
        """read_uv() of a converter that looks at the wave by look(t_us); now and then an interrupt lies in the conversion."""
        random_01 = self._rng.random
        read_us = self._read_us

        def read_uv():
            now_us = self.now_us
            uv = look(now_us)
            chance = random_01()
            now_us += read_us + int(chance * 8)
            if chance > 0.999:
                now_us += 200 + int(chance * 1e6) % 300
            self.now_us = now_us
            if self.change is not None and now_us >= self.change[0]:
                self.happen()
            return uv
        return read_uv

    def happen(self):
        what = self.change[1]
        self.change = None
        what()

    def until(self, t_us):
        """Time passes; what is due happens."""
        if self.change is not None and self.change[0] <= t_us:
            self.now_us = self.change[0]
            self.happen()
        self.now_us = t_us


class _Adc:
    ATTN_11DB = 3
    chip = None

    def __init__(self, gpio, atten):
        wave = self.chip.wave
        self.read_uv = self.chip.converter(wave.reader() if gpio == 1 else wave.peak_reader(gpio - 2))


class _Pin:
    IN = 1
    chip = None

    def __new__(cls, gpio, mode=None):
        return super().__new__(cls) if mode is not None else gpio

    def __init__(self, gpio, mode=None):
        pass

    def value(self):
        """Active low, as open-drain comparators are."""
        chip = self.chip
        chip.now_us += 3
        return 1 - chip.wave.negative(chip.now_us)


def _load():
    """The firmware's sampler as a module of our own, on stand-ins for the chip and its clock: the twin's are elsewhere."""
    machine, clock = ModuleType("machine"), ModuleType("firmware.drivers.clock")
    machine.ADC, machine.Pin = _Adc, _Pin
    clock.ticks_us = clock.sleep_us = None          # build() gives it the chip's
    own = {"machine": machine, "firmware.drivers.clock": clock}
    before = {name: sys.modules[name] for name in own if name in sys.modules}
    sys.modules.update(own)
    try:
        spec = importlib.util.spec_from_file_location("judged_sampler", ROOT / "firmware" / "drivers" / "pilot_sampler.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        for name in own:
            del sys.modules[name]
        sys.modules.update(before)
    return module


pilot_sampler = _load()


def build(chip, facts):
    """The firmware's sampler on this chip."""
    _Adc.chip = _Pin.chip = chip
    pilot_sampler.ticks_us, pilot_sampler.sleep_us = chip.ticks_us, chip.sleep_us
    return pilot_sampler.sampler_from_board(facts)


def board(row, points=None):
    """Facts of a board with this circuit."""
    return {"cp": circuits.facts(row, points), "active_low": ["cp_comparator"],
            "pins": {"cp_adc": 1, "cp_comparator": 2, "cp_high_adc": 2, "cp_low_adc": 3}}


class Unit:
    """One charger with one vehicle at one duty. Counts into `count`; latencies in ticks into `latency`."""

    def __init__(self, row, calibrated, how, duty_permille, seed, level=1.0, diode=True, changed=None):
        self.rng = rng = random.Random(seed)
        pick = circuits.Pick(rng, how)
        values = circuits.charger(row, pick)
        points = None
        if calibrated:
            points = circuits.calibration(row, values, rng)
            values = circuits.drifted(values, pick)
        disturbed = circuits.noise(level)
        disturbed.update(changed or {})
        self.values = dict(values, **circuits.vehicle(pick), **disturbed)
        self.circuit = Circuit(self.values)
        self.row, self.diode, self.duty_permille = row, diode, duty_permille
        self.chip = Chip(rng, rng.choice((50, 60, 75)))
        self.period_us = 1000 * pick.around(1.0, 0.005)
        self.pulse_us = self.period_us * duty_permille / 1000 + pick(-5, 5)
        self.pilot = [rng.random() * 1000, self.period_us, STEADY_US]
        self.wave = self.chip.wave = Wave(self.circuit, self.pilot, rng.getrandbits(30))
        self.sampler = build(self.chip, board(row, points))
        self.inputs = Inputs()
        self.reader = control_pilot.PilotReader()
        self.state = "A"
        self.count = Counter()
        self.latency = Counter()
        self.raw_latency = Counter()
        self.margin_mv = {}          # state -> how far its mean reading stays from the ends of its window
        self.settle_ticks = PEAK_TICKS if row.kind == circuits.PEAK else 3
        self._tick = 0
        self._since_us = 0

    def _hang(self, state):
        """The state is there now."""
        self.state = state
        self._since_us = self.chip.now_us
        levels = self.circuit.levels_mv("A" if state == "F" else state, self.diode)
        self.wave.set_levels(levels[0], levels[1], state in "BCD")

    def _drive(self, high_us):
        self.pilot[2] = high_us
        self.wave.update()
        self.reader.forget_low()

    def run(self, steps=STEPS):
        """Once with PWM, once steady, then state F and back."""
        self._hang("A")
        self.wave.steadied(0)
        self._drive(self.pulse_us)
        self._settle(2)
        for state in steps:
            self._to(state, True)
        self._drive(STEADY_US)
        self._settle(3)
        for state in steps[:8]:
            self._to(state, False)
        self._drive(0)
        self._hang("F")
        self._look("F", "A", False, 12 + 2 * self.settle_ticks)
        return self

    def _settle(self, ticks):
        """The core does not judge what straddles a change of the pilot's form."""
        for _ in range(ticks):
            self._one(False)

    def _one(self, pwm):
        """One tick with its burst. Returns 1 when the burst began after the last change of state."""
        self._tick += 1
        self.chip.until(self._tick * TICK_US + self.rng.randrange(1500))
        whole = 1 if self.chip.change is None and self.chip.now_us >= self._since_us else 0
        self.sampler.burst(self.inputs)
        self.reader.update(10, self.inputs, pwm, self.pilot[2] == 0)
        return whole

    def _to(self, state, pwm):
        before = self.state
        if state == before:
            self._look(state, before, pwm, HOLD_TICKS)
            return
        moment_us = self._tick * TICK_US + self.rng.randrange(TICK_US)
        if moment_us <= self.chip.now_us:
            self._hang(state)
        else:
            self.chip.change = (moment_us, lambda: self._hang(state))
        ticks = HOLD_TICKS + (ENTER_TICKS if state in "CD" and before not in "CD" else 0)
        self._look(state, before, pwm, ticks + self.settle_ticks)

    def _look(self, state, before, pwm, ticks):
        """So many ticks in this state: what is wrong in them."""
        count, reader = self.count, self.reader
        wanted, was = NUMBERS[state], NUMBERS[before]
        may = {wanted, was, reader.state} if reader.state == control_pilot.UNKNOWN else {wanted, was}
        begun = seen = raw_seen = row_raw = total_mv = reads = 0
        done = 0
        while done < ticks or (not seen and done < PATIENCE_TICKS):
            done += 1
            whole = self._one(pwm)
            begun += whole
            count["bursts"] += 1
            if reader.stale_left_ms == 0:
                count["pilot lost"] += 1
            if not reader.fresh:
                count["no evidence"] += 1
            elif whole and begun > self.settle_ticks - 2 - (self.settle_ticks == 3):
                if reader.raw == control_pilot.UNDEFINED:
                    count["raw undefined"] += 1
                elif reader.raw != wanted:
                    count["raw wrong"] += 1
                total_mv += self.inputs.cp_low_mv if state == "F" else self.inputs.cp_high_mv
                reads += 1
            row_raw = row_raw + 1 if reader.raw == wanted and whole else 0
            if not raw_seen and row_raw >= 2:
                raw_seen = begun
            if not seen and reader.state == wanted:
                seen = begun
            if begun > self.settle_ticks - 1 or self.settle_ticks == 3:
                # between the change and its detection the old state stands; anything else is wrong
                if reader.state not in ((wanted,) if seen else may):
                    count["wrong"] += 1
                    count["wrong: %s read as %s" % (state, control_pilot.LETTERS[reader.state])] += 1
            if pwm and state in "ABCD":
                self._judge_diode(state, begun)
        if reads:
            low_mv, high_mv = WINDOWS[state]
            margin_mv = min(total_mv // reads - low_mv, high_mv - total_mv // reads)
            self.margin_mv[state] = min(self.margin_mv.get(state, margin_mv), margin_mv)
        if seen:
            if state != before:
                self.latency["%s%s" % (before, state), seen] += 1
                self.raw_latency["%s%s" % (before, state), raw_seen] += 1
        else:
            count["never seen"] += 1
            count["never seen: %s" % state] += 1
            reader.state = wanted                 # what follows is judged by itself

    def _judge_diode(self, state, begun):
        lost = self.reader.low_bad >= limits.DIODE_LOST_BURSTS
        if self.diode or state == "A":
            if lost and self.reader.fresh and begun > 2:
                self.count["diode wrongly lost"] += 1
        elif begun > self.settle_ticks + limits.DIODE_LOST_BURSTS:
            self.count["diode bursts"] += 1
            if not lost:
                self.count["lost diode not seen"] += 1
            if self.reader.low_good >= limits.DIODE_GOOD_BURSTS:
                self.count["lost diode taken for good"] += 1
