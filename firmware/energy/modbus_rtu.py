"""Modbus RTU master for a shared RS485 line: one request at a time, whoever asks.

The line is handed in as `transport`, with four calls:
  begin(frame) -> µs    start sending (driver enable on); the time until the last bit has left
  end()                 wait for the rest, release the line
  read_into(view) -> n  copy what has arrived into a memoryview, without waiting
  silence_us() -> µs    since the last byte was sent or seen
Whatever the transport raises is counted and answered with BUS_ERROR: a broken line never ends a task.

Silence (Modbus over serial line V1.02, 2.5.1.1): a frame ends after 3.5 characters, a hole of 1.5 characters inside one
breaks it; above 19200 baud both are fixed. An asyncio task cannot see a hole of 1 ms, so a frame counts as ended by its
length and CRC, and one that stands still for t1.5 plus POLL_GRAIN_US is given up.

Several devices: each caller has one request under way, callers take turns request by request. A device that is dead holds up
the others by its time-out, the time of its answer's first FIFO_BYTES and CHANGE_US: 0.45 s at 19200 baud, for each dead device.
"""
import asyncio

TICKS_MASK = 0x3FFFFFFF  # ticks_ms wraps at 2^30

OK = 0
TIMEOUT = -1
CRC_ERROR = -2
BUS_ERROR = -3  # the transport is missing or raised
BUSY = -4  # somebody babbles: the line never fell silent

READ_HOLDING = 3
READ_INPUT = 4

LARGEST_FRAME = 256
POLL_MS = 5
# What polling and the receiver's FIFO add to the arrival of a byte: two scheduler ticks of the ESP32.
POLL_GRAIN_US = 20000
# The ESP32's receiver hands over this many bytes at once, fewer only when the line has fallen silent.
FIFO_BYTES = 120
# Silence before another device is asked than the one before (Eastron wants 60 ms).
CHANGE_US = 60000
# Sending may be slept through only as long as the line is still taken back in time (driver enable, slow baud rates).
SLEEP_ABOVE_US = 20000
WAKE_EARLY_US = 15000

# CRC-16/MODBUS (polynomial A001h reflected), four bits at a time.
_CRC = (0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
        0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400)


def crc16(data, start, end):
    """CRC-16/MODBUS over data[start:end]; the low byte goes on the line first."""
    crc = 0xFFFF
    for i in range(start, end):
        byte = data[i]
        crc = crc >> 4 ^ _CRC[(crc ^ byte) & 15]
        crc = crc >> 4 ^ _CRC[(crc ^ byte >> 4) & 15]
    return crc


def silence_times_us(baud):
    """(t1.5, t3.5) in µs: 1.5 and 3.5 characters of 11 bits, rounded up; 750 and 1750 above 19200 baud."""
    if baud > 19200:
        return 750, 1750
    return (16500000 + baud - 1) // baud, (38500000 + baud - 1) // baud


