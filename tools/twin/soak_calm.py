"""The end of trouble: all faults are taken away, and the charger must charge again."""

import json
import sys

from tools.twin.soak_faults import draw
from tools.twin.soak_look import charges, persons_way, state_of
from tools.twin.soak_user import CEILINGS, FAULTS, MS, NORMAL_CAR, S
from tools.twin.soak_watch import Violation
from tools.twin.verbs import INPUTS

RECOVERS_US = 600 * S
TRIALS = 3                      # faults inside the charger in each calm
SETTLES_US = 25 * S             # after an unplugging all records are written: the meter is waited for 10 s at most
ANSWERS_US = 30 * S             # then the charger is asked again: it may have restarted amidst the question


class Calm:
    """All faults are taken away: the charger must charge by itself within ten minutes; where its fault table asks for a human,
    within ten minutes after what that human does."""

    def __init__(self, chapter):
        self._chapter = chapter
        self._clock, self._world = chapter.clock, chapter.world
        self._due_us = 0
        self._asked = 0                 # number of the question that waits for its answer; 0: none does
        self._questions = 0
        self._humans = 0
        self._restarted = False
        self._trials = 0
        self._audits = 0

    def begin(self):
        """Take the faults away."""
        world = self._world
        self._chapter.inner.clear()
        for name in FAULTS:
            world.set_fault(name, False)
        for name in INPUTS:
            world.set_input(name, False)
        world.set_house({"load_w": [500, 0, 0], "solar_w": 0, "voltage_v": [230, 230, 230]})
        if world.faults["power_cut"]:
            world.set_fault("power_cut", False)
        world.set_ev(NORMAL_CAR)
        self._chapter.watch.look()
        self._settle(15 * S)

    def _settle(self, after_us):
        """So much later the owner's settings and orders are given, and must be taken in time."""
        self._due_us = self._clock.now_us + after_us + RECOVERS_US
        self._chapter._after(after_us, self._settings)

    def _settings(self):
        """The owner's settings and orders, as an owner gives them."""
        chapter = self._chapter
        if self._clock.now_us > self._due_us:
            raise Violation("recovery", "takes no settings %d s after the last fault went; %s" % (
                RECOVERS_US // S, state_of(chapter)))
        if chapter._app_now() is None:
            chapter._after(1 * S, self._settings)
            return
        # a showroom forgets its settings when it ends: it ends first
        chapter._in_the_firmware(lambda app: chapter._command(app, "service_mode", {"mode": "normal"}))
        chapter._after(1 * S, self._set)

    def _set(self):
        chapter = self._chapter
        if chapter._app_now() is None:
            self._settings()
            return
        body = json.dumps(chapter.sane).encode()
        self._questions += 1
        self._asked = number = self._questions
        chapter._call("PUT", "/api/v1/settings", body, lambda status: self._answered(number, status))
        chapter._after(ANSWERS_US, lambda: self._answered(number, None))

    def _answered(self, number, status):
        """To the question of that number, while it waits; status None: it was not answered."""
        if self._asked == number:
            self._asked = 0
            if status is None:
                self._settings()
            else:
                self._orders(status)

    def _orders(self, status):
        chapter = self._chapter
        if status != 200:
            raise Violation("recovery", "good settings are refused with %d" % status)
        if chapter._restart_due and not self._restarted:
            self._restarted = True
            chapter._in_the_firmware(lambda app: chapter._command(app, "restart", {}))
            self._settle(30 * S)
            return

        def give(app):
            chapter._command(app, "mode", {"mode": "immediate"})
            for name in CEILINGS:
                chapter._command(app, "clear_ceiling", {"source": name})
            for row in app.station.ceilings.rows(app.station.now_ms):
                if row["by"] is not None:
                    chapter._command(app, "clear_ceiling", {"source": row["source"]})
            chapter._command(app, "availability", {"operative": True})
            chapter._command(app, "phases", {"phases": 3})
            if app.station.stopped or app.station.start_delay_ms:
                chapter._command(app, "start", {})
        chapter._in_the_firmware(give)
        self._due_us = self._clock.now_us + RECOVERS_US
        chapter._after(1 * S, self._wait)

    def _wait(self):
        chapter = self._chapter
        if charges(chapter):
            chapter._after(chapter._rng.choice((5, 20, 60, 200, 900)) * S, self._end)
        elif self._clock.now_us > self._due_us or self._needs_human():
            self._human()
        else:
            chapter._after(1 * S, self._wait)

    def _faults(self):
        app = self._chapter._app_now()
        return [] if app is None else [row[0] for row in app.station.faults.rows()]

    def _ways(self):
        """The words of the fault table's column "cleared by", for what is wrong now."""
        column = sys.modules["firmware.charging.faults"].CLEARED
        return [row[column] for row in self._faults()]

    def _needs_human(self):
        """Faults that nobody but a human ends: latched ones, and those whose retries are used up."""
        app = self._chapter._app_now()
        if app is None or self._humans >= 2:
            return False
        if persons_way(app) is not None:
            return True
        by_hand = any("clear" in way for way in self._ways())
        return app.station.stopped or by_hand and app.station.retries.left_s(app.station.now_ms) is None and \
            self._clock.now_us > self._due_us - RECOVERS_US + 30 * S

    def _human(self):
        """What the fault table asks for; what asks for nothing must go by itself."""
        chapter = self._chapter
        ways = self._ways()
        self._humans += 1
        if not self._needs_human():
            raise Violation("recovery", "does not charge %d s after the last fault went; %s" % (
                RECOVERS_US // S, state_of(chapter)))
        chapter.counts["humans"] += 1
        if "power_cycle" in ways:
            chapter.watch.power_lost()
            chapter._expect_end("power", 2 * S)
            self._world.reset("power")
        elif "restart" in ways and chapter._app_now() is not None and persons_way(chapter._app_now()) == "restart":
            chapter._in_the_firmware(lambda app: chapter._command(app, "restart", {}))
        else:
            self._world.set_ev({"plugged": False})
            chapter.watch.look()
            chapter._after(5 * S, lambda: self._world.set_ev({"plugged": True}))
        self._settle(15 * S)

    def _end(self):
        """The books are looked at; then come some faults inside the charger, one by one, while it charges in peace."""
        chapter = self._chapter
        if self._audits < 2:
            self._audits += 1
            self._world.set_ev({"plugged": False})
            chapter.watch.look()
            chapter._after(SETTLES_US, self._audit)
        elif self._trials < TRIALS and not chapter.replays:
            self._trials += 1
            chapter._do(("trial", draw(chapter._rng, chapter.next_kind())))
        elif self._trials:
            self._trials = 0
            self._world.set_ev({"plugged": False})
            chapter._after(SETTLES_US, self._close_the_books)
        else:
            chapter.calm_is_over()

    def _close_the_books(self):
        """What the trials did to them is no affair of the next look."""
        self._chapter._in_the_firmware(self._chapter.audit)
        self._chapter._after(100 * MS, self._chapter.calm_is_over)

    def after_trial(self, went):
        """What it did to the settings, and what it left to people, is put right before the next."""
        self._humans = 0
        self._restarted = False
        if went and not self._chapter.rotten:
            self._end()
        else:
            self._chapter.rotten = False
            self._settle(0)

    def _audit(self):
        """The first look may be at what users did to the meter; a charge in peace follows, and its energy must be told."""
        self._chapter._in_the_firmware(self._chapter.audit)
        self._chapter._after(100 * MS, self._end if self._audits > 1 else self._plug)

    def _plug(self):
        self._world.set_ev({"plugged": True})
        self._due_us = self._clock.now_us + RECOVERS_US
        self._wait()
