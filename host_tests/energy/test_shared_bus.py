import asyncio
import unittest

from firmware.energy import meter_map, meter_types
from firmware.energy.modbus_rtu import CHANGE_US, FIFO_BYTES, ModbusRtu
from firmware.energy.polled_meter import PolledMeter
from host_tests.energy.bus import Line, VirtualTime
from tools.twin.meter import ModbusMeter, Quantities

POLL_MS = 1000
TIMEOUT_MS = 300


class Polled:
    """A device with a task of its own, as the charger's, the house's and the roof's meter have."""

    def __init__(self, case, name, address):
        self.slave = ModbusMeter(Quantities(power_w=1000 * address, current_ma=(5000, 0, 0)), name, address)
        self.meter = PolledMeter(case.bus, case.time.ticks_ms, meter_types.find(name), address)
        self.time = case.time
        self.oldest_ms = 0
        self.took_ms = []

    async def run(self):
        while True:
            began = self.time.ticks_ms()
            await self.meter.poll()
            took = self.time.ticks_ms() - began
            self.took_ms.append(took)
            await self.time.sleep_ms(max(50, POLL_MS - took))


class TestThreeDevices(unittest.TestCase):
    def build(self, baud=19200):
        self.time = VirtualTime(5000)
        self.line = Line(self.time, [], baud)
        self.bus = ModbusRtu(self.line, baud, self.time.ticks_ms, self.time.sleep_ms, TIMEOUT_MS)
        self.devices = [Polled(self, name, address) for name, address in (
            ("eastron_sdm630", 2), ("abb_b23", 3), ("carlo_gavazzi_em340", 4))]
        self.line.slaves = [device.slave for device in self.devices]
        # what one dead device costs the others, as the bus says it
        self.bound_ms = TIMEOUT_MS + FIFO_BYTES * 11000 // baud + CHANGE_US // 1000 + 40

    def run_for(self, ms):
        async def main():
            tasks = [asyncio.create_task(device.run()) for device in self.devices]
            for _ in range(ms // 100):
                await self.time.sleep_ms(100)
                for device in self.devices:
                    if device.meter.seen:
                        device.oldest_ms = max(device.oldest_ms, device.meter.age_ms(self.time.ticks_ms()))
            for task in tasks:
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    continue

        self.time.run(main())

    def test_each_is_polled_every_second_and_reads_its_own(self):
        self.build()
        self.run_for(20000)
        for address, device in enumerate(self.devices, 2):
            self.assertIn(device.meter.polls, (20, 21))
            self.assertEqual(device.meter.failed_polls, 0)
            self.assertEqual(device.meter.total(meter_map.POWER), 1000000 * address)
            self.assertLess(device.oldest_ms, 2000)
        self.assertEqual(self.line.violations, [])

    def test_between_two_devices_the_line_is_silent_for_60_ms(self):
        self.build()
        self.run_for(5000)
        for (before_us, before), (then_us, then) in zip(self.line.sent, self.line.sent[1:]):
            if before[0] != then[0]:
                self.assertGreaterEqual(then_us - before_us, 60000)
        self.assertGreater(len({frame[0] for _, frame in self.line.sent}), 2)

    def test_a_dead_device_costs_the_others_one_time_out_a_poll(self):
        for fault in ("silent", "wrong_address", "truncated"):
            for dead in range(3):
                self.build()
                self.devices[dead].slave.fault = fault
                self.run_for(20000)
                for number, device in enumerate(self.devices):
                    if number == dead:
                        self.assertFalse(device.meter.seen)
                        continue
                    self.assertEqual(device.meter.failed_polls, 0, (fault, dead))
                    self.assertGreaterEqual(device.meter.polls, 19)
                    self.assertLess(device.oldest_ms, 2000 + self.bound_ms)

    def test_two_dead_devices_leave_the_third_its_second(self):
        self.build()
        for dead in (1, 2):
            self.devices[dead].slave.fault = "silent"
        self.run_for(30000)
        meter = self.devices[0].meter
        self.assertEqual(meter.failed_polls, 0)
        self.assertGreaterEqual(meter.polls, 25)
        self.assertLess(self.devices[0].oldest_ms, 2000 + 2 * self.bound_ms)

    def test_the_dead_one_is_back_with_its_next_poll(self):
        self.build()
        self.devices[1].slave.fault = "silent"
        self.run_for(10000)
        self.devices[1].slave.fault = None
        self.run_for(1500)
        self.assertTrue(self.devices[1].meter.seen)


if __name__ == "__main__":
    unittest.main()
