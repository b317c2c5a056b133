"""The interpreter's side of the shims on CPython: a boot's time, timers, watchdog and converters, as events of the
virtual clock."""
import asyncio
import sys

from tools.twin import costs
from tools.twin.bursts import remember
from tools.twin.clock import PowerCut, Reset
from tools.twin.quiet import quiet_ticks


class Port:
    """The interpreter's side of the shims: time from the virtual clock, timers as its events."""

    def __init__(self, clock, hal):
        self.clock = clock
        self.hal = hal
        self.spend = clock.spend_us
        self.schedule = clock.schedule
        self.radio_on = False
        self._timers = []
        self.nvs_saved = lambda: None
        hal.on_halt = self._halt

    def hold(self, us):
        """The interpreter is busy in C for that long: events happen, scheduled callbacks wait."""
        self.clock.hold_us(us)

    def wait_for(self, ready, us):
        """Holds the interpreter until ready() or us have passed."""
        clock = self.clock
        end = clock.now_us + us
        while not ready() and clock.now_us < end:
            nxt = clock.next_event_us()
            clock.hold_us(max(1, min(end, end if nxt is None else nxt) - clock.now_us))

    def tx_done_us(self, end_us):
        """Microseconds until end_us; 0 or less when it has passed."""
        return end_us - self.clock.now_us

    def elapsed_us(self, since_us):
        """Microseconds since then."""
        return self.clock.now_us - since_us

    def sampler(self, gpio, top_uv, guard):
        """read_uv() of one ADC channel. 1 mV steps; under 100 mV the converter reads 0; it saturates at top_uv."""
        clock = self.clock
        cost = costs.ADC_READ_US
        run_to = clock._run_to
        live = self.hal.live_adc(gpio)
        if live is not None:
            def read_live_uv():
                if guard is not None:
                    guard()
                uv = live()
                clock.spend_us(cost)
                return 0 if uv < 100_000 else uv // 1000 * 1000 if uv < top_uv else top_uv
            return read_live_uv
        if gpio == self.hal.cp_adc_gpio and guard is None:
            p = self.hal.pilot

            def read_pilot_uv():
                t = clock.now_us
                uv = p[3] if (t - p[0]) % p[1] < p[2] else p[4]
                t += cost
                if t < clock._next_us:
                    clock.now_us = t
                else:
                    run_to(t)
                return 0 if uv < 100_000 else uv // 1000 * 1000 if uv < top_uv else top_uv
            return read_pilot_uv
        levels = self.hal.adc_uv

        def read_uv():
            if guard is not None:
                guard()
            clock.spend_us(cost)
            uv = levels.get(gpio, 0)
            return 0 if uv < 100_000 else uv // 1000 * 1000 if uv < top_uv else top_uv
        return read_uv

    def timer_start(self, timer, callback, period_us, repeat):
        """Schedules callback(timer) every period_us (or once); returns what timer_stop() takes."""
        clock = self.clock
        handle = [None, clock.now_us + period_us]

        def fire():
            if repeat:
                handle[1] = due = handle[1] + period_us
                handle[0] = clock.at(due, fire)
            else:
                handle[0] = None
            if callback is not None:
                clock.schedule(callback, timer)
        handle[0] = clock.at(handle[1], fire)
        self._timers.append(handle)
        app = getattr(sys.modules.get("firmware.app"), "current", None)
        if repeat and app is not None and getattr(callback, "__self__", None) is app.timer:     # the control loop begins
            self._make_quick(app, handle, fire, period_us)
        return handle

    def _make_quick(self, app, handle, fire, period_us):
        """What need not be reckoned anew, now that the whole charger is built (tools/twin/bursts.py, quiet.py)."""
        sampler = app.board._sampler
        remember(sampler, sys.modules["firmware.drivers.pilot_sampler"].CombSampler, self.hal, self.clock)
        loop = asyncio.get_running_loop()
        loop.quiet = quiet_ticks(self.clock, self.hal, app, handle, fire, period_us, loop)

    def timer_stop(self, handle):
        """No callback of that timer_start() any more; one that is stopped is left alone."""
        if handle[0] is not None:
            self.clock.cancel(handle[0])
            handle[0] = None
        if handle in self._timers:
            self._timers.remove(handle)

    def watchdog_start(self, timeout_ms):
        """A task watchdog in place of the one before."""
        if self.hal.watchdog is not None:
            self.hal.watchdog.stop()
        self.hal.watchdog = Watchdog(self.clock, timeout_ms, self._bite)

    def _bite(self):
        self.hal.watchdog = None
        self.hal.reset("watchdog")

    def rtc_now(self):
        """(Unix seconds, microseconds) of the chip's clock."""
        return divmod(self.clock.now_us + self.hal.rtc_offset_us, 1_000_000)

    def rtc_set(self, unix_s):
        """Set the chip's clock."""
        self.hal.rtc_set(unix_s)

    def rtc_memory(self, data):
        """What outlives a reset, but no power cut."""
        self.hal.rtc_memory = data

    def reset(self, cause):
        """A reset by the firmware: it does not return."""
        self.clock.check()
        self.hal.reset(cause)
        self.clock.check()

    def _halt(self, cause):
        self.clock.halt(PowerCut() if cause == "power" else Reset(cause))

    def irq_mask(self, state):
        """Holds back scheduled callbacks while interrupts are off; returns the state before."""
        old = self.clock._in_callback
        self.clock._in_callback = bool(state)
        if not state and self.clock._queue:
            self.clock.run_callbacks()
        return old

    def end(self):
        """The boot is over: its timers stop, pin interrupts are off."""
        for handle in list(self._timers):
            self.timer_stop(handle)
        self.hal.irq_sink = None
        self.hal.uart_sink = None


class Watchdog:
    """The task watchdog on a clock: calls bite() once when feed() has not come for timeout_ms."""

    def __init__(self, clock, timeout_ms, bite):
        self._clock = clock
        self._timeout_us = timeout_ms * 1000
        self._bite = bite
        self._fed_us = clock.now_us
        self._event = clock.after(self._timeout_us, self._look)

    def feed(self):
        """Not for another timeout."""
        self._fed_us = self._clock.now_us

    def stop(self):
        """It bites no more."""
        self._clock.cancel(self._event)

    def _look(self):
        due = self._fed_us + self._timeout_us
        if due > self._clock.now_us:
            self._event = self._clock.at(due, self._look)
        else:
            self._bite()
