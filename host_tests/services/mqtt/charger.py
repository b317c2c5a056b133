"""A whole charger on the twin in virtual time, connected to a real broker."""
import gc

from host_tests.services.mqtt.mosquitto import until
from host_tests.twin import charger
from tools.setup.vm import VmMissing, vm_command
from tools.twin.ports import free_port
from tools.twin.vm_runner import HEAP_KB, VmTwin

S = charger.S
BASE = "mode3/M3-TWIN-0001/"


class Charger(charger.Charger):
    """The twin's charger. Keywords are settings, __ for the dot.

    turn_ms: how long a broker may be silent within a turn, in real time: the world stands still meanwhile. Only for one that never
    answers: a real one may be slow on a busy machine.
    """

    def __init__(self, test, broker_port, turn_ms=None, **settings):
        super().__init__(test, mqtt_port=broker_port if turn_ms is None else None)
        if turn_ms is not None:
            settings.update(mqtt__enabled=True, mqtt__host=settings.get("mqtt__host", "127.0.0.1"), mqtt__port=broker_port)
            self.at(0.8, lambda: self.be_impatient(turn_ms))
        if settings:
            self.at(0.9, lambda: self.app.settings.set_many({name.replace("__", "."): value for name, value in settings.items()}))

    def be_impatient(self, turn_ms):
        """From now on a broker may be silent so long, also one that is connected; real time, see above."""
        from firmware.services.mqtt import service
        service.TURN_MS = turn_ms
        for one in gc.get_objects():
            if type(one).__name__ == "DeadlineSocket":
                one._turn_ms = turn_ms

    def be_patient(self):
        """As it is by itself."""
        from firmware.services.mqtt import link
        self.be_impatient(link.TURN_MS)

    def fact(self, name="mqtt"):
        return super().fact(name)

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
                    self.clock.after(50_000, self.guarded(look))
        self.at(seconds, look)


class VmCharger(Charger):
    """The same with the firmware on MicroPython, in virtual time. Settings are changed by set(); there is no app to look into."""

    def __init__(self, test, broker_port):
        try:
            self._command = vm_command(HEAP_KB)
        except VmMissing as error:
            test.skipTest("no MicroPython VM: %s" % error)
        super().__init__(test, broker_port)

    def _make_twin(self, **more):
        return VmTwin(self.folder, free_port(), self._command, virtual=True, event=self.told.append, **more)

    def set(self, **settings):
        values = {name.replace("__", "."): value for name, value in settings.items()}
        return lambda: self.twin.visit("PUT", "/api/v1/settings", "admin", values)
