"""A meter on its bus in virtual time, and what the charger offers meanwhile."""
import asyncio
import unittest

from firmware.energy import meter_types
from firmware.energy.meter import Meter
from firmware.energy.modbus_rtu import ModbusRtu
from host_tests.energy.bus import Line, VirtualTime
from tools.twin.meter import ModbusMeter, Quantities, with_crc

WRAP_MS = 1 << 30


class Supply:
    """What the charger offers and whether power flows."""

    def __init__(self):
        self.energised = False
        self.offered_ma = 0
        self.phases = 3

    def __call__(self):
        return self.energised, self.offered_ma, self.phases


class MeterCase(unittest.TestCase):
    start_ms = 5000

    def build(self, type_name="eastron_sdm630", address=2, baud=9600, registers="", **options):
        self.time = VirtualTime(self.start_ms)
        self.supply = Supply()
        self.readings = Quantities((230100, 231200, 229900), (16040, 15970, 16010), 11050, 123456)
        slaves = []
        if type_name not in ("none", "generic"):
            self.slave = ModbusMeter(self.readings, type_name, address)
            slaves.append(self.slave)
        self.line = Line(self.time, slaves, baud)
        self.bus = ModbusRtu(self.line, baud, self.time.ticks_ms, self.time.sleep_ms)
        self.meter = Meter(self.bus, self.time.ticks_ms, self.supply, meter_types.choose(type_name, registers), address,
                           sleep_ms=self.time.sleep_ms, **options)
        self.values = self.meter.values
        return self.meter

    def run_for(self, ms, meter=None):
        """The task runs so long (ms, or until a coroutine has ended) and is then cancelled."""

        async def main():
            task = asyncio.create_task((meter or self.meter).run())
            await (self.time.sleep_ms(ms) if isinstance(ms, int) else ms)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                return True
            return False

        self.assertTrue(self.time.run(main()))

    def poll(self):
        return self.time.run(self.meter.poll())


class Fixed:
    """A slave at address 2 with a few blocks of fixed registers."""

    delay_ms = 0

    def __init__(self, function, blocks):
        self.function = function
        self.blocks = blocks

    def request(self, frame):
        start, count = frame[2] << 8 | frame[3], frame[5]
        body = bytes((2, self.function, 2 * count))
        for word in self.blocks[start][:count]:
            body += bytes((word >> 8, word & 255))
        return with_crc(body)
