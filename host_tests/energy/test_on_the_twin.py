# cpython only: the world runs in CPython
import asyncio
import json
import unittest
from pathlib import Path

from tools.twin import cpython
from tools.twin.clock import VirtualClock
from tools.twin.hal import Hal
from tools.twin.meter import ModbusMeter
from tools.twin.world import World

BOARD_FILE = Path(__file__).parents[2] / "board_configs" / "twin.json"


def send(line, frame):
    """As the Modbus master does, without sleeping meanwhile."""
    line.begin(frame)
    line.end()


class TwinCase(unittest.TestCase):
    """Driver, master and meter on the twin's UART, with the world's meter at the other end."""

    def boot(self, baud=19200, **facts):
        self.board = json.loads(BOARD_FILE.read_text())
        self.board["pins"].update(facts)
        self.clock = VirtualClock()
        self.outputs = []
        self.hal = Hal(self.board, self.clock)
        self.world = World(self.clock, self.hal, self.board, meter=ModbusMeter)
        handle = self.hal.on_output

        def on_output(signal, key, value, t_us):
            self.outputs.append((signal, key, value, t_us))
            handle(signal, key, value, t_us)

        self.hal.on_output = on_output
        self.hal.begin_boot("power")
        cpython.install(self.clock, self.hal)
        self.addCleanup(cpython.uninstall)
        from firmware.drivers import clock as device_clock
        from firmware.drivers.rs485 import rs485_from_board
        from firmware.energy import meter_types
        from firmware.energy.meter import Meter
        from firmware.energy.modbus_rtu import ModbusRtu
        self.device_clock = device_clock
        self.line = rs485_from_board(self.board, baud, "none", device_clock.ticks_us)
        self.bus = ModbusRtu(self.line, baud, device_clock.ticks_ms)
        self.meter = Meter(self.bus, device_clock.ticks_ms, lambda: (False, 0, 3), meter_types.find("eastron_sdm630"))

    def run_for(self, ms):
        async def main():
            task = asyncio.create_task(self.meter.run())
            await asyncio.sleep_ms(ms)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass

        asyncio.run(main())

    def edges(self, name):
        return [(value, t_us) for signal, key, value, t_us in self.outputs
                if signal == "pin" and key == self.board["pins"][name]]


class TestTwin(TwinCase):
    def test_the_charger_reads_its_meter_through_the_uart(self):
        self.boot()
        self.run_for(5500)
        self.assertEqual(self.meter.values.source, "meter")
        for read_mv, true_mv in zip(self.meter.values.voltage_mv, self.world.readings.voltage_mv):
            self.assertLess(abs(read_mv - true_mv), 2000)  # the mains may have moved since
            self.assertGreater(read_mv, 200000)
        self.assertEqual((self.meter.device.polls, self.meter.device.failed_polls), (6, 0))
        self.assertEqual(self.bus.foreign, 0)

    def test_a_silent_meter_is_lost_and_comes_back(self):
        self.boot()
        self.run_for(2500)
        self.world.set_fault("meter_silent", True)
        self.run_for(6500)
        self.assertEqual(self.meter.values.source, "estimate")
        self.assertTrue(self.meter.is_lost(self.device_clock.ticks_ms()))
        self.world.set_fault("meter_silent", False)
        self.run_for(500)
        self.assertEqual(self.meter.values.source, "meter")

    def test_the_driver_is_enabled_exactly_while_the_request_is_on_the_line(self):
        for baud in (9600, 19200, 115200):
            self.boot(baud)
            send(self.line, b"12345678")
            (low, _), (on, on_us), (off, off_us) = self.edges("rs485_de")
            self.assertEqual((low, on, off), (0, 1, 0))
            frame_us = 80 * 1000000 // baud
            self.assertGreaterEqual(off_us - on_us, frame_us)
            self.assertLess(off_us - on_us, frame_us + 300)
            self.assertLess(self.line.silence_us(), 200)

    def test_at_2400_baud_the_loop_is_blocked_only_for_the_end_of_the_frame(self):
        self.boot(2400)
        blocked_us = []
        end = self.line.end

        def measured_end():
            began = self.clock.now_us
            end()
            blocked_us.append(self.clock.now_us - began)

        self.line.end = measured_end
        self.run_for(900)
        self.assertEqual(len(blocked_us), 2)  # one for each request of the poll
        self.assertLess(max(blocked_us), 16000)
        (_, on_us), (_, off_us) = self.edges("rs485_de")[1:3]
        self.assertGreaterEqual(off_us - on_us, 80 * 1000000 // 2400)
        self.assertLess(off_us - on_us, 80 * 1000000 // 2400 + 500)

    def test_a_transceiver_that_finds_its_direction_itself_blocks_nothing(self):
        self.boot(rs485_de=None)
        began = self.clock.now_us
        send(self.line, b"12345678")
        self.assertLess(self.clock.now_us - began, 1000)
        self.assertEqual(self.line.silence_us(), 0)
        self.clock.advance_to(self.clock.now_us + 10000)
        self.assertIn(self.line.silence_us() // 1000, (5, 6))
        self.run_for(2500)
        self.assertEqual(self.meter.values.source, "meter")

    def test_an_inverted_driver_enable_rests_high(self):
        self.boot()
        self.board["active_low"].append("rs485_de")
        from firmware.drivers.rs485 import rs485_from_board
        send(rs485_from_board(self.board, 19200, "even", self.device_clock.ticks_us), b"1")
        self.assertEqual([value for value, _ in self.edges("rs485_de")], [1, 0, 1])

    def test_a_uart_that_does_not_exist_is_an_error_the_meter_counts(self):
        self.boot()
        self.line._uart_id = 7
        self.run_for(6500)
        self.assertEqual(self.meter.values.source, "estimate")
        self.assertEqual(self.meter.device.last_failure, "bus")
        self.assertIn("UART", self.bus.last_error)
        self.assertEqual({value for value, _ in self.edges("rs485_de")}, {0})
        self.line._uart_id = 1
        self.run_for(900)
        self.assertEqual(self.meter.values.source, "meter")

    def test_a_uart_that_fails_while_sending_releases_the_line_and_is_opened_again(self):
        self.boot()
        self.run_for(500)
        uart = self.line._uart
        uart.deinit()  # from here on every call of it is an EIO
        self.run_for(900)
        self.assertEqual(self.hal.driven[self.board["pins"]["rs485_de"]], 0)
        self.run_for(900)
        self.assertIsNot(self.line._uart, uart)
        self.assertEqual(self.bus.bus_errors, 1)
        self.assertEqual(self.meter.device.failed_polls, 1)

    def test_a_board_without_the_pins_has_no_line(self):
        self.boot(rs485_rx=None)
        self.assertIsNone(self.line)
        self.run_for(6500)
        self.assertEqual(self.meter.values.source, "estimate")

    def test_an_unknown_parity_is_refused(self):
        self.boot()
        from firmware.drivers.rs485 import rs485_from_board
        with self.assertRaises(ValueError):
            rs485_from_board(self.board, 19200, "mark", self.device_clock.ticks_us)


if __name__ == "__main__":
    unittest.main()
