"""A charger with all that can be connected to it, at once: page and its stream, a script, a real broker and a peer there, a meter
made of pymodbus on a serial line, a card reader that sees cards, the twin's Wi-Fi, and a vehicle that charges."""
import contextlib
import json
import time

from host_tests.energy.pymodbus_meter import PymodbusMeter
from host_tests.services.mqtt.mosquitto import MOSQUITTO, Mosquitto
from tools.bench.busy import Busy
from tools.bench.charger import Charger, Failed
from tools.twin import cpython

CARD = "04A1B2C3D4E5F6"         # known, of somebody who may charge
STRANGER = "04C0FFEE000001"     # is refused, again and again
CARD_EVERY_US = 3_000_000
AGAIN_S = 4
CONNECTED = "page, stream, script, mosquitto, pymodbus, cards and Wi-Fi of the twin"


class Cleanups(contextlib.ExitStack):
    """What a helper of the tests wants of a test."""

    addCleanup = contextlib.ExitStack.callback


def prepare(flash):
    """On a flash that the twin has provisioned: access by local cards, and one that is known."""
    cpython.install()
    try:
        from firmware.access.card import Card
        from firmware.access.cards import CardStore
        from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
        from firmware.storage.atomic_file import AtomicFile
        store = Store(AtomicFile(flash + "/data/settings", FILE_KIND, FILE_VERSION))
        store.load()
        store.set_many({"access.mode": "local"})
        CardStore(flash + "/data/").add(Card(bytes.fromhex(CARD), "Somebody"))
    finally:
        cpython.uninstall()


class Whole(Charger):
    """A Charger (charger.py) with all of it. Raises Failed where mosquitto is missing."""

    def __init__(self, heap_kb=4096, build_folder=None, slowed=False, **more):
        if MOSQUITTO is None:
            raise Failed("no mosquitto (a package of Debian and Homebrew)")
        self._cleanups = Cleanups()
        try:
            self.broker = Mosquitto(self._cleanups)
            super().__init__(heap_kb, build_folder, slowed, mqtt_port=self.broker.port, meter="none", **more)
            prepare(self.flash)
            self.meter = PymodbusMeter(self.twin)
            self._closing.append(self.meter)
        except BaseException:
            self._cleanups.close()
            raise
        self._busy = None

    def play(self, story):
        try:
            return super().play(story)
        finally:
            busy, self._busy = self._busy, None
            if busy is not None:
                busy.kill()
            self._cleanups.close()

    def begin(self, limit_s=20):
        """Plugs in (plug_in()); from then on everybody is busy until end()."""
        self.wait_for_page(limit_s)
        self.plug_in(limit_s)
        self._busy = Busy(self.port, self.broker.port)
        self.call(self._show_stranger)

    def plug_in(self, limit_s=20):
        """Plugs in, shows the card and waits for power."""
        world = self.twin.world
        self.call(lambda: world.set_ev({"plugged": True, "state": "auto", "phases": 3, "max_current_a": 16, "soc": 0.2}))
        end = time.monotonic() + limit_s
        while json.loads(self.ask("api/v1/status"))["session_state"] in ("none", "waiting_authorization"):
            if time.monotonic() > end:
                raise Failed("nobody was let in within %d s" % limit_s)
            self.call(lambda: world.present_card(CARD))     # a reader that is late misses one: a person shows it again
            time.sleep(AGAIN_S)
        self.wait_until(self.coil, "power", limit_s)

    def plug_in_again(self, limit_s=20):
        """What an owner does whose charger stopped: unplugs, waits until it is seen, and begins anew."""
        self.call(lambda: self.twin.world.set_ev({"plugged": False}))
        end = time.monotonic() + limit_s
        while json.loads(self.ask("api/v1/status"))["session_state"] != "none":
            if time.monotonic() > end:
                raise Failed("the unplugging was not seen within %d s" % limit_s)
            time.sleep(AGAIN_S)
        self.plug_in(limit_s)

    def _show_stranger(self):
        if self._busy is not None:
            self.twin.world.present_card(STRANGER)
            self.twin.clock.after(CARD_EVERY_US, self._show_stranger)

    def end(self):
        """Those who were busy stop; what they saw, and how often the meter answered ("meter"). Failed when one saw nothing."""
        busy, self._busy = self._busy, None
        found = dict(busy.end(), meter=self.meter.answers)
        for what in ("answers", "events", "told", "results", "meter"):
            if not found[what]:
                raise Failed("not everything was connected: %r" % found)
        return found
