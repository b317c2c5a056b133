"""How soon the coil is off when the vehicle leaves C, in virtual time with device costs (tools/twin/costs.py), all connected.

The firmware runs on CPython as it is, no pause is shortened. Real clients ask while it runs, each in its own time, so that two runs
differ in what falls together; how long each thing takes does not depend on this machine.
"""
import sys
import tempfile

from host_tests.energy.pymodbus_meter import PymodbusMeter
from host_tests.services.mqtt.mosquitto import MOSQUITTO, Mosquitto
from tools.bench.busy import Busy
from tools.bench.charger import Failed
from tools.bench.kept import figures
from tools.bench.whole import CARD, CARD_EVERY_US, STRANGER, Cleanups, prepare
from tools.checks.mutants.progress import Progress
from tools.twin.ports import free_port
from tools.twin.runner import Twin

MS, S = 1000, 1_000_000
LOOK_US = 50 * MS
SEEN_US = 300 * MS          # until then the coil is off, or never
CHANGE_S = 10               # a change and what follows it take at most so long
PHASES_MS = 37
ASK_S = 0.01                # real seconds between two questions: an hour of the twin's takes a minute
LATE_MS = 100


class _Story:
    """Leaves C again and again; `found` in ms, `late` {ms: ticks}."""

    def __init__(self, twin, changes):
        self.found, self.late = [], {}
        self.error = None
        self._twin, self._changes = twin, changes
        self._clock, self._world = twin.clock, twin.world
        self._progress = Progress()
        self._clock.at(3 * S, self._arrive)
        self._clock.at((60 + changes * CHANGE_S) * S, twin.end)

    def _arrive(self):
        self._count_ticks()
        self._world.set_ev({"plugged": True, "state": "auto", "phases": 3, "max_current_a": 16, "soc": 0.2})
        self._world.present_card(CARD)
        self._clock.after(10 * S, self._stranger)
        self._wait_for_power()

    def _count_ticks(self):
        lateness, late = sys.modules["firmware.app"].current.lateness, self.late
        note = lateness.note

        def counting(late_ms, *more):
            late[late_ms] = late.get(late_ms, 0) + 1
            note(late_ms, *more)
        lateness.note = counting

    def _stranger(self):
        self._world.present_card(STRANGER)
        self._clock.after(CARD_EVERY_US, self._stranger)

    def _wait_for_power(self):
        if self._world.trace.last("contacts"):
            self._clock.after((500 + len(self.found) * PHASES_MS % 1000) * MS + len(self.found) * 7 % MS, self._leave)
        else:
            self._clock.after(LOOK_US, self._wait_for_power)

    def _leave(self):
        self._left_us = self._clock.now_us
        self._world.set_ev({"state": "B"})
        self._clock.after(SEEN_US, self._judge)

    def _judge(self):
        off_us = [t_us for t_us, signal, value in self._world.trace.edges(self._left_us) if (signal, value) == ("coil", False)]
        if not off_us:
            self.error = "the coil was on %d ms after the vehicle had left" % (SEEN_US // MS)
            self._twin.end()
            return
        self.found.append((off_us[0] - self._left_us) / MS)
        self._progress.show("virtual time", len(self.found), self._changes)
        if len(self.found) == self._changes:
            self._progress.end()
            self._twin.end()
            return
        self._world.set_ev({"state": "C"})
        self._clock.after(SEEN_US, self._wait_for_power)


def measure(changes):
    """{"changes", "ticks": figures in ms, "saw", "very_late"}. Raises Failed."""
    if MOSQUITTO is None:
        raise Failed("no mosquitto (a package of Debian and Homebrew)")
    with Cleanups() as cleanups:
        folder = cleanups.enter_context(tempfile.TemporaryDirectory())
        broker = Mosquitto(cleanups)
        twin = Twin(folder, free_port(), mqtt_port=broker.port, meter="none")
        cleanups.callback(twin.close)
        prepare(folder)
        meter = PymodbusMeter(twin)
        cleanups.callback(meter.close)
        story = _Story(twin, changes)
        busy = Busy(twin.http_port, broker.port, ASK_S)
        try:
            twin.run()
        finally:
            saw = dict(busy.end(), meter=meter.answers)
        if story.error or not story.found:
            raise Failed(story.error or "no change; %r" % saw)
        ticks = [ms for ms, count in sorted(story.late.items()) for _ in range(count)]
        return {"changes": figures(story.found), "ticks": figures(ticks), "saw": saw,
                "very_late": sum(count for ms, count in story.late.items() if ms > LATE_MS)}
