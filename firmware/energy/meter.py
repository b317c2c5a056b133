"""The charger's own meter: polled every second; without it, or while it is silent, an estimate that says so."""
import asyncio

from firmware.energy.counter import EnergyCounter
from firmware.energy.modbus_rtu import BUS_ERROR, BUSY, CRC_ERROR, OK, TICKS_MASK, TIMEOUT
from firmware.energy.registers import divide_rounded, milli_from_registers

POLL_MS = 1000
SHORTEST_PAUSE_MS = 50
LOST_MS = 5000
LONGEST_STEP_MS = 10000  # an estimate never speaks for more time than this at once
AGE_LIMIT_MS = 0x1FFFFFFF  # 6.2 days: older than that is no longer told apart

# A phase is in use from 1 A on, and no longer below half of it.
IN_USE_MA = 1000
NOT_IN_USE_MA = 500

# What no installation has: then the registers are not those of this meter.
ABSURD_MV = 500000
ABSURD_MA = 200000
ABSURD_MW = 200000000

_FAILURES = {TIMEOUT: "timeout", CRC_ERROR: "crc", BUS_ERROR: "bus", BUSY: "busy"}
_UNSEEN = False  # a register nobody has read in this poll; None is a register without a value


class MeterValues:
    """What the rest of the charger sees. Lists are L1, L2, L3 of the charger; None = not measured."""

    def __init__(self):
        self.source = None  # "meter", "estimate", or None before the first reading
        self.voltage_mv = [None, None, None]
        self.current_ma = [None, None, None]  # magnitudes
        self.power_phases_w = [None, None, None]  # negative = fed back
        self.power_w = None
        self.drawn_ma = None  # highest phase
        self.phases_used = None  # number of phases with current; None with an estimate
        # The meter's own register, carried on by the estimate while it is silent; without a register what was counted
        # since start; None while the register was never read.
        self.energy_wh = None
        self.energy_phases_wh = [None, None, None]
        self.counted_mwh = 0  # since start, meter and estimate together, never falls
        self.readings = 0  # counts what the meter itself said; the estimate does not count
        self.asked_ms = 0  # when the latest of them was asked for


