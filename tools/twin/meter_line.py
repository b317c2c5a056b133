"""The RS485 line between the board and its meter: which meter hangs there, how long frames take, what is wrong with it.

The board's transceiver sends only while its driver is enabled, and hears nothing then: a frame whose end it cuts off is no frame,
and an answer that meets an enabled driver is lost.
"""

TURNAROUND_US = 8_000
JITTER_US = 4_000
BITS_PER_BYTE = 10
FAULTS = {"meter_babbling": "babble", "meter_slow": "slow", "meter_wrong_address": "wrong_address"}     # of the meter's own


class MeterLine:
    """`make_meter(readings, kind, address)` makes a meter, None: there is none; `faults` is the world's table of them;
    `send(bytes)` puts an answer on the board's UART. `has_driver` False: the transceiver enables its driver by itself."""

    def __init__(self, clock, rng, make_meter, readings, faults, send, has_driver=False):
        self._clock = clock
        self._rng = rng
        self._make_meter = make_meter
        self._readings = readings
        self._faults = faults
        self._send = send
        self._boot = 0
        self._has_driver, self._drives = has_driver, False
        self._sent_us = 0           # when the last bit of the newest frame has left
        self._cut = [False]         # it has not
        self.fit()

    @property
    def kind(self):
        """The type that hangs there, or None."""
        return None if self._meter is None else self._meter.type

    def fit(self, kind="eastron_sdm630", address=2, baud=19_200):
        """Put another meter there: of meter_maps.MAPS, or None for none."""
        self._meter = None if self._make_meter is None or kind is None else self._make_meter(self._readings, kind, address)
        self._baud = baud
        self.trouble()

    def trouble(self):
        """The faults have changed."""
        if self._meter is not None:
            begun = [trouble for name, trouble in FAULTS.items() if self._faults[name]]
            self._meter.fault = begun[0] if begun else None

    def board_changed(self):
        """The board has restarted or lost its power: an answer that is under way finds nobody."""
        self._boot += 1

    def enable_driver(self, on, t_us):
        """The board's transceiver sends from now on, or listens; t_us: by the board's clock."""
        if self._drives and not on and t_us < self._sent_us:
            self._cut[0] = True
        self._drives = on

    def request(self, frame, t_us):
        """A frame of the board, its first bit sent at t_us. The meter answers after both frames' time on the wire and its own
        turn-around time."""
        if self._meter is None or self._faults["meter_silent"] or self._has_driver and not self._drives:
            return
        self._sent_us = t_us + self._wire_us(frame)
        self._cut = cut = [False]
        answer = self._meter.request(bytes(frame))
        if not answer:
            return
        delay_us = self._wire_us(frame) + self._wire_us(answer) + TURNAROUND_US + self._rng.randint(0, JITTER_US)
        delay_us += 1000 * self._meter.delay_ms
        boot = self._boot
        self._clock.after(delay_us, lambda: self._arrive(boot, cut, answer))

    def _wire_us(self, frame):
        return len(frame) * BITS_PER_BYTE * 1_000_000 // self._baud

    def _arrive(self, boot, cut, answer):
        if boot == self._boot and not cut[0] and not self._drives and not self._faults["meter_silent"]:
            self._send(answer)
