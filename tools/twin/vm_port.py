"""The shims' interpreter side on MicroPython: real time, timers as threads, and the link to the world.

Input is looked for by every read of a device and by every timer callback; nothing but the main thread touches an object. Runs
only on MicroPython's unix port.
"""
import _thread
import binascii
import time
from array import array

import micropython

_MASK = (1 << 30) - 1
_HALF = 1 << 29
_POLL_US = 1000  # a burst of reads looks at the socket this often
_WAIT_US = 200
_FEED_EVERY_US = 20_000
_COUNTS = 256  # of latenesses: 0, 1, ... ms, and what is later
_EXITS = {"hard": 41, "watchdog": 42, "soft": 43}


class Reset(BaseException):
    """The chip resets: `code` is the process's exit status."""

    def __init__(self, cause):
        self.code = _EXITS[cause]


class VmClock:
    """now_us: 30-bit microseconds since the hello."""

    def __init__(self):
        self.zero = time.ticks_us()

    @property
    def now_us(self):
        return (time.ticks_us() - self.zero) & _MASK


class Link:
    """Lines over a socket: commands of the world in, outputs of the firmware out."""

    def __init__(self, sock):
        self._sock = sock
        self._chunk = bytearray(256)
        self._view = memoryview(self._chunk)
        self._rest = b""
        self._busy = False
        self.seen = [time.ticks_us()]  # when we looked last, for those who look for it in their own stride
        self._fed = self.seen[0]
        self._latenesses = Latenesses()
        self.hal = None

    def poll(self, _=None):
        """Takes in what the world has said; allocates nothing while it is silent."""
        if self._busy:
            return
        self.seen[0] = time.ticks_us()
        self._busy = True
        try:
            n = self._sock.readinto(self._chunk)
            while n:
                self._rest += bytes(self._view[:n])
                n = self._sock.readinto(self._chunk)
            if n == 0:
                raise Reset("hard")  # the world is gone
            if self._rest:
                self._take()
        finally:
            self._busy = False

    def _take(self):
        lines = self._rest.split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self.take(line)

    def take(self, line):
        """Carries out one line of the world's."""
        hal = self.hal
        w = line.split(b" ")
        verb = w[0]
        if verb == b"C":
            hal.set_pilot(int(w[1]), int(w[2]))
        elif verb == b"P":
            hal.set_pin(int(w[1]), None if w[2] == b"-" else int(w[2]))
        elif verb == b"A":
            hal.set_adc(int(w[1]), int(w[2]))
        elif verb == b"W":
            import json
            hal.set_onewire(int(w[1]), *json.loads(w[2]))
        elif verb == b"U":
            hal.uart_rx(int(w[1]), binascii.unhexlify(w[2]))
        elif verb == b"T":
            self.send("T %s %d\n" % (w[1].decode(), hal.clock.now_us))
        elif verb == b"G":
            import gc
            gc.collect()
            self.send("LIVE %d\n" % gc.mem_alloc())
        elif verb == b"H":
            self.send("LATE %s\n" % self._latenesses.take())
        elif verb == b"M":
            hal.mcu_temperature_c = int(w[1])
        elif verb == b"L":
            hal.flash_full = w[1] == b"1"
        elif verb == b"N":
            import json
            hal.take_air(json.loads(line[2:]))
        else:
            raise ValueError("the world said %r" % line)

    def send(self, text):
        data = text.encode()
        n = self._sock.write(data)
        while n is None or n < len(data):
            if n:
                data = data[n:]
            time.sleep_us(100)
            n = self._sock.write(data)

    def on_output(self, signal, key, value, t_us):
        """Hal's way out; the world stamps by t_us."""
        if signal == "wdt_feed":
            if time.ticks_diff(time.ticks_us(), self._fed) < _FEED_EVERY_US:
                return
            self._fed = time.ticks_us()
        self.send("O %d %s %d %s\n" % (t_us, signal, key, self.text_of(signal, key, value)))

    def text_of(self, signal, key, value):
        """An output's value as the link carries it."""
        if value is None:
            return "-"
        if isinstance(value, bytes):
            return binascii.hexlify(value).decode() or "."
        if signal == "pwm":
            wave = self.hal.pwm[key]
            return "%d,%d,%d,%d,%d" % (value[0], value[1], wave[1], wave[2], wave[3])
        return str(value)


class Latenesses:
    """Counts the control ticks of the running application by how late they were, whole ms, beside its own statistics.

    As light as can be, for it runs in what is measured: a tick costs one more step, and nothing is done count by count."""

    def __init__(self):
        self._counts = self._none = None

    def take(self):
        """What was counted since the last time, as the link carries it; begins to count at the first."""
        if self._counts is None:
            self._counts = self._count()
            return ""
        told = binascii.hexlify(bytes(self._counts).rstrip(b"\0")).decode()      # what is behind the latest tick is left out
        self._counts[:] = self._none
        return told

    def _count(self):
        import sys
        lateness = sys.modules["firmware.app"].current.lateness
        self._none = array("I", bytes(4 * _COUNTS))
        note, counts, last = lateness.note, array("I", self._none), _COUNTS - 1

        def counting(late_ms, now_ms, powered):
            counts[late_ms if late_ms < last else last] += 1
            note(late_ms, now_ms, powered)
        lateness.note = counting
        return counts