class ModbusRtu:
    """The master. Counters only grow; `last_error` is the text of the transport's latest exception."""

    def __init__(self, transport, baud, ticks_ms, sleep_ms=None, timeout_ms=300):
        """baud 1200…115200; timeout_ms: until the answer begins (meters need up to 60 ms); transport None: no line."""
        if not 1200 <= baud <= 115200:
            raise ValueError("baud %r is not in 1200…115200" % (baud,))
        self._transport = transport
        self._ticks_ms = ticks_ms
        self._sleep_ms = sleep_ms or asyncio.sleep_ms
        self._timeout_ms = timeout_ms
        self._baud = baud
        self.t15_us, self.t35_us = silence_times_us(baud)
        self._lock = asyncio.Lock()
        self._request = bytearray(8)
        self._buffer = bytearray(LARGEST_FRAME)
        self._view = memoryview(self._buffer)
        self._length = 0
        self._asked = None  # address of the latest request
        self.requests = 0
        self.replies = 0
        self.timeouts = 0
        self.crc_errors = 0
        self.exceptions = 0
        self.foreign = 0  # bytes nobody asked for: late answers, other masters, noise
        self.bus_errors = 0
        self.last_error = None

    async def read(self, address, function, start, count, into):
        """Read `count` registers from `start` into the bytearray `into` (2 bytes each).

        Returns OK, the meter's exception code (1…255), or one of the negative results above. ValueError only for a
        request no meter could understand.
        """
        if not 1 <= address <= 247:
            raise ValueError("address %r is not in 1…247" % (address,))
        if function not in (READ_HOLDING, READ_INPUT):
            raise ValueError("function %r is not 3 or 4" % (function,))
        if not (1 <= count <= 125 and 0 <= start <= 0x10000 - count):
            raise ValueError("registers %r + %r: at most 125, below 65536" % (start, count))
        if len(into) < 2 * count:
            raise ValueError("%d bytes do not hold %d registers" % (len(into), count))
        async with self._lock:
            self.requests += 1
            if self._transport is None:
                self.bus_errors += 1
                self.last_error = "no RS485 line"
                return BUS_ERROR
            try:
                return await self._exchange(address, function, start, count, into)
            except Exception as error:
                self.bus_errors += 1
                self.last_error = "%s: %s" % (type(error).__name__, error)
                return BUS_ERROR

    def counters(self):
        """All counters by name, for the diagnosis page."""
        return {"requests": self.requests, "replies": self.replies, "timeouts": self.timeouts,
                "crc_errors": self.crc_errors, "exceptions": self.exceptions, "foreign": self.foreign,
                "bus_errors": self.bus_errors, "last_error": self.last_error}

    async def _exchange(self, address, function, start, count, into):
        silence_us = self.t35_us if self._asked in (None, address) else max(self.t35_us, CHANGE_US)
        if not await self._wait_for_silence(silence_us):
            return BUSY
        self._asked = address
        request = self._request
        request[0] = address
        request[1] = function
        request[2] = start >> 8
        request[3] = start & 255
        request[4] = 0
        request[5] = count
        crc = crc16(request, 0, 6)
        request[6] = crc & 255
        request[7] = crc >> 8
        await self._send(request)
        result = await self._receive(address, function, count, into)
        if result == OK:
            self.replies += 1
        elif result > 0:
            self.exceptions += 1
        elif result == CRC_ERROR:
            self.crc_errors += 1
        else:
            self.timeouts += 1
        return result

    async def _wait_for_silence(self, needed_us):
        """True when nothing was on the line for `needed_us`; what comes meanwhile belongs to no request and is thrown away."""
        began = self._ticks_ms()
        stray = False
        while True:
            if self._transport.read_into(self._view):
                stray = True
                wait_us = self.t35_us
            else:
                wait_us = needed_us - self._transport.silence_us()
                if wait_us <= 0:
                    break
            if self._since(began) > self._timeout_ms:
                self.foreign += 1
                return False
            await self._sleep_ms(wait_us // 1000 + 1)
        if stray:
            self.foreign += 1
        return True

    async def _send(self, frame):
        """Send the frame. Short frames block for their time on the line (8 bytes: 4 ms at 19200, 8 ms at 9600 baud);
        longer ones are slept through but for the end, so that the line is released before the meter answers."""
        wait_us = self._transport.begin(frame)
        try:
            if wait_us > SLEEP_ABOVE_US:
                await self._sleep_ms((wait_us - WAKE_EARLY_US) // 1000)
        finally:
            self._transport.end()

    async def _receive(self, address, function, count, into):
        expected = 5 + 2 * count
        frame_ms = expected * 11000 // self._baud + 1
        begin_ms = min(expected, FIFO_BYTES) * 11000 // self._baud + 1
        stands_still_us = self.t15_us + POLL_GRAIN_US
        self._length = 0
        began = self._ticks_ms()
        await self._sleep_ms(frame_ms)
        while True:
            late = self._since(began) > self._timeout_ms + (frame_ms if self._length else begin_ms)
            if self._length == LARGEST_FRAME:
                self._drop()
            got = self._transport.read_into(self._view[self._length:])
            if got:
                self._length += got
                self._strip_echo()
                result = self._find(address, function, count, into)
                if result is not None:
                    return result
            elif self._length and (late or self._transport.silence_us() > stands_still_us):
                if self._buffer[0] == address and self._buffer[1] & 0x7F == function:
                    return CRC_ERROR
                self._drop()
            if late:
                if self._length:
                    self._drop()
                return TIMEOUT
            await self._sleep_ms(POLL_MS)

    def _find(self, address, function, count, into):
        """OK or an exception code when a whole answer stands in the buffer, with noise before it or not; else None."""
        buffer = self._buffer
        for at in range(self._length - 4):
            if buffer[at] != address:
                continue
            if buffer[at + 1] == function and buffer[at + 2] == 2 * count:
                end = at + 5 + 2 * count
            elif buffer[at + 1] == function | 0x80:
                end = at + 5
            else:
                continue
            if end > self._length or crc16(buffer, at, end - 2) != buffer[end - 2] | buffer[end - 1] << 8:
                continue
            if at or end != self._length:
                self.foreign += 1
            if buffer[at + 1] != function:
                return buffer[at + 2] or 255  # code 0 does not exist: an exception must not look like OK
            memoryview(into)[:2 * count] = self._view[at + 3:end - 2]
            return OK
        return None

    def _strip_echo(self):
        """Some transceivers hear themselves: our own request in front of the answer is not noise."""
        if self._length >= 8 and self._view[:8] == self._request:
            for i in range(8, self._length):
                self._buffer[i - 8] = self._buffer[i]
            self._length -= 8

    def _drop(self):
        self._length = 0
        self.foreign += 1

    def _since(self, then_ms):
        return (self._ticks_ms() - then_ms) & TICKS_MASK
