"""A whole charger on the twin in virtual time, and a script of events."""
import shutil
import sys
import tempfile

from tools.twin.ports import free_port
from tools.twin.runner import Twin

MS = 1000
S = 1_000_000


class Charger:
    """at(seconds, fn) runs fn between two events; run(until) plays it to the end."""

    def __init__(self, test, **more):
        self.folder = tempfile.mkdtemp()
        test.addCleanup(shutil.rmtree, self.folder)
        self.told = []
        self.twin = self._make_twin(**more)
        test.addCleanup(self.twin.close)
        self.clock, self.world, self.trace = self.twin.clock, self.twin.world, self.twin.world.trace
        self.error = None

    def _make_twin(self, **more):
        return Twin(self.folder, free_port(), event=self.told.append, **more)

    @property
    def app(self):
        return sys.modules["firmware.app"].current

    def fact(self, name):
        return self.twin.facts(name)

    def guarded(self, fn):
        """fn for an event: what it raises is kept for the test, the boot shall not see it."""
        def run():
            try:
                fn()
            except Exception as error:
                self.error = self.error or error
                self.twin.end()
        return run

    def at(self, seconds, fn):
        self.clock.at(int(seconds * S), self.guarded(fn))

    def ev(self, **values):
        return lambda: self.world.set_ev(values)

    def run(self, seconds):
        self.clock.at(int(seconds * S), self.twin.end)
        self.twin.run()
        if self.error is not None:
            raise self.error
        return self

    def edges(self, signal, value, since_us=0):
        return [t_us for t_us, name, now, in self.trace.edges(since_us) if (name, now) == (signal, value)]

    def sessions(self):
        """What the records hold, newest first: to be asked while the firmware runs."""
        records = self.app.records
        return records.sessions.page(0, 10, records.stamper.references())