class VmPort:
    """What the shims ask of the interpreter."""

    def __init__(self, link, hal, rtc_s):
        self.link = link
        self.hal = hal
        self.radio_on = False
        self._rtc_s = rtc_s - int(time.time())
        self.spend = self._looking()

    def _looking(self):
        """spend(us): time passes by itself here; a device call is an occasion to look what the world says. As light as can be: an
        interpreter that is slowed down to a device's speed shall do the firmware's work, not ours."""
        ticks_us = time.ticks_us
        poll, seen = self.link.poll, self.link.seen

        def spend(us):
            if (ticks_us() - seen[0]) & _MASK >= _POLL_US:
                poll()
        return spend

    def schedule(self, fn, arg):
        try:
            micropython.schedule(fn, arg)
        except RuntimeError:
            return False
        return True

    def hold(self, us):
        time.sleep_us(us)

    def wait_for(self, ready, us):
        end = time.ticks_add(time.ticks_us(), us)
        while not ready() and time.ticks_diff(end, time.ticks_us()) > 0:
            time.sleep_us(_WAIT_US)
            self.link.poll()

    def tx_done_us(self, end_us):
        return ((end_us - self.hal.clock.now_us + _HALF) & _MASK) - _HALF

    def elapsed_us(self, since_us):
        return (self.hal.clock.now_us - since_us) & _MASK

    def sampler(self, gpio, top_uv, guard):
        """read_uv() of one channel; see the CPython side for what it models."""
        hal = self.hal
        zero = hal.clock.zero
        ticks_us = time.ticks_us
        poll, seen, look = self.link.poll, self.link.seen, self.spend
        live = hal.live_adc(gpio)
        if live is not None:
            def read_live_uv():
                if guard is not None:
                    guard()
                look(0)
                uv = live()
                return 0 if uv < 100_000 else uv // 1000 * 1000 if uv < top_uv else top_uv
            return read_live_uv
        if gpio == hal.cp_adc_gpio and guard is None:
            p = hal.pilot

            def read_pilot_uv():
                now = ticks_us()
                if (now - seen[0]) & _MASK >= _POLL_US:
                    poll()
                uv = p[3] if (((now - zero) & _MASK) - p[0]) % p[1] < p[2] else p[4]
                return 0 if uv < 100_000 else uv // 1000 * 1000 if uv < top_uv else top_uv
            return read_pilot_uv
        levels = hal.adc_uv

        def read_uv():
            if guard is not None:
                guard()
            look(0)
            uv = levels.get(gpio, 0)
            return 0 if uv < 100_000 else uv // 1000 * 1000 if uv < top_uv else top_uv
        return read_uv

    def timer_start(self, timer, callback, period_us, repeat):
        """A thread that sleeps and schedules; it shares one byte with us."""
        stop = bytearray(1)
        poll = self.link.poll

        def fire(t):
            poll()
            if callback is not None and not stop[0]:
                callback(t)
        _thread.start_new_thread(_timer_thread, (stop, period_us, repeat, fire, timer))
        return stop

    def timer_stop(self, stop):
        stop[0] = 1

    def watchdog_start(self, timeout_ms):
        """The world keeps the watchdog: it bites a process that hangs in C too."""

    def rtc_now(self):
        now = time.time_ns() // 1000
        return now // 1_000_000 + self._rtc_s, now % 1_000_000

    def rtc_set(self, unix_s):
        self._rtc_s = unix_s - int(time.time())
        self.link.send("R %d\n" % unix_s)

    def rtc_memory(self, data):
        self.hal.rtc_memory = data
        self.link.send("B %s\n" % (binascii.hexlify(data).decode() or "."))

    def nvs_saved(self):
        import json
        nvs = self.hal.nvs
        self.link.send("V %s\n" % json.dumps([[k[0], k[1], nvs[k] if isinstance(nvs[k], int) else list(nvs[k])] for k in nvs]))

    def reset(self, cause):
        self.hal.reset(cause)
        raise Reset(cause)

    def irq_mask(self, state):
        return False


def _timer_thread(stop, period_us, repeat, fire, timer):
    ticks_us = time.ticks_us
    ticks_add = time.ticks_add
    ticks_diff = time.ticks_diff
    sleep_us = time.sleep_us
    schedule = micropython.schedule
    left = period_us
    due = ticks_us()
    while True:
        step = left if left < 100_000_000 else 100_000_000
        due = ticks_add(due, step)
        left -= step
        wait = ticks_diff(due, ticks_us())
        if wait > 0:
            sleep_us(wait)
        if stop[0]:
            return
        if left <= 0:
            left = period_us
            try:
                schedule(fire, timer)
            except RuntimeError:
                pass  # the queue is full: the tick is lost, as on the device
            if not repeat:
                return

