"""The work of updates replaced by short words, and what the wiring lends set by hand."""
import unittest

from firmware.services import updates as module
from firmware.services.ota import work
from firmware.services.ota.refusal import UpdateError
from firmware.services.updates import STATES, Updates
from firmware.storage import files
from host_tests.services.web.harness import run
from host_tests.storage.scratch import Scratch

SETTINGS = {"update.url": "http://server/", "update.mode": "install", "update.hour": 3}


class Offered:
    """A manifest as far as Updates looks at it."""

    def __init__(self, version):
        self.version, self.date, self.notes = version, "2026-11-20", "Better."


class Charger:
    """What the wiring lends, with everything to be set by hand."""

    version, family, boot, moduli, slot = "1.0.0", "esp32", 0, None, "a"

    def __init__(self):
        self.rolled_back = self.trial = False
        self.whole = self.writable = True
        self.stop = self.minute = self.refuse = None
        self.spread = 20
        self.activated = 0
        self.restarts, self.notes, self.shown = [], [], []

    def ticks_ms(self):
        return 0

    def utc_s(self):
        return 1800000000

    def may_write(self):
        return self.writable

    def obstacle(self):
        return self.stop

    def on_trial(self):
        return self.trial

    def other_is_whole(self):
        return self.whole

    def activate(self):
        if self.refuse:
            raise self.refuse
        self.activated += 1

    def restart(self, reason):
        self.restarts.append(reason)

    def minute_of_day(self):
        return self.minute

    def random(self, below):
        return min(self.spread, below - 1)

    def show(self, on):
        self.shown.append(on)

    def note(self, result, version, detail):
        self.notes.append((result, version))

    def error(self, where, error):
        self.notes.append((where, error))


class Case(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.root = self.scratch.folder
        files.make_folders(self.root + "data")
        self.charger = Charger()
        self.server = Offered("1.1.0")       # what it offers, or an error
        self.asked = []
        self.real = work.look, work.fetch, module.OnDemand.forget
        module.OnDemand.forget = lambda parts: None        # else a device loads the real ones again
        work.look, work.fetch = self.look, self.fetch
        self.fetching = None                 # what goes wrong with the fetching
        self.updates = self.started()

    def tearDown(self):
        work.look, work.fetch, module.OnDemand.forget = self.real
        self.scratch.close()

    def started(self, **settings):
        found = Updates(self.root, self.charger, None)
        values = dict(SETTINGS)
        values.update([("update." + name, value) for name, value in settings.items()])
        found.apply(lambda key: values[key])
        found.settle()
        return found

    async def look(self, server, target, moduli=None):
        self.asked.append("look")
        return self.judged(target)

    def judged(self, target):
        if isinstance(self.server, str):
            raise UpdateError(self.server)
        if self.server.version in target.failed and not target.older:
            raise UpdateError("failed_before")
        return self.server

    async def fetch(self, source, target, root, running, allowed, progress, moduli=None):
        self.asked.append("fetch")
        allowed()
        found = self.judged(target)
        progress(50)
        if self.fetching:
            raise self.fetching
        return found

    def seconds(self, count):
        async def main():
            for _ in range(count):
                await self.updates.step()
        run(main())

    def state(self):
        fact = self.updates.fact()
        self.assertIn(fact["state"], STATES)
        return fact["state"], fact["version"], fact["reason"]
