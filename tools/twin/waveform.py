"""The control pilot as a circuit: +-12 V driver, source resistor, capacities, vehicle, divider, converter, and what disturbs them.

Runs on CPython and on MicroPython. A Circuit holds the values of one charger with one vehicle; a Wave says what its converter reads
and its comparator shows at a moment. Units: mV, kohm, nF, us (kohm x nF = us). The values that hold where nothing else is said
are nominal: the levels of IEC 61851-1 annex A, dividers by their resistors, an ideal converter without noise.
"""
import math

STEADY_US = 1 << 29          # high time of a generator that never goes low
_SETTLED = 12                # time constants after which an edge is over
_TABLE = 512                 # normally distributed numbers, used again and again from changing places
HUM_US = 20_000              # 50 Hz

NOMINAL = {
    # generator and line
    "plus_mv": 12_000, "minus_mv": -12_000, "source_kohm": 1.0, "rise_us": 1.0, "line_nf": 1.0,
    # vehicle; in C and D a second resistor lies beside that of B
    "b_kohm": 2.74, "c_kohm": 1.3, "d_kohm": 0.27, "diode_mv": 700, "vehicle_nf": 1.0, "short_kohm": 0.0005,
    # sensing: pilot - r1 - pin, reference - r2 - pin, pin - r3 - ground. r2 0: none; buffered: the divider does not load the pilot
    "r1_kohm": 100.0, "r2_kohm": 22.0, "r3_kohm": 16.0, "reference_mv": 3300, "pin_nf": 0.47, "buffered": False,
    "clamp_mv": -250,        # the clamp diode at the pin holds it above
    "comparator_mv": -10_400,
    # peak detectors (op-amp, diode, hold capacitor with a bleeder to 0 V) before dividers of the same values
    "hold_us": 103_000, "detector_mv": 0, "spike_share": 0.2,
    # converter: reads floor_read_mv below floor_mv; above knee_mv it loses a share; ends at top_mv
    "offset_mv": 0, "gain": 1.0, "bow_mv": 0, "floor_mv": 0, "floor_read_mv": 0, "knee_mv": 3300, "knee_loss": 0.0, "top_mv": 3300,
    "drift_mv": 0,
    # disturbances: noise of the converter (1 sigma), 50 Hz on the line, spikes on the line: how many reads in 1000, how high
    "noise_mv": 0, "hum_mv": 0, "spikes_permille": 0, "spike_mv": 0,
}


def _parallel(*kohms):
    return 1 / sum(1 / kohm for kohm in kohms)


def _node(*branches):
    """Voltage of a node with branches (mV, kohm)."""
    conductance = sum(1 / kohm for _mv, kohm in branches)
    return sum(mv / kohm for mv, kohm in branches) / conductance


class Circuit:
    """The values of NOMINAL as attributes, some of them replaced."""

    def __init__(self, values=None):
        for name in NOMINAL:
            setattr(self, name, NOMINAL[name])
        for name in values or {}:
            if name not in NOMINAL:
                raise ValueError("the pilot circuit has no %s" % name)
            setattr(self, name, values[name])
        to_ground = [(0, self.r3_kohm)]
        if self.r2_kohm:
            to_ground.append((self.reference_mv, self.r2_kohm))
        below = _parallel(*[kohm for _mv, kohm in to_ground])
        self.pin_us = _parallel(self.r1_kohm, below) * self.pin_nf
        self.share = below / (below + self.r1_kohm)                  # of the pilot's voltage at the pin
        self.shift_mv = _node(*to_ground) * self.r1_kohm / (below + self.r1_kohm)
        self._load = None if self.buffered else (_node(*to_ground), self.r1_kohm + below)

    def levels_mv(self, state, diode=True):
        """(high, low) at the terminal, as tools.twin.pilot's, with this circuit's values."""
        if state == "F":
            return self.minus_mv, self.minus_mv
        return self._level(self.plus_mv, state, diode), self._level(self.minus_mv, state, diode)

    def _level(self, source_mv, state, diode):
        branches = [(source_mv, self.source_kohm)]
        if self._load:
            branches.append(self._load)
        free_mv = _node(*branches)
        if state == "E":
            return _node((0, self.short_kohm), *branches)
        if state not in ("B", "C", "D"):
            return free_mv
        drop_mv = self.diode_mv if diode else 0
        if diode and free_mv <= drop_mv:
            return free_mv                                           # it blocks
        return _node((drop_mv, self._vehicle_kohm(state)), *branches)

    def _vehicle_kohm(self, state):
        if state == "C":
            return _parallel(self.b_kohm, self.c_kohm)
        if state == "D":
            return _parallel(self.b_kohm, self.d_kohm)
        return self.b_kohm

    def edges_us(self, high_mv, low_mv, vehicle):
        """Time constants of the line after a rising and after a falling edge: what loads it also makes it quicker."""
        nf = self.line_nf + (self.vehicle_nf if vehicle else 0)
        up, down = (self._source_kohm(high_mv, self.plus_mv), self._source_kohm(low_mv, self.minus_mv))
        return up * nf, down * nf

    def _source_kohm(self, level_mv, source_mv):
        return self.source_kohm * max(0.02, min(1.0, level_mv / source_mv))


