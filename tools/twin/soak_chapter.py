"""One charger and one user for some simulated hours, with what is looked at from time to time."""

import asyncio
import contextlib
import gc
import io
import json
import os
import random
import tempfile
from collections import deque
from pathlib import Path

from tools.twin.ports import free_port
from tools.twin.runner import Twin
from tools.twin.soak_broker import HOST, Broker
from tools.twin.soak_calm import Calm
from tools.twin.soak_faults import KINDS
from tools.twin.soak_heap import reached
from tools.twin.soak_inner import Inner
from tools.twin.soak_inside import Inside
from tools.twin.soak_trial import Trial
from tools.twin.soak_user import SANE, S, User
from tools.twin.soak_watch import Violation, Watch

HOUR_US = 3_600 * S
STORY = 30                      # acts and edges shown when a rule is broken
EDGE_LIMIT_US = 60 * S          # so long an act waits for its edge
LOOK_US = 5 * S                 # between two looks at the firmware
LATENESS_MS = 30
MOST_TASKS = 20
GROWTH_PERCENT, GROWTH_OBJECTS = 3, 1_000
GOOD_RUN_US = 65 * S            # a start that lasted a minute counts as good
MOST_BAD_STARTS = 5             # boot.py gives up after eight
ENDS = {"watchdog": "reset:watchdog", "soft": "reset:soft", "power": "power_cut", "long_power": "power_cut",
        "restart": "reset:hard"}
BAD_ENDS = ("reset:watchdog", "reset:soft", "reset:hard")


