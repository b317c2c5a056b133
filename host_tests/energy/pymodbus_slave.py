"""A Modbus slave made of pymodbus: `python -m host_tests.energy.pymodbus_slave PORT`. Address 2; says "ready", runs until killed.

Input registers like an Eastron's (pymodbus encodes the floats), holding registers with integers of every width.
"""
import asyncio
import sys

from pymodbus import FramerType
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


async def main(port):
    """Serve until killed."""
    blocks = ([SimData(0, datatype=DataType.BITS)], [SimData(0, datatype=DataType.BITS)], HOLDING, INPUTS)
    server = ModbusSerialServer(SimDevice(2, simdata=blocks), framer=FramerType.RTU, port=port, baudrate=19200)
    await server.serve_forever(background=True)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
