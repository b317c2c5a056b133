"""One meter on the bus: asks it for its values, decodes them, and knows how old they are."""
from micropython import const

from firmware.energy import catalogue
from firmware.energy.meter_map import CURRENT, ENERGY_PHASES, PLACES, POWER, POWER_PHASES, VOLTAGE, scaled_by
from firmware.energy.modbus_rtu import BUS_ERROR, BUSY, CRC_ERROR, OK, TICKS_MASK, TIMEOUT
from firmware.energy.registers import milli_from_registers

AGE_LIMIT_MS = const(0x1FFFFFFF)  # 6.2 days: older than that is no longer told apart
RARE_POLLS = const(10)            # energy of the phases is read with every tenth poll: it is for people only
ILLEGAL_ADDRESS = const(2)        # Modbus exception: a register that the meter does not have

# What no installation has: then the registers are not those of this meter.
ABSURD_MV = const(500000)
ABSURD_MA = const(200000)
ABSURD_MW = const(200000000)

_FAILURES = {TIMEOUT: "timeout", CRC_ERROR: "crc", BUS_ERROR: "bus", BUSY: "busy"}
_UNSEEN = False  # a register nobody has read in this poll; None is a register without a value


def channel_order(at_terminals, at_meter):
    """The meter's channels that measure our L1, L2, L3, as "231": from what is connected to our terminals (L2-L3-L1: the supply's
    L2 to our L1, …) and from how the meter is connected to the supply (likewise)."""
    at_meter = _digits(at_meter)
    return "".join([at_meter[ord(digit) - ord("1")] for digit in _digits(at_terminals)])


def _digits(rotation):
    return rotation.replace("L", "").replace("-", "")


class PolledMeter:
    """bus: ModbusRtu · meter_type: a MeterMap · address 1…247 · phase_rotation "L1-L2-L3" or "123" and its permutations: the
    n-th digit is the meter's channel that measures our Ln.

    last_failure: timeout, crc, bus, busy, absurd, empty or exception_<n>; stays until the next one.
    """

    def __init__(self, bus, ticks_ms, meter_type, address, phase_rotation="123"):
        if not 1 <= address <= 247:
            raise ValueError("meter address %r is not in 1…247" % (address,))
        self._channels = [ord(digit) - ord("1") for digit in _digits(phase_rotation)]
        if sorted(self._channels) != [0, 1, 2]:
            raise ValueError("phase rotation %r is not a permutation of 123" % (phase_rotation,))
        self._bus = bus
        self._ticks_ms = ticks_ms
        self._address = address
        self.type = meter_type
        self._found = [_UNSEEN] * PLACES
        self._values = [None] * PLACES
        self._buffer = bytearray(2 * max([read[2] for read in meter_type.reads]))
        self._rare_in = 0
        self._refused = False
        self.asked_ms = ticks_ms()  # when the latest values were asked for; until then: since when we wait
        self.seen = False
        self._old = False
        self.polls = 0
        self.failed_polls = 0
        self.last_failure = None

    async def poll(self):
        """Read the meter once; True when new values stand. A silent bus ends the poll, so that the next starts afresh."""
        asked_ms = self._ticks_ms()
        self.polls += 1
        rare = self._rare_in == 0
        for place in range(PLACES):
            self._found[place] = _UNSEEN
        for function, start, count, items, is_rare in self.type.reads:
            if is_rare and not rare:
                continue
            result = await self._bus.read(self._address, function, start, count, self._buffer)
            if result == OK:
                self._decode(items)
            elif result > 0:
                self.last_failure = "exception_%d" % result  # a variant without this block: the others may do
                self._refused = self._refused or result == ILLEGAL_ADDRESS
            else:
                return self._fail(_FAILURES[result])
        if self._refused and self.type.has_holes:  # a dislike for reading across holes, or a block it does not have
            self.type = catalogue.without_holes(self.type.name)
        if self._is_absurd():
            return self._fail("absurd")
        if not (self._knows(POWER) or self._knows(CURRENT)):
            return self._fail("empty")
        self._take_over(rare)
        self.asked_ms = asked_ms
        self.seen = True
        self._old = False
        return True

    def total(self, place):
        """POWER or ENERGY in thousandths of W or Wh; None when not measured."""
        return self._values[place]

    def phase(self, quantity, number):
        """VOLTAGE, CURRENT, POWER_PHASES or ENERGY_PHASES of our L1, L2, L3 (number 0…2) in thousandths; None when not measured."""
        return self._values[quantity + self._channels[number]]

    def tick(self, now_ms):
        """To be called at least every six days: beyond that the wrapping clock would make old values young again."""
        self._old = self._old or (now_ms - self.asked_ms) & TICKS_MASK > AGE_LIMIT_MS

    def age_ms(self, now_ms):
        """Age of the values in ms, at most AGE_LIMIT_MS; None before the first reading."""
        return self.waited_ms(now_ms) if self.seen else None

    def waited_ms(self, now_ms):
        """The same, counted from the start before the first reading."""
        return AGE_LIMIT_MS if self._old else min(AGE_LIMIT_MS, (now_ms - self.asked_ms) & TICKS_MASK)

    def _fail(self, reason):
        self.failed_polls += 1
        self.last_failure = reason
        return False

    def _decode(self, items):
        found = self._found
        for place, offset, fmt, num, den, by in items:
            value = None
            scale = scaled_by(self._buffer, by, num, den) if by else (num, den)
            if scale is not None:
                value = milli_from_registers(self._buffer, offset, fmt, scale[0], scale[1])
            before = found[place]
            if before is _UNSEEN:
                found[place] = value
            elif before is not None:
                found[place] = None if value is None else before + value

    def _knows(self, place):
        return self._found[place] is not _UNSEEN and self._found[place] is not None

    def _is_absurd(self):
        for quantity, size, limit in ((VOLTAGE, 3, ABSURD_MV), (CURRENT, 3, ABSURD_MA), (POWER_PHASES, 3, ABSURD_MW),
                                      (POWER, 1, ABSURD_MW)):
            for place in range(quantity, quantity + size):
                if self._knows(place) and abs(self._found[place]) > limit:
                    return True
        return False

    def _take_over(self, rare):
        for place in range(PLACES):
            if not rare and ENERGY_PHASES <= place < ENERGY_PHASES + 3 and self._found[place] is _UNSEEN:
                continue
            self._values[place] = self._found[place] if self._knows(place) else None
        self._rare_in = RARE_POLLS - 1 if rare else self._rare_in - 1
