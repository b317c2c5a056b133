"""The charger's own meter: polled every second; without it, or while it is silent, an estimate that says so."""
import asyncio

from micropython import const

from firmware.energy.counter import EnergyCounter
from firmware.energy.meter_map import CURRENT, ENERGY, ENERGY_PHASES, POWER, POWER_PHASES, VOLTAGE
from firmware.energy.modbus_rtu import TICKS_MASK
from firmware.energy.polled_meter import PolledMeter
from firmware.energy.registers import divide_rounded

POLL_MS = const(1000)
SHORTEST_PAUSE_MS = const(50)
# Three polls in vain; what is noticed at the next look, at most a poll with its time-out later, lies within 5 s.
LOST_MS = const(3500)
LONGEST_STEP_MS = const(10000)  # an estimate never speaks for more time than this at once
COARSE_MWH = const(1000)        # a register with larger steps is carried on by the power in between

# A phase is in use from 1 A on, and no longer below half of it.
IN_USE_MA = const(1000)
NOT_IN_USE_MA = const(500)


class MeterValues:
    """What the rest of the charger sees. Lists are L1, L2, L3 of the charger; None = not measured."""

    def __init__(self):
        self.source = None  # "meter", "estimate", or None before the first reading
        self.voltage_mv = [None, None, None]
        self.current_ma = [None, None, None]  # magnitudes
        self.power_phases_w = [None, None, None]  # negative = fed back
        self.power_w = None
        # Number of phases with current. With an estimate: as the meter saw it last, None where it never did.
        self.phases_used = None
        # The meter's own register, carried on by the estimate while it is silent; without a register what was counted
        # since start; None while the register was never read.
        self.energy_wh = None
        self.energy_phases_wh = [None, None, None]
        self.ahead_wh = 0  # of energy_wh: what a loss is known to have estimated too high and the register has not caught up with
        self.unread_wh = 0  # of counted_mwh: reckoned, and the register has not told it, or not yet
        self.estimated = False  # part of the session's energy is an estimate that the register did not confirm, or not yet
        self.counted_mwh = 0  # since start, meter and estimate together, never falls
        self.readings = 0  # counts what the meter itself said; the estimate does not count
        self.asked_ms = 0  # when the latest of them was asked for


