"""Virtual time and a virtual RS485 line for the tests of energy/, on both interpreters."""
import asyncio
import sys

MASK = 0x3FFFFFFF
BITS = 11


class VirtualTime:
    """A clock that moves only while every task sleeps. `grain_ms`: sleeps end on this tick, as on the device."""

    def __init__(self, start_ms=0, grain_ms=10):
        self.now_us = start_ms * 1000
        self.grain_us = grain_ms * 1000
        self._sleepers = []

    def ticks_ms(self):
        return self.now_us // 1000 & MASK

    def ticks_us(self):
        return self.now_us & MASK

    async def sleep_ms(self, ms):
        if ms < 0:
            raise ValueError("nobody sleeps for %d ms" % ms)
        end_us = self.now_us + ms * 1000
        end_us = -(-end_us // self.grain_us) * self.grain_us
        event = asyncio.Event()
        self._sleepers.append((end_us, event))
        await event.wait()

    def run(self, main):
        """Run the coroutine to its end and return its result; other tasks it started are left behind."""
        if sys.implementation.name == "micropython":
            asyncio.new_event_loop()
        return asyncio.run(self._drive(main))

    async def _drive(self, main):
        outcome = []

        async def wrapped():
            try:
                outcome.append((await main, None))
            except Exception as error:
                outcome.append((None, error))

        task = asyncio.create_task(wrapped())
        while not outcome:
            for _ in range(12):
                await asyncio.sleep(0)
            if outcome:
                break
            if not self._sleepers:
                raise RuntimeError("every task waits for ever")
            next_us = min([sleeper[0] for sleeper in self._sleepers])
            self.now_us = max(self.now_us, next_us)
            due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self.now_us]
            self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self.now_us]
            for _, event in due:
                event.set()
        await task
        if outcome[0][1] is not None:
            raise outcome[0][1]
        return outcome[0][0]


class Line:
    """The transport of the master: bytes take their time, slaves answer after `turnaround_us`.

    `violations` lists frames sent while the line had not been silent for 3.5 characters.
    """

    def __init__(self, time, slaves=(), baud=9600, turnaround_us=25000):
        self.time = time
        self.slaves = list(slaves)
        self.char_us = BITS * 1000000 // baud
        self.silence_needed_us = 1750 if baud > 19200 else 35 * BITS * 100000 // baud
        self.turnaround_us = turnaround_us
        self.sent = []
        self.driving = False
        self.violations = []
        self.echo = False
        self.hole_us = 0  # a pause in the middle of each answer
        self.prefix = b""  # noise right before each answer
        self.broken = None  # an exception to raise
        self._arriving = []  # (t_us, byte)
        self._seen_us = -1000000
        self._line_used_us = -1000000

    def put(self, data, at_us=None):
        """Bytes appear on the line, one after the other."""
        t_us = self.time.now_us if at_us is None else at_us
        for i, byte in enumerate(bytes(data)):
            t_us += self.char_us + (self.hole_us if i == len(data) // 2 and i else 0)
            self._arriving.append((t_us, byte))
        self._arriving.sort()

    def begin(self, frame):
        if self.broken is not None:
            raise self.broken
        frame = bytes(frame)
        used_us = max([self._line_used_us] + [t for t, _ in self._arriving if t <= self.time.now_us])
        if self.time.now_us - used_us < self.silence_needed_us:
            self.violations.append((self.time.now_us, frame))
        self.driving = True
        wait_us = len(frame) * self.char_us
        end_us = self.time.now_us + wait_us
        self.sent.append((self.time.now_us, frame))
        self._line_used_us = self._seen_us = end_us
        if self.echo:
            self.put(frame)
        for slave in self.slaves:
            answer = slave.request(frame)
            if answer is not None:
                self.put(self.prefix + answer, end_us + self.turnaround_us + 1000 * slave.delay_ms)
        return wait_us

    def end(self):
        self.time.now_us = max(self.time.now_us, self._line_used_us)
        self.driving = False

    def read_into(self, view):
        if self.broken is not None:
            raise self.broken
        count = 0
        while self._arriving and count < len(view) and self._arriving[0][0] <= self.time.now_us:
            t_us, view[count] = self._arriving.pop(0)
            self._line_used_us = max(self._line_used_us, t_us)
            count += 1
        if count:
            self._seen_us = self.time.now_us
        return count

    def silence_us(self):
        return max(0, self.time.now_us - self._seen_us)
