"""A chip of the twin for one test, in virtual time on both interpreters: set pins and voltages, call the firmware's drivers.

On CPython it is the twin as it is. The MicroPython VM has no virtual clock, so there the same shims and the same Hal get a small
one, with timers, device costs and a callback queue of eight as on the device.
"""

import json
import sys

MICROPYTHON = sys.implementation.name == "micropython"
_QUEUE = 8


def board_facts(name="twin"):
    """The board file of the repository, unchecked."""
    with open(_repository() + "/board_configs/" + name + ".json") as file:
        return json.load(file)


def _repository():
    return __file__.rsplit("/", 3)[0] if __file__.startswith("/") else "."


class Chip:
    """hal: the twin's. close() at the end of the test."""

    def __init__(self, facts=None, ticks_ms=0):
        self.facts = facts or board_facts()
        if MICROPYTHON:
            self._set_up_vm(ticks_ms)
        else:
            self._set_up_twin(ticks_ms)

    def run_ms(self, ms):
        """Let time pass with the interpreter running: callbacks come when they are due."""
        self.run_until_us(self.clock.now_us + ms * 1000)

    def run_until_us(self, now_us):
        """Up to this moment of the chip's clock."""
        while self.clock.now_us < now_us:          # in bytecodes, so to say: callbacks run between two of them
            self.spend_us(min(500, now_us - self.clock.now_us))

    if MICROPYTHON:
        def _set_up_vm(self, ticks_ms):
            import _twin

            from tools.twin import costs
            from tools.twin.hal import Hal
            _forget()
            self.clock = _Clock(ticks_ms)
            self.hal = Hal(self.facts, self.clock)
            _twin.costs = costs
            _twin.port = _Port(self.clock, self.hal)
            self.spend_us = self.clock.spend_us
            self.hold_us = self.clock.hold_us
            from firmware.drivers import clock
            clock.ticks_ms = self.clock.ticks_ms
            clock.ticks_us = self.clock.ticks_us
            clock.sleep_us = self.clock.spend_us

        def close(self):
            """Nothing stays."""
            _forget()
    else:
        def _set_up_twin(self, ticks_ms):
            from tools.twin import cpython
            from tools.twin.clock import VirtualClock
            from tools.twin.hal import Hal
            self.clock = VirtualClock()
            self.clock.ticks_offset_ms = ticks_ms
            self.hal = Hal(self.facts, self.clock)
            self._installation = cpython.install(self.clock, self.hal)
            self.spend_us = self.clock.spend_us
            self.hold_us = self.clock.hold_us

        def close(self):
            """Nothing stays."""
            from tools.twin import cpython
            cpython.uninstall()
            self.clock.close()


def _forget():
    for name in list(sys.modules):
        if name.startswith("machine") or name in ("neopixel", "_onewire") or name.startswith("firmware.drivers"):
            del sys.modules[name]


class _Clock:
    """Microseconds; timers fire when time is spent, their callbacks interrupt one another never."""

    def __init__(self, ticks_ms):
        self.now_us = 0
        self._offset_ms = ticks_ms
        self.timers = []         # [due_us, period_us or 0, callback, timer]
        self._queue = []
        self._held = False

    def ticks_ms(self):
        self.spend_us(2)
        return (self.now_us // 1000 + self._offset_ms) & 0x3FFFFFFF

    def ticks_us(self):
        self.spend_us(2)
        return (self.now_us + self._offset_ms * 1000) & 0x3FFFFFFF

    def spend_us(self, us):
        end_us = self.now_us + us
        while True:
            due = None
            for timer in self.timers:
                if timer[0] <= end_us and (due is None or timer[0] < due[0]):
                    due = timer
            if due is None:
                break
            self.now_us = max(self.now_us, due[0])
            if len(self._queue) < _QUEUE:
                self._queue.append((due[2], due[3]))
            if due[1]:
                due[0] += due[1]
            else:
                self.timers.remove(due)
            self._call()
        self.now_us = max(self.now_us, end_us)
        self._call()

    def schedule(self, callback, argument):
        """As micropython.schedule: run between two bytecodes; False when eight wait already."""
        if len(self._queue) >= _QUEUE:
            return False
        self._queue.append((callback, argument))
        return True

    def hold_us(self, us):
        """The VM stands still: timers fire, callbacks wait."""
        self._held = True
        self.spend_us(us)
        self._held = False
        self._call()

    def _call(self):
        while self._queue and not self._held:
            callback, argument = self._queue.pop(0)
            self._held = True
            callback(argument)
            self._held = False


class _Port:
    """What the shims ask of the interpreter."""

    def __init__(self, clock, hal):
        self.hal = hal
        self.clock = clock
        self.radio_on = False
        self.spend = clock.spend_us
        self.hold = clock.hold_us
        self.schedule = clock.schedule
        self._rtc_s = 946684800

    def tx_done_us(self, end_us):
        return end_us - self.clock.now_us

    def hold(self, us):
        self.clock.hold_us(us)

    def rtc_memory(self, data):
        self.hal.rtc_memory = data

    def sampler(self, gpio, top_uv, guard):
        live = self.hal.live_adc(gpio)

        def read_uv():
            if guard is not None:
                guard()
            hal = self.hal
            if live is not None:
                uv = live()
            elif gpio == hal.cp_adc_gpio:
                start_us, period_us, high_us, high_uv, low_uv = hal.pilot
                uv = high_uv if (self.clock.now_us - start_us) % period_us < high_us else low_uv
            else:
                uv = hal.adc_uv.get(gpio, 0)
            self.clock.spend_us(60)
            return 0 if uv < 100000 else uv // 1000 * 1000 if uv < top_uv else top_uv
        return read_uv

    def timer_start(self, timer, callback, period_us, repeat):
        handle = [self.clock.now_us + period_us, period_us if repeat else 0, callback, timer]
        self.clock.timers.append(handle)
        return handle

    def timer_stop(self, handle):
        if handle in self.clock.timers:
            self.clock.timers.remove(handle)

    def rtc_now(self):
        return self._rtc_s + self.clock.now_us // 1000000, self.clock.now_us % 1000000

    def rtc_set(self, unix_s):
        self._rtc_s = unix_s - self.clock.now_us // 1000000