class Meter:
    """One meter on a Modbus line, or none at all.

    bus: ModbusRtu or None · supply(): (energised, offered_ma, phases), energised = contactor closed and the vehicle in
    state C · meter_type: a MeterMap, None = no meter · address and phase_rotation: as of PolledMeter · phase_voltage_v 175…276:
    for the estimate.
    """

    def __init__(self, bus, ticks_ms, supply, meter_type=None, address=2, phase_voltage_v=230, phase_rotation="123",
                 sleep_ms=None):
        self.bus = bus
        self._ticks_ms = ticks_ms
        self._sleep_ms = sleep_ms or asyncio.sleep_ms
        self._supply = supply
        self.device = None if meter_type is None else PolledMeter(bus, ticks_ms, meter_type, address, phase_rotation)
        self.set_phase_voltage(phase_voltage_v)
        self._has_register = meter_type is not None and meter_type.measures(ENERGY)
        self._in_use = [False, False, False]
        self._counter = EnergyCounter()
        now_ms = ticks_ms()
        self._counted_ms = now_ms  # until when energy is counted
        self._ticked_ms = now_ms
        self._lost = False
        self.values = MeterValues()

    def set_phase_voltage(self, volts):
        """Of the estimate; acts at once."""
        self._phase_voltage_mv = volts * 1000

    async def run(self):
        """The task: polls every second for ever. May be cancelled at any time and started again."""
        while True:
            began = self._ticks_ms()
            self.tick(began)  # a poll in vain must not hold up the estimate
            if self.device is not None:
                await self.poll()
                self.tick(self._ticks_ms())
            took = (self._ticks_ms() - began) & TICKS_MASK
            await self._sleep_ms(max(SHORTEST_PAUSE_MS, POLL_MS - took))

    async def poll(self):
        """Read the meter once; True when new values stand."""
        if not await self.device.poll():
            return False
        self._accept()
        return True

    def tick(self, now_ms):
        """Once a second, polled or not: notices the loss and estimates while there is nothing better."""
        self._counter.advance((now_ms - self._ticked_ms) & TICKS_MASK)
        self._ticked_ms = now_ms
        if self.device is not None:
            self.device.tick(now_ms)
            self._lost = self.is_lost(now_ms)
            if not self._lost:
                return
        self._estimate(now_ms)
        self._show_energy()

    def begin_session(self):
        """From now on another session counts."""
        self._counter.begin_session()
        self._show_energy()

    def age_ms(self, now_ms):
        """Age of the values in ms, at most PolledMeter's AGE_LIMIT_MS; None before the first reading and without a meter."""
        return None if self.device is None else self.device.age_ms(now_ms)

    def is_lost(self, now_ms):
        """A meter is fitted and has said nothing usable for more than LOST_MS."""
        return self.device is not None and (self._lost or self.device.waited_ms(now_ms) > LOST_MS)

    def model(self):
        """The fact: type, models it is made for, and the evidence for its registers; None without a meter."""
        if self.device is None:
            return None
        kind = self.device.type
        return {"type": kind.name, "models": kind.models, "evidence": kind.evidence}

    def diagnosis(self):
        """The fact: counters of bus, polls and register, and the latest failure by name; None without a meter."""
        if self.device is None:
            return None
        found = self.bus.counters()
        found["polls"] = self.device.polls
        found["failed_polls"] = self.device.failed_polls
        found["last_failure"] = self.device.last_failure
        found["register_wraps"] = self._counter.wraps
        found["register_resets"] = self._counter.resets
        return found

    def _accept(self):
        device, values = self.device, self.values
        total_mw = None
        used = 0
        for phase in range(3):
            values.voltage_mv[phase] = device.phase(VOLTAGE, phase)
            current_ma = device.phase(CURRENT, phase)
            if current_ma is not None:
                current_ma = abs(current_ma)
            values.current_ma[phase] = current_ma
            self._in_use[phase] = (current_ma or 0) >= (NOT_IN_USE_MA if self._in_use[phase] else IN_USE_MA)
            used += self._in_use[phase]
            power_mw = device.phase(POWER_PHASES, phase)
            if power_mw is not None:
                total_mw = (total_mw or 0) + power_mw
            values.power_phases_w[phase] = _rounded(power_mw)
            values.energy_phases_wh[phase] = _floored(device.phase(ENERGY_PHASES, phase))
        values.phases_used = None if values.current_ma == [None, None, None] else used
        power_mw = device.total(POWER)
        if power_mw is None:
            power_mw = total_mw
        values.power_w = _rounded(power_mw)
        self._count(power_mw, device.total(ENERGY), device.asked_ms)
        values.source = "meter"
        values.readings = (values.readings + 1) & TICKS_MASK
        values.asked_ms = device.asked_ms
        self._counted_ms = device.asked_ms
        self._lost = False
        self._show_energy()

    def _count(self, power_mw, register_mwh, now_ms):
        """Energy until now: by the register, and by the power where there is none or between the steps of a coarse one."""
        has_reading = register_mwh is not None and register_mwh >= 0
        step_mwh = self.device.type.step_mwh
        if power_mw is not None and self.values.source is not None and (not has_reading or step_mwh > COARSE_MWH):
            self._integrate(power_mw, now_ms, step_mwh if has_reading else None)
        if has_reading:
            self._counter.from_register(register_mwh, self.device.type.modulus_mwh, step_mwh)

    def _estimate(self, now_ms):
        energised, offered_ma, phases = self._supply()
        values = self.values
        seen = [number for number in range(3) if self._in_use[number]] if energised else []
        drawn_ma = offered_ma if energised else 0
        power_mw = 0
        for phase in range(3):
            offered = phase < phases
            used = phase in seen if seen else offered
            phase_mw = drawn_ma * self._phase_voltage_mv // 1000 if used else 0
            values.voltage_mv[phase] = self._phase_voltage_mv if used or offered else None
            values.current_ma[phase] = drawn_ma if used else 0
            values.power_phases_w[phase] = _rounded(phase_mw)
            values.energy_phases_wh[phase] = None
            power_mw += phase_mw
            if not energised:
                self._in_use[phase] = False  # who charges next may use others
        values.phases_used = len(seen) or None
        values.power_w = _rounded(power_mw)
        if power_mw and not self._has_register:
            self._counter.guessed = True
        self._integrate(power_mw, now_ms)
        self._counted_ms = now_ms
        values.source = "estimate"

    def _integrate(self, power_mw, now_ms, at_most_mwh=None):
        elapsed_ms = (now_ms - self._counted_ms) & TICKS_MASK
        if elapsed_ms > TICKS_MASK >> 1:
            return  # counted beyond it already
        self._counter.from_power(power_mw, min(LONGEST_STEP_MS, elapsed_ms), self._has_register, at_most_mwh)

    def _show_energy(self):
        counter, values = self._counter, self.values
        values.energy_wh = _floored(counter.shown_mwh() if self._has_register else counter.total_mwh)
        read_wh = _floored(counter.read_mwh())
        values.ahead_wh = 0 if read_wh is None else values.energy_wh - read_wh
        values.unread_wh = -(-counter.unread_mwh() // 1000)
        values.estimated = counter.is_estimated()
        values.counted_mwh = counter.total_mwh


def _rounded(milli):
    return None if milli is None else divide_rounded(milli, 1000)


def _floored(milli):
    return None if milli is None else milli // 1000
