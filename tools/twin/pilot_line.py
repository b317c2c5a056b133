"""The chip's two ends of the pilot: what its generator does to the line, and what its converters and its comparator see of it.

The levels on the line are the world's matter (set_pilot). Runs on both interpreters, as hal.py does.
"""
ADC_RAIL_UV = 3_300_000
PILOT_STEADY = 1 << 29  # "high time" of a generator that never goes low


class PilotLine:
    """The part of the Hal that knows the pilot; uses its `clock`, `pwm`, `driven`, `moves` and pwm_high_ns()."""

    def begin_pilot(self, board):
        """Takes the board's facts; nothing is on the line yet."""
        pins = board.get("pins", {})
        cp = board.get("cp", {})
        self.cp_adc_gpio = pins.get("cp_adc")
        self._cp_pwm_gpio = pins.get("cp_pwm")
        self._cp_a_ppm = cp.get("a_ppm", 0)
        self._cp_b_uv = cp.get("b_uv", 0)
        self._cp_invert = bool(cp.get("pwm_invert"))
        self._cp_comparator_gpio = pins.get("cp_comparator")
        self._cp_comparator_low = 1 if "cp_comparator" in board.get("active_low", ()) else 0
        self._cp_comparator_mv = cp.get("comparator_mv", -10_400)
        self._cp_peak_gpios = (pins.get("cp_high_adc"), pins.get("cp_low_adc"))
        self._cp_low = (cp.get("low_a_ppm", self._cp_a_ppm), cp.get("low_b_uv", self._cp_b_uv))
        self.wave = None  # the pilot as a waveform (use_wave); None: ideal levels and edges
        self._wave_values = None
        # phase start, period, high time in us; ADC reading while the generator is high and low in uV
        self.pilot = [0, 1000, PILOT_STEADY, 0, 0]
        self._pilot_mv = (0, 0)

    def set_pilot(self, high_mv, low_mv):
        """The world says what the CP terminal shows while the generator is high and while it is low (millivolts)."""
        self._pilot_mv = (high_mv, low_mv)
        self._pilot_levels()

    def use_wave(self, values, seed=1):
        """From now on the pilot is a circuit with these values (tools.twin.waveform.NOMINAL), not ideal; None: ideal again.

        What hangs on the line is still told by set_pilot() with ideal levels.
        """
        self._wave_values = None if values is None else [values, seed]
        self.wave = None
        if values is not None:
            waveform, levels_mv = _beside("waveform"), _beside("pilot").levels_mv
            self._wave_states = [(levels_mv(state, diode), state, diode) for state in "ABCDEF" for diode in (True, False)]
            self._wave_pilot = [0, 1000, PILOT_STEADY]
            self.wave = waveform.Wave(waveform.Circuit(values), self._wave_pilot, seed)
        self._pilot_changed()

    def live_adc(self, gpio):
        """level_uv() at an analogue input that follows the pilot in time; None where set_adc() alone says what is there.

        Without a waveform cp_adc is none of them: the ports look at `pilot` themselves, which is quicker.
        """
        if gpio is None or (gpio != self.cp_adc_gpio and gpio not in self._cp_peak_gpios):
            return None
        if self.wave is not None:
            look = self.wave.reader() if gpio == self.cp_adc_gpio else self.wave.peak_reader(self._cp_peak_gpios.index(gpio))
            return lambda: look(self.clock.now_us)
        if gpio == self.cp_adc_gpio:
            return None
        return self._high_peak_uv if gpio == self._cp_peak_gpios[0] else self._low_peak_uv

    def _high_peak_uv(self):
        """An ideal detector: what the pilot reaches in a period, 0 V at least."""
        high_us = self.pilot[2]
        shown = high_us < self.pilot[1] if self._cp_invert else high_us > 0
        return rails((max(self._pilot_mv[0], 0) if shown else 0) * self._cp_a_ppm // 1000 + self._cp_b_uv)

    def _low_peak_uv(self):
        high_us = self.pilot[2]
        shown = high_us > 0 if self._cp_invert else high_us < self.pilot[1]
        return rails((min(self._pilot_mv[1], 0) if shown else 0) * self._cp_low[0] // 1000 + self._cp_low[1])

    def _negative(self):
        """1 while the pilot is below the comparator's level."""
        if self.wave is not None:
            return self.wave.negative(self.clock.now_us)
        p = self.pilot
        pin_high = (self.clock.now_us - p[0]) % p[1] < p[2]
        return 1 if self._pilot_mv[1 if pin_high == self._cp_invert else 0] < self._cp_comparator_mv else 0

    def _wave_changed(self):
        """Tells the waveform's circuit what the generator does, and what hangs on the line."""
        start_us, period_us, high_us = self.pilot[:3]
        if self._cp_invert:
            start_us += high_us
            high_us = PILOT_STEADY if high_us <= 0 else 0 if high_us >= period_us else period_us - high_us
        q = self._wave_pilot
        q[0], q[1], q[2] = start_us, period_us, high_us
        for levels, state, diode in self._wave_states:
            if levels == self._pilot_mv:
                high_mv, low_mv = self.wave.circuit.levels_mv(state, diode)
                self.wave.set_levels(high_mv, low_mv, state in "BCD")
                return
        self.wave.set_levels(self._pilot_mv[0], self._pilot_mv[1])

    def pilot_moved(self):
        """The phase record was changed from outside (a clock that wrapped)."""
        if self.wave is not None:
            self._wave_changed()

    def _pilot_levels(self):
        self.moves += 1
        p = self.pilot
        high = rails(self._pilot_mv[0] * self._cp_a_ppm // 1000 + self._cp_b_uv)
        low = rails(self._pilot_mv[1] * self._cp_a_ppm // 1000 + self._cp_b_uv)
        p[3], p[4] = (low, high) if self._cp_invert else (high, low)
        if self.wave is not None:
            self._wave_changed()

    def _pilot_changed(self):
        """Recomputes the phase record after the generator's pin changed. An undriven generator idles high (+12 V)."""
        gpio = self._cp_pwm_gpio
        p = self.pilot
        wave = self.pwm.get(gpio)
        if wave is not None:
            period_ns = 1_000_000_000 // wave[0]
            high_ns = self.pwm_high_ns(gpio)
            p[0] = wave[4]
            p[1] = max(1, 1_000_000 // wave[0])
            p[2] = PILOT_STEADY if high_ns >= period_ns else high_ns // 1000
        else:
            level = self.driven.get(gpio)
            if level is None:
                level = 0 if self._cp_invert else 1
            p[1] = 1000
            p[2] = PILOT_STEADY if level else 0
        self._pilot_levels()


def rails(uv):
    """What a converter's pin can show of so many microvolts."""
    return 0 if uv < 0 else ADC_RAIL_UV if uv > ADC_RAIL_UV else uv


def _beside(name):
    """A module of this folder: part of a package in the twin's process, alone on the path in the firmware's."""
    try:
        return __import__("tools.twin." + name, None, None, ("*",))
    except ImportError:
        return __import__(name)
