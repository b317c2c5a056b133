"""UART, SPI and I2C of the twin's `machine`."""
import errno

import _twin

_port = _twin.port
_hal = _port.hal
_costs = _twin.costs
_spend = _port.spend
_FIFO = 128  # bytes of the UART's own transmit memory, beside the driver's buffer


def _refuse_extra(kw, allowed):
    for name in kw:
        if name not in allowed:
            raise TypeError("extra keyword arguments given")


def _pin_number(pin):
    if pin is None:
        return -1
    n = getattr(pin, "_n", pin)
    if not isinstance(n, int):
        raise ValueError("invalid pin")
    return n


class UART:
    """A UART without any RS-485 mode: `flush()` holds everything until the last stop bit has left."""

    INV_TX = 32
    INV_RX = 4
    INV_RTS = 64
    INV_CTS = 8
    RTS = 1
    CTS = 2
    _ARGS = ("baudrate", "bits", "parity", "stop", "tx", "rx", "rts", "cts", "txbuf", "rxbuf", "timeout", "timeout_char",
             "invert", "flow")

    def __init__(self, id, *args, **kw):
        if not isinstance(id, int) or not 0 <= id <= 2:
            raise ValueError("UART(%s) does not exist" % id)
        self._id = id
        self._baudrate = 115200
        self._bits = 8
        self._parity = None
        self._stop = 1
        self._txbuf = 256
        self._rxbuf = 256
        self._timeout_ms = 0
        self._tx_end_us = _hal.clock.now_us
        self._invert = 0
        self._open = False
        self.init(*args, **kw)

    def init(self, *args, **kw):
        if len(args) > 4:
            raise TypeError("extra positional arguments given")
        for name, value in zip(self._ARGS, args):
            if name in kw:
                raise TypeError("function got multiple values for argument '%s'" % name)
            kw[name] = value
        _refuse_extra(kw, self._ARGS)
        bits = kw.get("bits", 0)
        stop = kw.get("stop", 0)
        if bits not in (0, 5, 6, 7, 8):
            raise ValueError("invalid data bits")
        if stop not in (0, 1, 2):
            raise ValueError("invalid stop bits")
        if kw.get("flow", 0) & ~3:
            raise ValueError("invalid flow control mask")
        if kw.get("invert", 0) & ~(32 | 4 | 64 | 8):
            raise ValueError("invalid inversion mask")
        for name in ("txbuf", "rxbuf"):
            if 0 <= kw.get(name, -1) <= _FIFO:
                raise ValueError("%s must be more than %d" % (name, _FIFO))
        for name in ("tx", "rx", "rts", "cts"):
            if name in kw:
                _pin_number(kw[name])
        _spend(_costs.UART_INIT_US)
        if kw.get("baudrate", 0) > 0:
            self._baudrate = kw["baudrate"]
        self._bits = bits or self._bits
        self._stop = stop or self._stop
        if "parity" in kw:
            self._parity = None if kw["parity"] is None else kw["parity"] & 1
        self._txbuf = kw.get("txbuf", self._txbuf)
        self._rxbuf = kw.get("rxbuf", self._rxbuf)
        self._timeout_ms = kw.get("timeout", 0)
        self._invert = kw.get("invert", 0)
        _hal.uart_rx_buffer[self._id] = bytearray()
        _hal.uart_rx_limit[self._id] = self._rxbuf
        frame_bits = 1 + self._bits + (self._parity is not None) + self._stop
        self._char_us = -(-frame_bits * 1_000_000 // self._baudrate)
        _hal.uart_frame[self._id] = (self._baudrate, self._bits, self._parity, self._stop)
        self._open = True

    def deinit(self):
        _hal.uart_rx_limit.pop(self._id, None)
        _hal.uart_rx_buffer.pop(self._id, None)
        self._open = False

    def _buffer(self):
        if not self._open:
            raise OSError(errno.EIO)
        _spend(_costs.UART_CALL_US)
        return _hal.uart_rx_buffer[self._id]

    def any(self):
        return len(self._buffer())

    def _wait_for(self, n):
        buf = self._buffer()
        if self._timeout_ms and len(buf) < n:
            _port.wait_for(lambda: len(buf) >= n, self._timeout_ms * 1000)
        return buf

    def read(self, n=-1):
        """Up to n bytes, or all there are; None when there are none."""
        if n == 0:
            return b""
        buf = self._wait_for(1 if n < 0 else n)
        if not buf:
            return None
        if n < 0 or n > len(buf):
            n = len(buf)
        data = bytes(buf[:n])
        buf[:] = buf[n:]
        return data

    def readinto(self, target, n=None):
        n = len(target) if n is None else min(n, len(target))
        data = self.read(n)
        if data is None:
            return None
        target[:len(data)] = data
        return len(data)

    def readline(self):
        buf = self._wait_for(1)
        end = bytes(buf).find(b"\n")
        return self.read(len(buf) if end < 0 else end + 1) if buf else None

    def write(self, data):
        """Gives the bytes to the driver; blocks only when they do not fit its buffer."""
        self._buffer()
        data = bytes(data)
        now = _hal.clock.now_us
        if _port.tx_done_us(self._tx_end_us) <= 0:
            self._tx_end_us = now
        self._tx_end_us += len(data) * self._char_us
        _hal.out("uart", self._id, data)
        over_us = _port.tx_done_us(self._tx_end_us) - (self._txbuf + _FIFO) * self._char_us
        if over_us > 0:
            _port.hold(over_us)
        return len(data)

    def flush(self):
        """Holds the interpreter until everything is on the wire."""
        self._buffer()
        left = _port.tx_done_us(self._tx_end_us)
        if left > 0:
            _port.hold(left)

    def txdone(self):
        self._buffer()
        return _port.tx_done_us(self._tx_end_us) <= 0


class SPI:
    """Hardware SPI 1 and 2. With no selected device on the bus, reads are 0xFF (the line's pull-up)."""

    MSB = 0
    LSB = 1
    _ARGS = ("baudrate", "polarity", "phase", "bits", "firstbit", "sck", "mosi", "miso")

    def __init__(self, id, *args, **kw):
        if id not in (1, 2):
            raise ValueError("SPI(%s) doesn't exist" % id)
        self._id = id
        self._baudrate = 500_000
        self._open = False
        self.init(*args, **kw)

    def init(self, *args, **kw):
        if len(args) > len(self._ARGS):
            raise TypeError("extra positional arguments given")
        for name, value in zip(self._ARGS, args):
            kw[name] = value
        _refuse_extra(kw, self._ARGS)
        if kw.get("polarity", 0) not in (0, 1) or kw.get("phase", 0) not in (0, 1):
            raise ValueError("invalid polarity or phase")
        if kw.get("bits", 8) != 8:
            raise ValueError("invalid bits")
        if kw.get("baudrate", 1) <= 0:
            raise ValueError("invalid baudrate")
        for name in ("sck", "mosi", "miso"):
            _pin_number(kw.get(name))
        self._baudrate = kw.get("baudrate", self._baudrate)
        self._open = True

    def deinit(self):
        self._open = False

    def _transfer(self, data):
        if not self._open:
            raise OSError(errno.EIO)
        _spend(_costs.SPI_CALL_US + len(data) * 8_000_000 // self._baudrate)
        device = _hal.spi_selected(self._id)
        answer = device.transfer(bytes(data)) if device is not None else b"\xff" * len(data)
        if len(answer) != len(data):
            raise ValueError("a SPI device answers as many bytes as it gets")
        return answer

    def write(self, data):
        self._transfer(data)

    def read(self, n, write=0):
        return bytes(self._transfer(bytes([write]) * n))

    def readinto(self, target, write=0):
        target[:] = self._transfer(bytes([write]) * len(target))

    def write_readinto(self, data, target):
        if len(data) != len(target):
            raise ValueError("buffers must be the same length")
        target[:] = self._transfer(data)


class I2C:
    """Hardware I2C 0 and 1. An address nobody answers at is OSError(ENODEV)."""

    def __init__(self, id, **kw):
        if id not in (0, 1):
            raise ValueError("I2C(%s) doesn't exist" % id)
        _refuse_extra(kw, ("scl", "sda", "freq", "timeout"))
        _pin_number(kw.get("scl"))
        _pin_number(kw.get("sda"))
        self._id = id
        self._freq = kw.get("freq", 400_000)

    def _device(self, addr, n):
        _spend(_costs.I2C_CALL_US + (n + 1) * 9_000_000 // self._freq)
        device = _hal.i2c_devices.get((self._id, addr))
        if device is None:
            raise OSError(errno.ENODEV)
        return device

    def scan(self):
        _spend(_costs.I2C_CALL_US * 112)
        return sorted(a for b, a in _hal.i2c_devices if b == self._id)

    def readfrom(self, addr, nbytes, stop=True):
        data = bytes(self._device(addr, nbytes).read(nbytes))
        if len(data) != nbytes:
            raise OSError(errno.EIO)
        return data

    def readfrom_into(self, addr, buf, stop=True):
        buf[:] = self.readfrom(addr, len(buf))

    def writeto(self, addr, buf, stop=True):
        self._device(addr, len(buf)).write(bytes(buf))
        return len(buf)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        self.writeto(addr, _memaddr(memaddr, addrsize))
        return self.readfrom(addr, nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        buf[:] = self.readfrom_mem(addr, memaddr, len(buf), addrsize=addrsize)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self.writeto(addr, _memaddr(memaddr, addrsize) + bytes(buf))


def _memaddr(memaddr, addrsize):
    return bytes([memaddr >> s & 0xFF for s in range(addrsize - 8, -1, -8)])
