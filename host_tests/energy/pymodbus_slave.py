"""A Modbus slave made of pymodbus: `python -m host_tests.energy.pymodbus_slave PORT [--live]`. Address 2; says "ready", runs until
killed.

Input registers like an Eastron's (pymodbus encodes the floats), holding registers with integers of every width. --live: the
readings come as lines of JSON on its input, {"voltage_mv": [3], "current_ma": [3], "power_w", "energy_wh"}; the newest counts.
"""
import asyncio
import json
import os
import sys

from pymodbus import FramerType
from pymodbus.client.mixin import ModbusClientMixin
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

F32 = DataType.FLOAT32
INPUTS = [
    SimData(0x00, values=[230.1, 231.2, 229.9, 16.04, 15.97, 0.0, 3690.8, 3692.3, 0.0], datatype=F32),
    SimData(0x12, count=34, values=0, datatype=DataType.REGISTERS),
    SimData(0x34, values=7383.1, datatype=F32),
    SimData(0x36, count=18, values=0, datatype=DataType.REGISTERS),
    SimData(0x48, values=16789.123, datatype=F32),
    SimData(0x15A, values=[5000.5, 6000.25, 5788.375], datatype=F32),
]
HOLDING = [
    SimData(100, values=[-5, 300], datatype=DataType.INT16),
    SimData(102, values=-123456, datatype=DataType.INT32),
    SimData(104, values=4000000000, datatype=DataType.UINT32),
    SimData(106, values=123456789012, datatype=DataType.UINT64),
    SimData(110, values=-1234567.891, datatype=DataType.FLOAT64),
]


class Live:
    """Registers that follow what is told on a file descriptor."""

    def __init__(self, fd):
        os.set_blocking(fd, False)
        self._fd = fd
        self._rest = b""
        self._readings = None

    async def action(self, function, start, address, count, registers, values):
        """pymodbus calls it before it answers."""
        self._listen()
        readings = self._readings
        if readings is None or start >= 100:
            return
        power_w = readings["power_w"]
        volts = [mv / 1000 for mv in readings["voltage_mv"]]
        amps = [ma / 1000 for ma in readings["current_ma"]]
        kwh = readings["energy_wh"] / 1000
        found = volts + amps + [volt * amp for volt, amp in zip(volts, amps, strict=True)]
        for register, value in [(2 * n, value) for n, value in enumerate(found)] + [(0x34, power_w), (0x48, kwh)] + [
                (0x15A + 2 * n, kwh / 3) for n in range(3)]:
            words = ModbusClientMixin.convert_to_registers(float(value), ModbusClientMixin.DATATYPE.FLOAT32)
            place = register - start
            if 0 <= place and place + 2 <= len(registers):
                registers[place:place + 2] = words

    def _listen(self):
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self._readings = json.loads(lines[-1])


async def main(port, live=None):
    """Serve until killed."""
    blocks = ([SimData(0, datatype=DataType.BITS)], [SimData(0, datatype=DataType.BITS)], HOLDING, INPUTS)
    device = SimDevice(2, simdata=blocks, action=Live(sys.stdin.fileno()).action if live else None)
    server = ModbusSerialServer(device, framer=FramerType.RTU, port=port, baudrate=19200)
    await server.serve_forever(background=True)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
