"""Keeps the clock right: asks time servers in turn, believes what holds, and waits longer the longer nobody answers.

The request goes out of a socket that does not block; only a server's name is looked up in a worker.
"""

import asyncio
import os

from micropython import const

from firmware.services.network import ntp
from firmware.services.network.ntp import NtpError
from firmware.services.udp import Datagrams, address_of

MOST_SERVERS = const(4)
_ANSWER_MS = const(3000)
_POLL_MS = const(20)
_LOOK_MS = const(1000)
_AGAIN_MS = const(3600000)        # after success
_FIRST_WAIT_MS = const(15000)     # after failure, doubled up to
_LONGEST_WAIT_MS = const(3600000)
_CONFIRM_MS = const(15000)
_TRUSTED_S = const(3600)          # a clock that is set is moved further only when two answers agree
_AGREE_S = const(10)
_TOLERANCE_S = const(1)
FAULT_MS = const(900000)          # a network, and no answer for so long: worth a fault
_MASK = const(0x3FFFFFFF)


class ClockSync:
    """connected(): there is a network. clock: utc_s(), ticks_ms(). set_clock(utc_s, source). to_thread: of a pool of workers.
    fault(name, present). port: of the servers; 0: none are asked (a twin without a world's servers)."""

    def __init__(self, connected, clock, set_clock, to_thread, fault, port=ntp.PORT):
        self._connected = connected
        self._clock = clock
        self._set_clock = set_clock
        self._to_thread = to_thread
        self._fault = fault
        self._port = port
        self._servers = ()
        self._refused = []            # servers that sent a kiss of death: not asked again before a restart or other settings
        self._on = False
        self._turn = 0
        self._failures = 0
        self._doubted = None          # (what a first answer said minus our clock), to be confirmed
        self.server = None            # who answered last
        self.error = None             # why it fails now: a code of NtpError, no_answer, name, socket, no_servers; None: it does not
        self._bad_since_ms = None
        self.changed = False          # other settings: no need to wait

    def tasks(self):
        """Rows of the table of tasks."""
        return () if not self._port else (("clock", lambda beat: self.run(), False, 0),)

    def apply(self, get):
        """Settings that act at once."""
        servers = tuple([name for name in get("time.servers").split(" ") if name][:MOST_SERVERS])
        if servers != self._servers or get("time.ntp") != self._on:
            self._servers, self._on = servers, get("time.ntp")
            self._refused = []
            self._failures = self._turn = 0
            self.error = self._bad_since_ms = None
            self.changed = True

    async def run(self):
        """The task."""
        while True:
            self.changed = False
            wait_ms = _LOOK_MS
            if self._on and self._connected():
                wait_ms = await self.ask()
            self._judge()
            began_ms = self._clock.ticks_ms()
            while (self._clock.ticks_ms() - began_ms) & _MASK < wait_ms and not self.changed:
                await asyncio.sleep_ms(_LOOK_MS)
                self._judge()

    def _judge(self):
        """The fault begins when nobody has answered for long although there is a network."""
        now_ms = self._clock.ticks_ms()
        if not self._on or not self._connected() or self.error is None:
            self._bad_since_ms = None
        elif self._bad_since_ms is None:
            self._bad_since_ms = now_ms
        bad = self._bad_since_ms is not None and (now_ms - self._bad_since_ms) & _MASK > FAULT_MS
        if bad:
            self._bad_since_ms = now_ms - FAULT_MS - 1 & _MASK      # the ticks begin again after 12 days: it stays bad
        self._fault("ntp", bad)

    async def ask(self):
        """One question to the next server; how long to wait then, in ms."""
        servers = [name for name in self._servers if name not in self._refused]
        if not servers:
            self.error = "no_servers"
            return _LONGEST_WAIT_MS
        name = servers[self._turn % len(servers)]
        try:
            utc_s = await self._question(name)
        except NtpError as error:
            self.error = error.code
            if error.code == "kiss_of_death" and error.kiss != "RATE":
                self._refused.append(name)
            return self._failed()
        except OSError:
            self.error = "no_answer"
            return self._failed()
        self.server, self.error, self._failures = name, None, 0
        return self._take(utc_s)

    def _failed(self):
        self._turn += 1
        self._doubted = None
        self._failures += 1
        return min(_FIRST_WAIT_MS << min(self._failures - 1, 8), _LONGEST_WAIT_MS)

    def _take(self, utc_s):
        own_s = self._clock.utc_s()
        step_s = utc_s - own_s
        if own_s and abs(step_s) > _TRUSTED_S and (self._doubted is None or abs(self._doubted - step_s) > _AGREE_S):
            self._doubted = step_s
            self._turn += 1               # let another one say so too
            return _CONFIRM_MS
        self._doubted = None
        self._set_clock(utc_s if abs(step_s) > _TOLERANCE_S else own_s, "ntp")
        return _AGAIN_MS

    async def _question(self, name):
        """Unix seconds now. Raises NtpError, OSError."""
        address = await self._to_thread(address_of, name, self._port)
        nonce = os.urandom(8)
        link = Datagrams()
        try:
            if not link.send(ntp.question(nonce), address):
                raise OSError(110)
            return await self._answer(link, nonce)
        finally:
            link.close()

    async def _answer(self, link, nonce):
        began_ms = self._clock.ticks_ms()
        wrong = None
        while (self._clock.ticks_ms() - began_ms) & _MASK < _ANSWER_MS:
            await asyncio.sleep_ms(_POLL_MS)
            found = link.receive(ntp.SIZE * 2)
            if found is None:
                continue
            try:
                utc_s, milliseconds = ntp.utc_from_answer(found[0], nonce)
            except NtpError as error:
                if error.code == "origin":       # not ours: the true answer may still come
                    wrong = error
                    continue
                raise
            # the answer was under way for about half of the time that all took
            return utc_s + (milliseconds + ((self._clock.ticks_ms() - began_ms) & _MASK) // 2 + 500) // 1000
        raise wrong or OSError(110)
