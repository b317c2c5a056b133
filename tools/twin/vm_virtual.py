"""The shims' interpreter side on MicroPython in virtual time: link, port, and what the firmware sees of time, os and asyncio.

Runs only on MicroPython's unix port.
"""
import sys

import utime as host  # `time` is what the firmware sees
import visitor
import vm_asyncio
import vm_clock
import vm_port

_MASK = (1 << 30) - 1
_CHUNK = 512


class LockstepLink(vm_port.Link):
    """Lines over a blocking socket: each request of ours is answered before we go on."""

    def __init__(self, sock):
        super().__init__(sock)
        self.clock = None
        self.app = None  # () -> the running application, None before there is one
        self.visits = []  # functions that make a coroutine for the firmware's loop

    def poll(self, _=None):
        """The world speaks only when asked."""

    def send(self, text):
        """Writes a line to the world; only requests are answered."""
        data = text.encode()
        while data:
            data = data[self._sock.write(data):]

    def ask(self, t_us):
        """Has the world come to t_us, or to the first change on the way. Returns (its time, horizon)."""
        self.send("A %d\n" % t_us)
        return self._answer()

    def on_output(self, signal, key, value, t_us):
        text = self.text_of(signal, key, value)
        self.clock.output(lambda now: self._output(now, signal, key, text))

    def _output(self, now, signal, key, text):
        self.send("O %d %s %d %s\n" % (now, signal, key, text))
        return self._answer()

    def _answer(self):
        while True:
            data = b""
            while not data.endswith(b"\n"):
                part = self._sock.recv(_CHUNK)
                if not part:
                    raise vm_port.Reset("hard")  # the world is gone
                data += part
            for line in data[:-1].split(b"\n"):
                verb = line[:2]
                if verb == b"G ":
                    _, now, horizon = line.split(b" ")
                    return int(now), int(horizon)
                if verb == b"F ":
                    _, t_us, name = line.decode().split(" ")
                    self._fact(int(t_us), name)
                elif verb == b"Q ":
                    self._visit(line.decode())
                elif verb == b"I":
                    self.clock.interrupted = True
                else:
                    self.take(line)

    def _fact(self, t_us, name):
        import json
        if name == "heap":                          # no fact of the charger's: what its interpreter holds
            import gc
            gc.collect()
            self.send("F %d\n" % gc.mem_alloc())
            return
        app = self.app()
        try:
            text = "-" if app is None else json.dumps(self.clock.look(t_us, lambda: app.station.fact(name)))
        except Exception as error:
            text = "! %s: %s" % (type(error).__name__, error)
        self.send("F %s\n" % text)

    def _visit(self, line):
        import json
        _, number, words = line.split(" ", 2)
        self.visits.append(lambda: self._answer_visit(number, json.loads(words)))

    async def _answer_visit(self, number, words):
        import json
        box = [None]
        await visitor.into(box, visitor.visit(self.app(), *words))
        self.send("Q %s %d %s\n" % (number, box[0][0], json.dumps(box[0][1])))