def _ramp(t_us, slow_us, quick_us):
    """Area under the step response of two time constants; what a ramp's response is made of."""
    if t_us <= 0:
        return 0.0
    return t_us - slow_us - quick_us + (slow_us * slow_us * math.exp(-t_us / slow_us)
                                        - quick_us * quick_us * math.exp(-t_us / quick_us)) / (slow_us - quick_us)


class Edge:
    """Response of line and pin to one edge of the driver."""

    def __init__(self, rise_us, line_us, pin_us):
        line_us = max(line_us, 0.05)
        pin_us = max(pin_us, 0.05)
        if abs(line_us - pin_us) < 0.01 * pin_us:
            line_us = pin_us * 1.02
        self.rise_us, self.line_us, self.pin_us = max(rise_us, 0.1), line_us, pin_us
        self.over_us = self.rise_us + _SETTLED * max(line_us, pin_us)

    def left(self, t_us):
        """Share of the step that is still to come t_us after the edge began: 1 to 0."""
        if t_us >= self.over_us:
            return 0.0
        return 1 - (_ramp(t_us, self.line_us, self.pin_us)
                    - _ramp(t_us - self.rise_us, self.line_us, self.pin_us)) / self.rise_us


class Wave:
    """What is seen of a pilot. pilot: [phase start, period, high time] in us; update() after a change."""

    def __init__(self, circuit, pilot, seed=1):
        self.circuit = circuit
        self._pilot = pilot
        self._levels = (circuit.levels_mv("A"), False)
        self._seed = seed & 0x3FFFFFFF or 1
        self._normal = [self._gauss() for _ in range(_TABLE)]
        self._spike_left = 0
        self._held = [0.0, 0.0]
        self._held_us = None
        self._next_spike()
        self.update()

    # -- what changes ----------------------------------------------------------------------------------------------------
    def set_levels(self, high_mv, low_mv, vehicle=True):
        """Plateaus at the terminal, mV; vehicle: its capacity is there."""
        self._levels = ((high_mv, low_mv), vehicle)
        self.update()

    def update(self):
        """The generator's phase record or the levels have changed."""
        circuit = self.circuit
        start_us, period_us, high_us = self._pilot[:3]
        (high_mv, low_mv), vehicle = self._levels
        up_us, down_us = circuit.edges_us(high_mv, low_mv, vehicle)
        self._up = Edge(circuit.rise_us, up_us, circuit.pin_us)
        self._down = Edge(circuit.rise_us, down_us, circuit.pin_us)
        self._line_up = Edge(circuit.rise_us, up_us, 0.2)
        self._line_down = Edge(circuit.rise_us, down_us, 0.2)
        before_up, before_down = low_mv, high_mv     # where the edges begin: short plateaus do not settle
        if 0 < high_us < period_us:
            for _ in range(2):
                before_down = high_mv - (high_mv - before_up) * self._up.left(high_us)
                before_up = low_mv - (low_mv - before_down) * self._down.left(period_us - high_us)
        self._now = (start_us, period_us, high_us, high_mv, low_mv, before_up - high_mv, before_down - low_mv,
                     self._up.over_us, self._down.over_us)

    def steadied(self, t_us):
        """The peak detectors have had all the time to settle."""
        self._held_us = None
        self._detect(t_us)

    # -- what is seen ----------------------------------------------------------------------------------------------------
    def line_mv(self, t_us):
        """At the terminal, without disturbances."""
        start_us, period_us, high_us, high_mv, low_mv, up_mv, down_mv, _up_us, _down_us = self._now
        if high_us >= period_us:
            return high_mv
        if high_us <= 0:
            return low_mv
        phase_us = (t_us - start_us) % period_us
        if phase_us < high_us:
            return high_mv + up_mv * self._line_up.left(phase_us)
        return low_mv + down_mv * self._line_down.left(phase_us - high_us)

    def negative(self, t_us):
        """1 where the comparator sees the pilot below its level."""
        return 1 if self.line_mv(t_us) + self._disturbed(t_us) < self.circuit.comparator_mv else 0

    def reader(self):
        """read_uv(t_us): what the converter at the divider reads, uV. The hot path: all that does not change is bound."""
        circuit, pilot = self.circuit, self._pilot
        share, shift_mv = circuit.share, circuit.shift_mv
        disturbed = self._disturbed if circuit.hum_mv or circuit.spikes_permille else None
        convert = self.converter()

        def read_uv(t_us):
            _start_us, period_us, high_us, high_mv, low_mv, up_mv, down_mv, up_us, down_us = self._now
            if high_us >= period_us:
                mv = high_mv
            elif high_us <= 0:
                mv = low_mv
            else:
                phase_us = (t_us - pilot[0]) % period_us
                if phase_us < high_us:
                    mv = high_mv if phase_us >= up_us else high_mv + up_mv * self._up.left(phase_us)
                else:
                    phase_us -= high_us
                    mv = low_mv if phase_us >= down_us else low_mv + down_mv * self._down.left(phase_us)
            if disturbed is not None:
                mv += disturbed(t_us)
            return convert(mv * share + shift_mv)
        return read_uv

    def peak_reader(self, which):
        """The same for the detector of the highest (0) or the lowest (1) voltage."""
        circuit = self.circuit
        share, shift_mv, error_mv = circuit.share, circuit.shift_mv, circuit.detector_mv
        held = self._held
        convert = self.converter()

        def read_uv(t_us):
            self._detect(t_us)
            return convert((held[which] + error_mv) * share + shift_mv)
        return read_uv

    def converter(self):
        """convert(mv at the pin): the reading, uV."""
        circuit = self.circuit
        clamp_mv, noise_mv, floor_mv, knee_mv, top_mv = (circuit.clamp_mv, circuit.noise_mv, circuit.floor_mv, circuit.knee_mv,
                                                         circuit.top_mv)
        floor_uv = int(circuit.floor_read_mv) * 1000
        loss = circuit.knee_loss
        # offset, gain about 1300 mV and bow as one parabola
        bow = 4 * circuit.bow_mv / 2300
        square = -bow / 2300
        line = circuit.gain + bow + 300 * bow / 2300
        add_mv = circuit.offset_mv + circuit.drift_mv - 1300 * (circuit.gain - 1) - 150 * bow * (1 + 150 / 2300)
        normal = self._normal
        place, step = [0], [1]

        def convert(mv):
            if mv < clamp_mv:
                mv = clamp_mv
            if noise_mv:
                at = place[0] + step[0]
                if at >= _TABLE:
                    at -= _TABLE
                    step[0] = 1 + 2 * int(self._uniform() * 40)
                place[0] = at
                mv += noise_mv * normal[at]
            if mv < floor_mv:
                return floor_uv
            if mv > knee_mv:
                mv -= (mv - knee_mv) * loss
            mv = add_mv + mv * (line + mv * square)
            if mv > top_mv:
                mv = top_mv
            return int(mv) * 1000 if mv > 0 else 0               # whole millivolts
        return convert

    # -- parts -----------------------------------------------------------------------------------------------------------
    def _disturbed(self, t_us):
        circuit = self.circuit
        mv = 0.0
        if circuit.hum_mv:
            mv = circuit.hum_mv * math.sin(t_us % HUM_US * (6.283185 / HUM_US))
        if circuit.spikes_permille:
            self._spike_left -= 1
            if self._spike_left <= 0:
                self._next_spike()
                mv += circuit.spike_mv * (self._uniform() * 2 - 1)
        return mv

    def _detect(self, t_us):
        """Bring both detectors up to t_us."""
        start_us, period_us, high_us, high_mv, low_mv = self._now[:5]
        hold_us = self.circuit.hold_us
        noise_mv = self._disturbed(t_us)
        if -1000 < noise_mv < 1000:
            there_mv, spike_mv = noise_mv, 0.0
        else:
            there_mv, spike_mv = 0.0, noise_mv * self.circuit.spike_share
        highs, lows = (high_us > 0), (high_us < period_us)
        since_high_us = since_low_us = 0
        if highs and lows:
            phase_us = (t_us - start_us) % period_us
            since_high_us = max(0, phase_us - high_us)
            since_low_us = 0 if phase_us >= high_us else phase_us
        gone = 0.0 if self._held_us is None else math.exp(-max(0, t_us - self._held_us) / hold_us)
        high, low = self._held[0] * gone, self._held[1] * gone
        top_mv = (high_mv + there_mv if highs else low_mv) * math.exp(-since_high_us / hold_us)
        end_mv = (low_mv + there_mv if lows else high_mv) * math.exp(-since_low_us / hold_us)
        self._held[0] = max(high, top_mv, spike_mv + high_mv if spike_mv > 0 and highs else 0.0, 0.0)
        self._held[1] = min(low, end_mv, 0.0)
        self._held_us = t_us

    def _uniform(self):
        self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._seed >> 7) / 16777216

    def _gauss(self):
        return sum(self._uniform() for _ in range(12)) - 6

    def _next_spike(self):
        rate = self.circuit.spikes_permille
        if not rate:
            self._spike_left = STEADY_US
        else:
            self._spike_left = 1 + int(-math.log(1 - self._uniform() * 0.9999) * 1000 / rate)
