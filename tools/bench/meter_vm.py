"""Runs on the VM under callgrind: polls a meter N times over a line that answers at once. See meter.py. Arguments: type, N."""
import asyncio
import sys

from firmware.energy import meter_types
from firmware.energy.modbus_rtu import ModbusRtu
from firmware.energy.polled_meter import PolledMeter
from tools.twin.meter import ModbusMeter, Quantities


class Line:
    """Answers made beforehand, so that the slave costs nothing in the loop."""

    def __init__(self, slave):
        self._slave = slave
        self._answers = {}
        self._answer = b""

    def begin(self, frame):
        key = bytes(frame)
        if key not in self._answers:
            self._answers[key] = self._slave.request(key)
        self._answer = self._answers[key]
        return 0

    def end(self):
        pass

    def read_into(self, view):
        count = len(self._answer)
        view[:count] = self._answer
        self._answer = b""
        return count

    def silence_us(self):
        return 1000000


async def at_once(ms):
    """Sleeping costs nothing here."""


async def main(name, times):
    """Polls once for the line's answers to be made, then so often."""
    slave = ModbusMeter(Quantities((230100, 231200, 229900), (16040, 15970, 16010), 11050, 123456), name, 2)
    meter = PolledMeter(ModbusRtu(Line(slave), 19200, lambda: 0, at_once), lambda: 0, meter_types.find(name), 2)
    for _ in range(1 + times):
        if not await meter.poll():
            raise ValueError("%s: %s" % (name, meter.last_failure))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
