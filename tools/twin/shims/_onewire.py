"""`_onewire`: the bit-banged one-wire bus of the ports, on what hangs at the pin."""
import _twin
import machine
from onewire_model import Bus
from onewire_model import crc8 as _crc8

_port = _twin.port
_hal = _port.hal
_costs = _twin.costs


def _bus(pin):
    if not isinstance(pin, machine.Pin):
        raise ValueError("invalid pin")
    if _hal.mode.get(pin._n) != machine.Pin.OPEN_DRAIN:
        raise ValueError("the pin of a one-wire bus is an open drain")
    bus = _hal.onewire_buses.get(pin._n)
    if bus is None:
        bus = _hal.onewire_buses[pin._n] = Bus()
        bus.set(*_hal.onewire.get(pin._n, ((), False)))
    return bus


def reset(pin):
    """True when a device answered (or the line is shorted)."""
    bus = _bus(pin)
    _port.hold(_costs.ONEWIRE_RESET_US)
    return bus.reset()


def readbit(pin):
    bus = _bus(pin)
    _port.hold(_costs.ONEWIRE_READ_US)
    return bus.read(_hal.clock.now_us)


def writebit(pin, value):
    bus = _bus(pin)
    _port.hold(_costs.ONEWIRE_WRITE_US)
    bus.write(1 if value else 0, _hal.clock.now_us)


def readbyte(pin):
    value = 0
    for bit in range(8):
        value |= readbit(pin) << bit
    return value


def writebyte(pin, value):
    if not isinstance(value, int):
        raise TypeError("can't convert to int")
    for bit in range(8):
        writebit(pin, value >> bit & 1)


def crc8(data):
    """The CRC of the bus over a buffer."""
    return _crc8(data)
