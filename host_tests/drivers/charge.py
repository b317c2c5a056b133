"""A charge at a socket on every driver of the safety side, in virtual time on both interpreters, with device calls that fail.

Board, control task and safety core are the firmware's; the world around them is reduced to what its pins see. A call of `machine`
raises when `failing(call number, name of the call)` gives an exception class.
"""

from host_tests.drivers.chip import Chip, board_facts

TICK_US = 10000
PLUG_TICK = 2
HOLD_US = 600000
ARM_EDGES = 6
TRAVEL_US = 20000
CABLE_UV = 595000            # 220 ohm at 1 kohm to 3.3 V
OPEN_UV = 3300000
NTC_UV = 595000              # 25 °C
S2_US = 300000               # PWM to S2 closed, and its end to S2 open
LEVELS_MV = {"A": (12000, -12000), "B": (8978, -12000), "C": (5995, -12000)}
KINDS = (OSError, ValueError, MemoryError)
_CALLS = (("Pin", "__init__"), ("Pin", "value"), ("Pin", "irq"), ("ADC", "__init__"), ("PWM", "__init__"), ("PWM", "duty_u16"),
          ("PWM", "duty_ns"), ("Timer", "init"))


def twin_facts():
    """The twin's board; only what the safety side has."""
    facts = board_facts()
    for name in ("temperature_supply_1_adc", "temperature_supply_2_adc", "temperature_onewire"):
        facts["pins"][name] = None
    return facts