class Meter:
    """One meter on a Modbus line, or none at all.

    line: ModbusRtu or None · supply(): (energised, offered_ma, phases), energised = contactor closed and the vehicle in
    state C · meter_type: of meter_types, None = no meter · address 1…247 · phase_voltage_v 175…276: for the estimate ·
    phase_rotation "L1-L2-L3" or "123" and its permutations: the n-th digit is the meter's channel that measures the charger's Ln.
    """

    def __init__(self, line, ticks_ms, supply, meter_type=None, address=2, phase_voltage_v=230, phase_rotation="123",
                 sleep_ms=None):
        if not 1 <= address <= 247:
            raise ValueError("meter address %r is not in 1…247" % (address,))
        order = phase_rotation.replace("L", "").replace("-", "")
        self._channels = [ord(digit) - ord("1") for digit in order]
        if sorted(self._channels) != [0, 1, 2]:
            raise ValueError("phase rotation %r is not a permutation of 123" % (phase_rotation,))
        self._line = line
        self._ticks_ms = ticks_ms
        self._sleep_ms = sleep_ms or asyncio.sleep_ms
        self._supply = supply
        self._type = meter_type
        self._address = address
        self._phase_voltage_mv = phase_voltage_v * 1000
        self._buffer = bytearray(2 * max([read.count for read in meter_type.reads])) if meter_type else None
        self._has_register = meter_type is not None and "energy" in meter_type.quantities
        self._modulus_mwh = _register_modulus(meter_type)
        self._pending = {}
        self._in_use = [False, False, False]
        self._counter = EnergyCounter()
        now_ms = ticks_ms()
        self._fresh_ms = now_ms  # when the latest values were asked for
        self._counted_ms = now_ms  # until when energy is counted
        self._ticked_ms = now_ms
        self._seen = False
        self._old = False
        self._lost = False
        self.values = MeterValues()
        self.polls = 0
        self.failed_polls = 0
        self.last_failure = None  # timeout, crc, bus, busy, absurd, empty or exception_<n>; stays until the next one

    async def run(self):
        """The task: polls every second for ever. May be cancelled at any time and started again."""
        while True:
            began = self._ticks_ms()
            if self._type is not None:
                await self.poll()
            self.tick(self._ticks_ms())
            took = (self._ticks_ms() - began) & TICKS_MASK
            await self._sleep_ms(max(SHORTEST_PAUSE_MS, POLL_MS - took))

    async def poll(self):
        """Read the meter once; True when new values stand. A silent bus ends the poll, so that the next starts afresh."""
        asked_ms = self._ticks_ms()
        self.polls += 1
        for quantity in self._type.quantities:
            self._pending[quantity] = [_UNSEEN, _UNSEEN, _UNSEEN]
        for read in self._type.reads:
            result = await self._line.read(self._address, self._type.function, read.start, read.count, self._buffer)
            if result == OK:
                self._decode(read)
            elif result > 0:
                self.last_failure = "exception_%d" % result  # a variant without this block: the others may do
            else:
                return self._fail(_FAILURES[result])
        if self._is_absurd():
            return self._fail("absurd")
        if self._get("power", 0) is None and self._get("current", 0) is None:
            return self._fail("empty")
        self._accept(asked_ms)
        return True

    def tick(self, now_ms):
        """Once a second, polled or not: notices the loss and estimates while there is nothing better."""
        self._counter.advance((now_ms - self._ticked_ms) & TICKS_MASK)
        self._ticked_ms = now_ms
        since = (now_ms - self._fresh_ms) & TICKS_MASK
        if since > AGE_LIMIT_MS:
            self._old = True  # from here on the wrapping clock would make it young again
        if self.is_lost(now_ms):
            self._lost = True
        if self._lost or self._type is None:
            self._estimate(now_ms)
            self._show_energy()

    def age_ms(self, now_ms):
        """Age of the values in ms, at most AGE_LIMIT_MS; None before the first reading and without a meter."""
        if not self._seen:
            return None
        return AGE_LIMIT_MS if self._old else min(AGE_LIMIT_MS, (now_ms - self._fresh_ms) & TICKS_MASK)

    def is_lost(self, now_ms):
        """A meter is fitted and has said nothing usable for more than 5 s."""
        return self._type is not None and (self._lost or (now_ms - self._fresh_ms) & TICKS_MASK > LOST_MS)

    def diagnosis(self):
        """Counters and the latest failure by name, for the diagnosis page."""
        line = self._line.counters() if self._line is not None else {}
        line["polls"] = self.polls
        line["failed_polls"] = self.failed_polls
        line["last_failure"] = self.last_failure
        line["register_wraps"] = self._counter.wraps
        line["register_resets"] = self._counter.resets
        return line

    def _fail(self, reason):
        self.failed_polls += 1
        self.last_failure = reason
        return False

    def _decode(self, read):
        for item in read.items:
            value = milli_from_registers(self._buffer, item.offset, item.fmt, item.num, item.den)
            slots = self._pending[item.quantity]
            before = slots[item.slot]
            if before is _UNSEEN or before is None or value is None:
                slots[item.slot] = value if before is not None else None
            else:
                slots[item.slot] = before + value

    def _get(self, quantity, slot):
        slots = self._pending.get(quantity)
        return slots[slot] if slots is not None and slots[slot] is not _UNSEEN else None

    def _is_absurd(self):
        for quantity, limit in (("voltage", ABSURD_MV), ("current", ABSURD_MA), ("power", ABSURD_MW),
                                ("power_phases", ABSURD_MW)):
            for slot in range(3):
                value = self._get(quantity, slot)
                if value is not None and abs(value) > limit:
                    return True
        return False

    def _accept(self, asked_ms):
        values = self.values
        total_mw = 0
        drawn_ma = None
        used = 0
        for phase in range(3):
            channel = self._channels[phase]
            values.voltage_mv[phase] = self._get("voltage", channel)
            current_ma = self._get("current", channel)
            if current_ma is not None:
                current_ma = abs(current_ma)
                drawn_ma = max(current_ma, drawn_ma or 0)
            values.current_ma[phase] = current_ma
            self._in_use[phase] = (current_ma or 0) >= (NOT_IN_USE_MA if self._in_use[phase] else IN_USE_MA)
            used += self._in_use[phase]
            power_mw = self._get("power_phases", channel)
            total_mw += power_mw or 0
            values.power_phases_w[phase] = _rounded(power_mw)
            values.energy_phases_wh[phase] = _floored(self._get("energy_phases", channel))
        values.drawn_ma = drawn_ma
        values.phases_used = used if drawn_ma is not None else None
        power_mw = self._get("power", 0)
        if power_mw is None and "power_phases" in self._type.quantities:
            power_mw = total_mw
        values.power_w = _rounded(power_mw)
        register_mwh = self._get("energy", 0)
        if register_mwh is not None and register_mwh >= 0:
            self._counter.from_register(register_mwh, self._modulus_mwh)
        elif power_mw is not None and values.source is not None:
            self._integrate(power_mw, asked_ms)
        values.source = "meter"
        values.readings = (values.readings + 1) & TICKS_MASK
        values.asked_ms = asked_ms
        self._show_energy()
        self._fresh_ms = asked_ms
        self._counted_ms = asked_ms
        self._seen = True
        self._old = False
        self._lost = False

    def _estimate(self, now_ms):
        energised, offered_ma, phases = self._supply()
        values = self.values
        drawn_ma = offered_ma if energised else 0
        power_mw = 0
        for phase in range(3):
            used = phase < phases
            phase_mw = drawn_ma * self._phase_voltage_mv // 1000 if used else 0
            values.voltage_mv[phase] = self._phase_voltage_mv if used else None
            values.current_ma[phase] = drawn_ma if used else 0
            values.power_phases_w[phase] = _rounded(phase_mw)
            values.energy_phases_wh[phase] = None
            power_mw += phase_mw
            self._in_use[phase] = False
        values.drawn_ma = drawn_ma
        values.phases_used = None
        values.power_w = _rounded(power_mw)
        self._integrate(power_mw, now_ms)
        self._counted_ms = now_ms
        values.source = "estimate"

    def _integrate(self, power_mw, now_ms):
        elapsed_ms = min(LONGEST_STEP_MS, (now_ms - self._counted_ms) & TICKS_MASK)
        self._counter.from_power(power_mw, elapsed_ms, self._has_register)

    def _show_energy(self):
        shown_mwh = self._counter.shown_mwh() if self._has_register else self._counter.total_mwh
        self.values.energy_wh = _floored(shown_mwh)
        self.values.counted_mwh = self._counter.total_mwh


def _rounded(milli):
    return None if milli is None else divide_rounded(milli, 1000)


def _floored(milli):
    return None if milli is None else milli // 1000


def _register_modulus(meter_type):
    """Where an integer energy register wraps, in mWh; None for floats and for sums of registers."""
    if meter_type is None:
        return None
    items = [item for read in meter_type.reads for item in read.items if item.quantity == "energy"]
    kind, words, _ = items[0].fmt if len(items) == 1 else ("f", 0, False)
    if kind == "f":
        return None
    bits = 16 * words - (1 if kind == "s" else 0)
    return (1 << bits) * items[0].num * 1000 // items[0].den
