"""A chip on its own for tests of the shims, on either interpreter: Hal, `machine`, and what it put out."""
import sys
import time

BOARD = {
    "chip": "twin",
    "pins": {"cp_pwm": 33, "cp_adc": 36},
    "cp": {"a_ppm": 84780, "b_uv": 1271700, "pwm_invert": False},
    "has": {"rtc_battery": False},
}
SHIMS = ("_twin", "machine", "machine_bus", "machine_pin", "machine_pwm", "machine_adc", "network", "esp32", "neopixel",
         "_onewire")
ON_CPYTHON = sys.implementation.name == "cpython"


def board(**changes):
    """The test's board with some facts changed."""
    facts = dict(BOARD)
    facts.update(changes)
    return facts


class Rig:
    """`outputs` holds (signal, key, value) in order; `machine` is the module, bound to this chip."""

    def __init__(self, facts=None, cause="power", hal=None):
        self.outputs = []
        if ON_CPYTHON:
            self._on_cpython(facts or BOARD, cause, hal)
        else:
            self._on_micropython(facts or BOARD, cause)
        self.hal.on_output = self._took

    def _took(self, signal, key, value, t_us):
        self.outputs.append((signal, key, value))

    def _on_cpython(self, facts, cause, hal):
        from tools.twin import cpython
        from tools.twin.clock import VirtualClock
        from tools.twin.hal import Hal
        self.clock = hal.clock if hal is not None else VirtualClock()
        self.hal = hal if hal is not None else Hal(facts, self.clock)
        self.hal.begin_boot(cause)
        self.port = cpython.install(self.clock, self.hal).port
        self._take_modules()

    def _on_micropython(self, facts, cause):
        import socket

        from host_tests.listening import listen
        from tools.twin import costs, vm_port
        from tools.twin.hal import Hal
        server, address = listen()
        near = socket.socket()
        near.connect(address)
        self.world = server.accept()[0]
        server.close()
        near.setblocking(False)
        link = vm_port.Link(near)
        self._near = near
        self.hal = link.hal = Hal(facts, vm_port.VmClock(), None)
        self.hal.begin_boot(cause)
        for name in SHIMS:
            sys.modules.pop(name, None)
        import _twin
        _twin.costs = costs
        _twin.port = self.port = vm_port.VmPort(link, self.hal, 946_684_800)
        self._take_modules()

    def _take_modules(self):
        import esp32
        import machine
        import neopixel
        import network
        self.machine = machine
        self.esp32 = esp32
        self.neopixel = neopixel
        self.network = network

    def pass_ms(self, ms):
        """Lets time pass as a sleeping firmware does: callbacks run."""
        time.sleep_ms(ms)

    def close(self):
        if ON_CPYTHON:
            from tools.twin import cpython
            cpython.uninstall()
            self.clock.close()
        else:
            self.world.close()
            self._near.close()
            for name in SHIMS:
                sys.modules.pop(name, None)