class Chapter(Inside):
    """One charger and one user for `hours`; `acts` replaces the user by a list of (t_us, act)."""

    def __init__(self, seed, hours, acts=None, tick=None, out_of_time=lambda: False):
        self.seed = seed
        self.failure = None
        self.acts = []                  # (t_us, act), all of them: what a replay needs
        self.counts = dict.fromkeys(("acts", "boots", "closings", "calls", "refused", "calms", "audits", "loose_audits",
                                     "humans", "trips_locked"), 0)
        self.objects = []               # (hour, objects, tasks)
        self._rng = random.Random(seed)
        self.replays = acts is not None
        self._replay = None if acts is None else deque(acts)
        self._end_us = int(hours * HOUR_US)
        self._tick = tick or (lambda chapter: None)
        self._out_of_time = out_of_time
        self._expected_us = {}          # how a boot may end -> until when
        self._boot_us = 0
        self._bad_starts = 0
        self._busy = False              # a calm is under way
        self._armed = None              # (signal, delay_us, act)
        self._stopped = False           # somebody asked the charger to wait: it may
        self._restart_due = False       # a setting was changed that acts after a restart only
        self._app = self._task = None
        self._audit_wh = 0
        self._audit_number = 0
        self._meter_trouble = False     # the register could not be read at some time since the last audit
        self._next_hour = 1
        self.inner = Inner(self)
        self.trial = None               # the Trial that is under way
        self.broker = Broker()
        self.sane = dict(SANE, **{"mqtt.enabled": True, "mqtt.host": HOST, "mqtt.port": self.broker.port})
        self._calm = None
        self._deck = []
        self.faults = {}                # kind of fault -> its counts
        self.rotten = False             # a bit has turned over in some file: records may be damaged

    # The run

    def run(self):
        """Play it; returns the Violation or None."""
        printed = io.StringIO()
        urandom, os.urandom = os.urandom, self._rng.randbytes
        try:
            with tempfile.TemporaryDirectory(prefix="mode3-soak-") as folder:
                self.folder = Path(folder) / "flash"
                self.broker.start()
                with contextlib.redirect_stderr(printed):
                    self.twin = Twin(self.folder, free_port(), seed=self.seed, event=self._told, mqtt_port=self.broker.port)
                    try:
                        self._begin()
                        how = self.twin.run()
                    finally:
                        self.twin.close()
        finally:
            os.urandom = urandom
            self.broker.stop()
        if how == "exit" and self.failure is None:
            raise KeyboardInterrupt
        self._app = self._task = None           # the last boot's objects go now, not when the interpreter ends
        self.printed = printed.getvalue()
        self.counts["closings"], self.counts["trips_locked"] = self.watch.closings, self.watch.locks
        if self.failure is None:
            self._judge_memory()
        return self.failure

    def _begin(self):
        self.clock, self.world = self.twin.clock, self.twin.world
        self.clock.ticks_offset_ms = (1 << 30) - self._rng.randint(0, 2 * 3_600_000)       # the ticks wrap early in the run
        self.user = User(self._rng)
        self.watch = Watch(self.twin, self._broken)
        self.watch.limit(16_000)
        self.world.trace.subscribe(self._edge)
        self._at(self.clock.now_us + LOOK_US, self._from_time_to_time)
        self._at(self._end_us, self.twin.end)
        if self._replay is None:
            self._plan()
        else:
            for t_us, act in self._replay:
                self._at(t_us, lambda act=act: self._do(act))

    def _at(self, t_us, fn):
        """Run fn as an event; what it raises ends the chapter."""
        def guarded():
            if self.failure is None:
                try:
                    fn()
                except Violation as broken:
                    self._broken(broken)
                except Exception as error:      # in an event of the clock, amidst the firmware: nothing may escape
                    self._broken(Violation("soak", "%s: %s" % (type(error).__name__, error)))
        self.clock.at(t_us, guarded)

    def _after(self, us, fn):
        self._at(self.clock.now_us + us, fn)

    def _broken(self, violation):
        if self.failure is None:
            self.failure = violation
            self.failed_us = self.clock.now_us
            self.edges = self.world.trace.edges()[-STORY:]
            with contextlib.suppress(Exception):
                self.faults_then = [row[0][1] for row in self._app.station.faults.rows()]
            self.twin.end()

    def _told(self, text):
        """The twin says what happens to the board."""
        if not text.startswith("firmware ended: "):
            return
        how = text[len("firmware ended: "):]
        self._app = None
        if self.clock.now_us > self._expected_us.get(how, -1):
            self._broken(Violation("alive", "the firmware ended by itself: " + how))
        if self.clock.now_us - self._boot_us > GOOD_RUN_US:
            self._bad_starts = 0
        if how in BAD_ENDS:
            self._bad_starts += 1
            self.watch.reset()
        self._boot_us = self.clock.now_us

    # The user

    def _plan(self):
        if self._busy:
            return
        pause_us, signal, act = self.user.next(self.world.ev.plugged)
        if signal is None:
            self._after(pause_us, lambda: self._next(act))
        else:
            self._armed = armed = (signal, pause_us, act)
            self._after(EDGE_LIMIT_US, lambda: self._fire(armed, 0))

    def _edge(self, t_us, signal, value):
        if self.trial is not None:
            self.trial.edge(signal, value)
        if self._armed is not None and self._armed[0] == signal:
            self._fire(self._armed, self._armed[1])

    def _fire(self, armed, delay_us):
        if self._armed is armed:
            self._armed = None
            self._after(delay_us, lambda: self._next(armed[2]))

    def _next(self, act):
        self._do(act)
        self._plan()

    def _do(self, act):
        """Carry out an act now."""
        name, argument = act
        if name == "inner":
            argument = self.inner.resolve(*argument)
            act = name, argument
        self.acts.append((self.clock.now_us, act))
        self.counts["acts"] += 1
        world = self.world
        if name == "ev":
            world.set_ev(argument)
        elif name == "house":
            world.set_house(argument)
        elif name == "fault":
            self._meter_trouble = self._meter_trouble or argument[0].startswith("meter_")
            world.set_fault(*argument)
        elif name == "button":
            if argument[0] == "service" and argument[1] >= 2000:          # a long press of it restarts the charger
                self._expect_end("restart", argument[1] * 1000 + 30 * S)
            world.press_button(*argument)
        elif name == "input":
            world.set_input(*argument)
        elif name == "card":
            world.present_card(argument)
        elif name == "utc":
            self.twin.set_utc(argument)
        elif name == "reset":
            self._reset(argument)
        elif name == "command":
            self._in_the_firmware(lambda app: self._command(app, *argument))
        elif name == "settings":
            self._call("PUT", "/api/v1/settings", json.dumps(argument).encode())
        elif name == "get":
            self._call("GET", argument, b"")
        elif name == "body":
            self._call(*argument)
        elif name == "calm":
            self._busy = True
            self._calm = Calm(self)
            self._calm.begin()
        elif name == "inner":
            self.inner.begin(*argument)
        elif name == "trial":
            self.trial = Trial(self, *argument)
        self.watch.look()

    def _expect_end(self, cause, within_us):
        self.expect_bad_end(ENDS[cause], within_us)

    def _reset(self, cause):
        if not self.twin.powered or self.world.buttons["service"]:      # a button that is held asks for the safe mode
            return
        if cause in ("watchdog", "soft"):
            if not self.may_end_badly() or self._app_now() is None:
                return
            self.watch.reset()
        else:
            self.watch.power_lost()
        self._expect_end(cause, 2 * S)
        if cause == "long_power":
            self.world.set_fault("power_cut", True)
            self._after(self._rng.randint(1, 120) * S, lambda: self.world.set_fault("power_cut", False))
        else:
            self.world.reset(cause)

    # What Inner and Trial ask for

    def may_end_badly(self):
        """boot.py gives up after some bad starts in a row."""
        return self._bad_starts < MOST_BAD_STARTS

    def expect_bad_end(self, how, within_us):
        """The firmware may end this way within that time."""
        self._expected_us[how] = max(self._expected_us.get(how, 0), self.clock.now_us + within_us)

    def books_are_off(self):
        """The records may differ from what the world's meter has seen since the last audit."""
        self._meter_trouble = True

    def counts_of(self, kind):
        """The counts of a kind of fault."""
        return self.faults.setdefault(kind, {"begun": 0, "trials": 0, "opened": 0, "told": 0, "asked": 0, "longest_s": 0})

    def next_kind(self):
        """Name of the next kind of fault to try: all of them by turns, in any order; device calls are of many kinds themselves."""
        if not self._deck:
            self._deck = [kind.name for kind in KINDS] + 2 * ["device call raises"]
            self._rng.shuffle(self._deck)
        return self._deck.pop()

    def trial_is_over(self, went):
        """The fault did no harm (went), or could not be tried."""
        self.trial = None
        if not self.replays:
            self._calm.after_trial(went)

    # What is looked at from time to time

    def _from_time_to_time(self):
        self._after(LOOK_US, self._from_time_to_time)
        if self._out_of_time():
            self.twin.end()
            return
        app = self._app_now()
        if app is not None and app is not self._app:
            self._in_the_firmware(self._new_boot)
        elif app is not None and self.clock.now_us - self._boot_us > 120 * S:
            self._in_the_firmware(self._look)
        self._tick(self)

    def _new_boot(self, app):
        self._app = app
        self.inner.booted()
        self.counts["boots"] += 1
        self._restart_due = False
        self.watch.pe_monitored = bool(app.core.fitted.pe_monitor)
        self._limit(app)
        if any(app.settings.get(key) != self.sane[key] for key in ("meter.address", "meter.baud")):
            self._meter_trouble = True

    def _look(self, app):
        """The firmware's own health, and its memory once an hour."""
        if self.inner.spoilt:
            return
        for task in app.supervisor.fact():
            if task["last_error"] is not None:
                raise Violation("tasks", "%(name)s died: %(last_error)s" % task)
        if app.station.failures or app.errors or app.board.errors:
            raise Violation("errors", "%s %s %s" % (app.station.failures, app.errors, app.board.errors))
        if app.records.last_error and not app.records.last_error.startswith("OSError"):
            raise Violation("records", app.records.last_error)
        p99_ms = app.lateness.percentile_ms(990)
        if p99_ms > LATENESS_MS:
            raise Violation("lateness", "p99 is %d ms" % p99_ms)
        if self.clock.now_us >= self._next_hour * HOUR_US:
            self._next_hour = self.clock.now_us // HOUR_US + 1
            gc.collect()
            tasks = len(asyncio.all_tasks())
            self.objects.append((self.clock.now_us / HOUR_US, sum(1 for _ in reached(app)), tasks))
            if tasks > MOST_TASKS:
                raise Violation("tasks", "%d tasks are alive" % tasks)

    def _judge_memory(self):
        half = len(self.objects) // 2
        if half:
            first, second = (min(row[1] for row in rows) for rows in (self.objects[:half], self.objects[half:]))
            if second - first > first * GROWTH_PERCENT // 100 + GROWTH_OBJECTS:
                self.failed_us, self.edges = self.clock.now_us, []
                self.failure = Violation("memory", "objects grow: " + ", ".join("%.1f h %d" % row[:2] for row in self.objects))

    def audit(self, app):
        """Nobody is plugged, all is written: the records must hold what the world's meter has seen since the last time."""
        rows = [row for row in app.records.sessions.page(0, 200, {}) if row["number"] > self._audit_number]
        now_wh = self.world.mains.energy.mwh / 1000
        seen_wh, told_wh = now_wh - self._audit_wh, sum(row["energy_wh"] for row in rows)
        numbers = [row["number"] for row in rows]
        if len(set(numbers)) != len(numbers):
            raise Violation("records", "session numbers are there twice: %s" % numbers)
        if self._meter_trouble:
            self.counts["loose_audits"] += 1
        else:
            self.counts["audits"] += 1
            allowed_wh = 20 + seen_wh / 100 + 2 * len(rows)
            if not -allowed_wh <= seen_wh - told_wh <= allowed_wh:
                raise Violation("energy", "%d sessions hold %d Wh, the world's meter saw %.0f Wh" % (
                    len(rows), told_wh, seen_wh))
        self._audit_number = max(numbers + [self._audit_number])
        self._audit_wh = now_wh
        self._meter_trouble = any(self.world.faults[name] for name in self.world.faults if name.startswith("meter_"))

    def calm_is_over(self):
        self.counts["calms"] += 1
        self._stopped = self._busy = False
        if self._replay is None:
            self._plan()

    def figures(self):
        """What is kept of the chapter, as plain data."""
        return {"hours": round(self.clock.now_us / HOUR_US, 3), "faults": self.faults,
                "counts": dict(self.counts, published=self.broker.messages),
                "worst_ms": {rule: us / 1000 for rule, us in self.watch.worst_us.items()},
                "memory": [[round(hour, 2), objects, tasks] for hour, objects, tasks in self.objects]}

    # When it went wrong

    def story(self):
        """Seed, time, the last acts and edges."""
        lines = ["%s" % self.failure, "seed %d, at %.3f s" % (self.seed, self.failed_us / S)]
        if getattr(self, "faults_then", None):
            lines.append("faults told: " + ", ".join(self.faults_then))
        lines.append("last acts:")
        lines += ["  %12.3f s  %s %s" % (t_us / S, act[0], act[1]) for t_us, act in self.acts[-STORY:]]
        lines.append("last edges:")
        lines += ["  %12.3f s  %s %s" % (t_us / S, signal, json.dumps(value)) for t_us, signal, value in self.edges]
        if self.printed:
            lines.append("printed:")
            lines += ["  " + line for line in self.printed.splitlines()[-20:]]
        return "\n".join(lines)
