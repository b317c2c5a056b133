"""A whole charger on the twin in virtual time, connected to a real broker: a script of events, as in host_tests/twin."""
import shutil
import sys
import tempfile

from host_tests.services.mqtt.mosquitto import free_port, until
from tools.setup.vm import VmMissing, vm_command
from tools.twin.runner import Twin
from tools.twin.vm_runner import HEAP_KB, VmTwin

S = 1_000_000
BASE = "mode3/M3-TWIN-0001/"


class Charger:
    """at(seconds, fn) runs fn between two events; run(until) plays it to the end. Keywords are settings, __ for the dot.

    turn_ms: how long a broker may be silent within a turn, in real time: the world stands still meanwhile.
    """

    def __init__(self, test, broker_port, turn_ms=None, **settings):
        self.folder = tempfile.mkdtemp()
        test.addCleanup(shutil.rmtree, self.folder)
        self.twin = self._make_twin(mqtt_port=broker_port if turn_ms is None else None)
        test.addCleanup(self.twin.close)
        self.clock, self.world = self.twin.clock, self.twin.world
        self.error = None
        if turn_ms is not None:
            settings.update(mqtt__enabled=True, mqtt__host=settings.get("mqtt__host", "127.0.0.1"), mqtt__port=broker_port)
            self.at(0.8, lambda: self._be_impatient(turn_ms))
        if settings:
            self.at(0.9, lambda: self.app.settings.set_many({name.replace("__", "."): value for name, value in settings.items()}))

    def _be_impatient(self, turn_ms):
        from firmware.services.mqtt import service
        service.TURN_MS = turn_ms

    def _make_twin(self, **more):
        return Twin(self.folder, free_port(), **more)

    @property
    def app(self):
        return sys.modules["firmware.app"].current

    def fact(self, name="mqtt"):
        return self.twin.facts(name)

    def at(self, seconds, fn):
        def guarded():
            try:
                fn()
            except Exception as error:          # in an event: kept for the test, the boot shall not see it
                self.error = self.error or error
                self.twin.end()
        self.clock.at(int(seconds * S), guarded)

    def ev(self, **values):
        return lambda: self.world.set_ev(values)

    def run(self, seconds):
        self.clock.at(int(seconds * S), self.twin.end)
        self.twin.run()
        if self.error is not None:
            raise self.error
        return self

    def forget_lateness(self):
        """What comes before the charge, flash writes among it, is no concern."""
        self.app.lateness.max_ms = 0

    def worst_lateness_ms(self):
        return self.app.lateness.max_ms

    def soon(self, seconds, true, what, within_s=5):
        """From then on true() is looked for every 50 ms of virtual time, and in real time at least as long as a broker needs."""
        def look():
            if not true():
                if self.clock.now_us > (seconds + within_s) * S:
                    until(true, what)
                else:
                    self.clock.after(50_000, guarded)

        def guarded():
            try:
                look()
            except Exception as error:
                self.error = self.error or error
                self.twin.end()
        self.clock.at(int(seconds * S), guarded)


class VmCharger(Charger):
    """The same with the firmware on MicroPython, in virtual time. Settings are changed by set(); there is no app to look into."""

    def __init__(self, test, broker_port):
        try:
            self._command = vm_command(HEAP_KB)
        except VmMissing as error:
            test.skipTest("no MicroPython VM: %s" % error)
        super().__init__(test, broker_port)

    def _make_twin(self, **more):
        return VmTwin(self.folder, free_port(), self._command, virtual=True, **more)

    def set(self, **settings):
        values = {name.replace("__", "."): value for name, value in settings.items()}
        return lambda: self.twin.visit("PUT", "/api/v1/settings", "admin", values)