class LockstepPort(vm_port.VmPort):
    """What the shims ask of the interpreter, on the virtual clock."""

    def __init__(self, link, hal, rtc_s, costs):
        super().__init__(link, hal, rtc_s)
        self.clock = clock = hal.clock
        self._cost_us = costs.ADC_READ_US
        self._rtc_us = rtc_s * 1_000_000 - clock.total_us()  # chip's clock minus the twin's
        self.spend = clock.spend
        self.hold = clock.hold
        self.schedule = clock.schedule
        self.irq_mask = clock.mask
        self.timer_stop = clock.drop
        clock.on_wrap = self._wrapped

    def wait_for(self, ready, us):
        clock = self.clock
        end = clock.total_us() + us
        while not ready() and clock.total_us() < end:
            clock.hold(min(end, clock.next_us()) - clock.total_us())

    def sampler(self, gpio, top_uv, guard):
        clock = self.clock
        cell = clock.cell
        spend = clock.spend
        cost_us = self._cost_us
        live = self.hal.live_adc(gpio)
        if live is not None:
            def read_live_uv():
                if guard is not None:
                    guard()
                uv = live()
                spend(cost_us)
                return 0 if uv < 100_000 else uv // 1000 * 1000 if uv < top_uv else top_uv
            return read_live_uv
        if gpio == self.hal.cp_adc_gpio and guard is None:
            p = self.hal.pilot

            def read_pilot_uv():
                t = cell[0]
                uv = p[3] if (t - p[0]) % p[1] < p[2] else p[4]
                t += cost_us
                if t < cell[1]:
                    cell[0] = t
                else:
                    spend(cost_us)
                return 0 if uv < 100_000 else uv // 1000 * 1000 if uv < top_uv else top_uv
            return read_pilot_uv
        levels = self.hal.adc_uv

        def read_uv():
            if guard is not None:
                guard()
            spend(cost_us)
            uv = levels.get(gpio, 0)
            return 0 if uv < 100_000 else uv // 1000 * 1000 if uv < top_uv else top_uv
        return read_uv

    def timer_start(self, timer, callback, period_us, repeat):
        return self.clock.timer(callback, timer, period_us, repeat)

    def rtc_now(self):
        return divmod(self.clock.total_us() + self._rtc_us, 1_000_000)

    def rtc_set(self, unix_s):
        self._rtc_us = unix_s * 1_000_000 - self.clock.total_us()
        self.link.send("R %d\n" % unix_s)

    def reset(self, cause):
        self.hal.reset(cause)
        raise vm_port.Reset(cause)

    def _wrapped(self):
        """now_us begins anew: waves keep their phase."""
        hal = self.hal
        p = hal.pilot
        p[0] = -((vm_clock.WRAP_US - p[0]) % p[1])
        for wave in hal.pwm.values():
            wave[4] = -((vm_clock.WRAP_US - wave[4]) % max(1, 1_000_000 // wave[0]))
        hal.pilot_moved()


class _Shadow:
    """A built-in module with some of its attributes replaced."""

    def __init__(self, real, own):
        self._real = real
        for name in own:
            setattr(self, name, own[name])

    def __getattr__(self, name):
        return getattr(self._real, name)


def shadow_time(clock, cost_us, utc_s):
    """The module `time` as the firmware sees it. utc_s() is the chip's clock; each look at the ticks costs cost_us."""
    cell = clock.cell
    spend = clock.spend

    def ticks_us():
        t = cell[0] + cost_us
        if t < cell[1]:
            cell[0] = t
            return t
        spend(cost_us)
        return cell[0]

    def ticks_ms():
        t = cell[0] + cost_us
        if t < cell[1]:
            cell[0] = t
        else:
            spend(cost_us)
        return (cell[0] + cell[2]) // 1000 + cell[3] & _MASK

    return _Shadow(host, {
        "ticks_us": ticks_us, "ticks_ms": ticks_ms, "ticks_cpu": ticks_us, "sleep_us": clock.sleep_us,
        "sleep_ms": lambda ms: clock.sleep_us(ms * 1000), "sleep": lambda s: clock.sleep_us(int(s * 1_000_000)),
        "time": utc_s, "time_ns": lambda: utc_s() * 1_000_000_000,
        "gmtime": lambda *s: host.gmtime(*(s or (utc_s(),))), "localtime": lambda *s: host.gmtime(*(s or (utc_s(),)))})


def shadow_os(os, seed):
    """The module `os` with a urandom() that gives the same bytes in every run of the same seed."""
    import hashlib
    state = [b"%d" % seed]

    def urandom(n):
        data = b""
        while len(data) < n:
            state[0] = hashlib.sha256(state[0]).digest()
            data += hashlib.sha256(state[0] + b"out").digest()
        return data[:n]
    return _Shadow(os, {"urandom": urandom})


def install_asyncio(clock, visits=()):
    """Imports asyncio on the virtual clock: the frozen code with our Task, TaskQueue and IOQueue. sys.modules["time"] must be
    the shadow already. `visits`: a list of functions; each makes a coroutine that the loop runs. Returns asyncio.core."""
    for name in [n for n in sys.modules if n == "asyncio" or n.startswith("asyncio.")]:
        del sys.modules[name]
    sys.modules["_asyncio"] = vm_asyncio
    import asyncio.core as core
    vm_asyncio.adopt(core, clock, visits)
    return core
