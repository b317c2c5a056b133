"""A board without firmware: what the world gives it is kept, and the tests drive its outputs by function name."""

import json
from pathlib import Path

from tools.twin.clock import VirtualClock
from tools.twin.world import World

BOARD = json.loads((Path(__file__).parents[2] / "board_configs" / "twin.json").read_text())


class ProbeBoard:
    """The five calls of a hal, and `drive`."""

    def __init__(self, clock, board=BOARD):
        self.board = board
        self.on_output = None
        self.pins, self.adc, self.uart = {}, {}, []
        self.pilot = None
        self._clock = clock

    def set_pin(self, gpio, level):
        self.pins[gpio] = level

    def set_adc(self, gpio, uv):
        self.adc[gpio] = uv

    def set_onewire(self, gpio, rows, shorted=False):
        self.onewire = {gpio: (list(rows), shorted)}

    def set_pilot(self, high_mv, low_mv):
        self.pilot = (high_mv, low_mv)

    def set_mcu_temperature(self, celsius):
        self.mcu_c = celsius

    def set_flash_full(self, full):
        self.flash_full = full

    def take_air(self, air):
        self.air = air

    def uart_rx(self, uart, data):
        self.uart.append((self._clock.now_us, uart, data))

    def drive(self, name, value, signal="pin"):
        """Set the output of a function: a level, or with signal "pwm" a (freq_hz, duty_ns)."""
        self.on_output(signal, self.board["pins"][name], value, self._clock.now_us)

    def level(self, name):
        """The level that the world put on an input."""
        return self.pins[self.board["pins"][name]]


class Bench:
    """A world with a probe board, and the few moves that most tests need."""

    def __init__(self, board=BOARD, seed=1, meter=None):
        self.clock = VirtualClock()
        self.hal = ProbeBoard(self.clock, board)
        self.world = World(self.clock, self.hal, board, seed, meter)
        self._feeding = False
        self._watchdog = 0

    def run_ms(self, ms):
        self.clock.advance_to(self.clock.now_us + ms * 1000)

    def offer(self, ma):
        """PWM for a current up to 51 A."""
        self.hal.drive("cp_pwm", (1000, ma * 1000 // 60), "pwm")

    def feed(self, on=True):
        """Toggle the coil's watchdog at 50 Hz, as the control task does."""
        start = on and not self._feeding
        self._feeding = on
        if start:
            self._toggle()

    def _toggle(self):
        if self._feeding:
            self._watchdog ^= 1
            self.hal.drive("coil_watchdog", self._watchdog)
            self.clock.after(10_000, self._toggle)

    def close_contactors(self):
        self.feed()
        self.run_ms(100)
        self.hal.drive("contactor_1", 1)
        self.hal.drive("contactor_2", 1)
        self.run_ms(50)

    def charge(self, ma=16_000):
        """Plug in and charge until the car draws what it is offered."""
        self.world.set_ev({"plugged": True})
        self.run_ms(100)
        self.offer(ma)
        self.run_ms(700)
        self.close_contactors()
        self.run_ms(6000)