class Charge:
    """One charge. Read: closed (contacts), calls (how many so far), at (name of the call that failed), errors, trips, died (what
    travelled out of a task), travelled (what travelled out of anything that must not raise)."""

    def __init__(self, failing=None, facts=None):
        self.facts = facts or twin_facts()
        self.chip = Chip(self.facts)
        self.failing = failing
        self.calls = 0
        self.at = None
        self.failed_us = None
        self.ticks = 0
        self.closed = 0
        self.closed_us = None
        self.died = None
        self.travelled = None
        self.welded = self.stuck_open = False
        self._moving_us = None
        self._edges = self._pump = self._pump_us = self._live = 0
        self._test = self._test_us = 0
        self._duty_us = None
        self._s2 = False
        self._bolt_us = 0
        self._seen_us = 0
        self._put_all()
        self._break_machine()
        self._build()

    def close(self):
        """Nothing stays."""
        import _twin
        _twin.port.sampler = self._sampler
        self.chip.close()

    # ---- device calls that fail

    def _break_machine(self):
        import _twin
        import machine
        for owner, name in _CALLS:
            self._hook(getattr(machine, owner), owner, name)
        self._sampler = _twin.port.sampler

        def sampler(gpio, top_uv, guard):
            read_uv = self._sampler(gpio, top_uv, guard)
            name = "ADC.read_uv(%d)" % gpio

            def read():
                self._called(name)
                return read_uv()
            return read
        _twin.port.sampler = sampler

    def _hook(self, owner, owner_name, name):
        real = getattr(owner, name)
        construction = name == "__init__"
        names = {}

        def call(device, *values, **options):
            gpio = values[0] if construction else getattr(device, "_n", 0)
            gpio = getattr(gpio, "_n", gpio)
            label = names.get(gpio)
            if label is None:
                label = names[gpio] = "%s%s(%s)" % (owner_name, "" if construction else "." + name, gpio)
            self._called(label)
            return real(device, *values, **options)
        setattr(owner, name, call)

    def _called(self, name):
        number = self.calls
        self.calls += 1
        if self.failing is not None:
            error = self.failing(number, name)
            if error is not None:
                if self.failed_us is None:
                    self.at = name
                    self.failed_us = self.chip.clock.now_us
                raise error(5)

    # ---- the firmware's part

    def _build(self):
        from firmware.charging.control import Control
        from firmware.charging.feed import Feed
        from firmware.charging.lateness import Lateness
        from firmware.drivers.board import Board
        from firmware.drivers.clock import ticks_ms
        from firmware.drivers.temperatures import Temperatures
        from firmware.drivers.tick_timer import TickTimer
        from firmware.safety.core import SafetyCore
        from firmware.safety.io_image import Fitted
        board = self.board = Board(self.facts)
        board.use_contact("input_enable", "enable", "normally_open")
        board.use_contact("input_upstream", "upstream_tripped", "normally_open")
        board.use_socket()
        self.temperatures = Temperatures(self.facts, board.errors, {})
        self.core = SafetyCore(board.complete(Fitted()))
        self.feed = Feed(self.core)
        self.timer = TickTimer(board.contactor, board.lock)
        self.control = Control(self.core, board, self.timer, Lateness(), ticks_ms)
        request = self.core.request
        request.available, request.offered_ma, request.phases = 1, 16000, 3
        self._task(self.timer.start)

    def _task(self, step):
        """What the supervisor does around a critical task: who dies leaves the contactor open."""
        try:
            step()
        except Exception as error:
            self.died = "%s: %s" % (type(error).__name__, error)
            self._must_not_raise(self.timer.open_now)
            self._must_not_raise(self.board.safe)

    def _must_not_raise(self, work):
        try:
            return work()
        except Exception as error:
            self.travelled = "%s: %s" % (type(error).__name__, error)

    @property
    def named(self):
        """The trouble has a name: a driver's, a dead task's."""
        return bool(self.board.errors) or self.died is not None

    # ---- the world's part

    def _put(self, name, on):
        low = name in self.facts["active_low"]
        gpio = self.facts["pins"][name]
        if gpio is not None:
            self.chip.hal.set_pin(gpio, (0 if on else 1) if low else (1 if on else 0))

    def _put_all(self):
        for name, on in (("pe_ok", 1), ("rcd_trip", 0), ("rdc_dd_trip", 0), ("contactor_feedback_1", 0),
                         ("contactor_feedback_2", 0), ("coil_supply", 0), ("lock_feedback", 0), ("input_enable", 1),
                         ("input_upstream", 0)):
            self._put(name, on)
        pins = self.facts["pins"]
        self.chip.hal.set_adc(pins["pp_adc"], OPEN_UV)
        for name in ("temperature_relay_adc", "temperature_interior_adc"):
            self.chip.hal.set_adc(pins[name], NTC_UV)
        self.chip.hal.set_pilot(*LEVELS_MV["A"])

    def _driven(self, name):
        return self.chip.hal.driven.get(self.facts["pins"][name]) or 0

    def _world(self):
        """Everything around the pins, as it is now."""
        now_us = self.chip.clock.now_us
        gone_us, self._seen_us = now_us - self._seen_us, now_us
        self._move_contacts(now_us)
        if self._driven("rcd_test") != self._test:
            self._test, self._test_us = 1 - self._test, now_us
        if now_us - self._test_us >= 30000:
            self._put("rcd_trip", self._test)
            self._put("rdc_dd_trip", self._test)
        self._bolt_us += gone_us * (self._driven("lock_1") - self._driven("lock_2"))
        self._bolt_us = min(max(self._bolt_us, 0), 150000)
        self._put("lock_feedback", self._bolt_us == 150000)
        if self.ticks >= PLUG_TICK:
            self._follow_pilot(now_us)

    def _move_contacts(self, now_us):
        pump = self._driven("coil_watchdog")
        if pump != self._pump:
            self._edges = self._edges + 1 if now_us - self._pump_us < HOLD_US else 1
            self._pump, self._pump_us = pump, now_us
        self._live = 1 if (self._live or self._edges >= ARM_EDGES) and now_us - self._pump_us < HOLD_US else 0
        self._put("coil_supply", self._live)
        coil = self._live & self._driven("contactor_1")
        if self.welded:
            coil = 1
        elif self.stuck_open:
            coil = 0
        if coil == self.closed:
            self._moving_us = None
        elif self._moving_us is None:
            self._moving_us = now_us
        elif now_us - self._moving_us >= TRAVEL_US:
            self.closed, self._moving_us = coil, None
            if coil and self.closed_us is None:
                self.closed_us = now_us
        self._show(self.closed, self.closed & self._driven("contactor_2"))

    def _show(self, one, two):
        """The contactors' feedback, by the board's kind."""
        kind = self.facts["contactor"]["feedback"]
        if kind == "load_pulses":
            for name, closed in (("contactor_feedback_1", one), ("contactor_feedback_2", two)):
                if closed and self.ticks % 2 == 0 and self.facts["pins"][name] is not None:      # 50 a second
                    self._put(name, 0)
                    self._put(name, 1)
            return
        self._put("contactor_feedback_1", one | two if kind == "mirror_series" else one)
        self._put("contactor_feedback_2", two)

    def _follow_pilot(self, now_us):
        hal, pwm = self.chip.hal, self.facts["pins"]["cp_pwm"]
        hal.set_adc(self.facts["pins"]["pp_adc"], CABLE_UV)
        wave = hal.pwm.get(pwm)
        offered = wave is not None and 0 < wave[2] < 1 << wave[1]
        if offered == self._s2:
            self._duty_us = None
        elif self._duty_us is None:
            self._duty_us = now_us
        elif now_us - self._duty_us >= S2_US:
            self._s2, self._duty_us = offered, None
        hal.set_pilot(*LEVELS_MV["C" if self._s2 else "B"])

    # ---- time

    def step(self):
        """Ten milliseconds."""
        self.chip.run_until_us((self.chip.clock.now_us // TICK_US + 1) * TICK_US)
        self.ticks += 1
        self._world()
        if self.died is not None:
            return
        if self.ticks % 10 == 0:
            self.core.request.seq += 1
        if self.ticks % 25 == 1:         # once a second in the charger; here it has to fit into two
            found = self._must_not_raise(self.temperatures.read)
            if found is not None:
                self.feed.temperatures(found)
        self._task(self.control.step)

    def run_until(self, done, ticks):
        """At most so many ticks; True when done(self)."""
        for _ in range(ticks):
            if done(self):
                return True
            self.step()
        return bool(done(self))
