"""The whole firmware with a user who does anything, for many simulated hours: `python -m tools.twin.soak --help`.

A run is cut into chapters of some hours, each a charger of its own with a seed of its own: what breaks a rule is repeated by
`--seed` of its chapter. The rules are those of soak_watch.py and, from time to time, here: no task has died, ticks are in time,
memory is flat, the records hold the energy that the world's meter has seen, and a charger without faults charges by itself.
"""

import argparse
import asyncio
import contextlib
import gc
import io
import json
import os
import random
import socket
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

from tools.twin.clock import Halt
from tools.twin.runner import Twin
from tools.twin.soak_user import CEILINGS, FAULTS, MS, NORMAL_CAR, SANE, S, User
from tools.twin.soak_watch import Violation, Watch
from tools.twin.verbs import INPUTS

HOUR_US = 3_600 * S
CHAPTER_H = 4
STORY = 30                      # acts and edges shown when a rule is broken
EDGE_LIMIT_US = 60 * S          # so long an act waits for its edge
RECOVERS_US = 600 * S
SETTLES_US = 25 * S             # after an unplugging all records are written: the meter is waited for 10 s at most
LATENESS_MS = 30
MOST_TASKS = 20
GROWTH_PERCENT, GROWTH_OBJECTS = 3, 1_000
GOOD_RUN_US = 65 * S            # a start that lasted a minute counts as good
MOST_BAD_STARTS = 5             # boot.py gives up after eight
ENDS = {"watchdog": "reset:watchdog", "soft": "reset:soft", "power": "power_cut", "long_power": "power_cut",
        "restart": "reset:hard"}


class Request:
    """What the routes' handlers look at."""

    def __init__(self, method, path, body):
        self.method, self.path, self.body = method, path, body
        self.role, self.peer, self.headers, self.args = "admin", "127.0.0.1", {}, {}


class Chapter:
    """One charger and one user for `hours`; `acts` replaces the user by a list of (t_us, act)."""

    def __init__(self, seed, hours, acts=None, tick=None, out_of_time=lambda: False):
        self.seed = seed
        self.failure = None
        self.acts = []                  # (t_us, act), all of them: what a replay needs
        self.counts = dict.fromkeys(("acts", "boots", "closings", "calls", "refused", "calms", "audits", "loose_audits",
                                     "humans", "trips_locked"), 0)
        self.objects = []               # (hour, objects, tasks)
        self._rng = random.Random(seed)
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
        self._app = None
        self._audit_wh = 0
        self._audit_number = 0
        self._meter_trouble = False     # the register could not be read at some time since the last audit
        self._next_hour = 1

    # The run

    def run(self):
        """Play it; returns the Violation or None."""
        printed = io.StringIO()
        urandom, os.urandom = os.urandom, self._rng.randbytes
        try:
            with tempfile.TemporaryDirectory(prefix="mode3-soak-") as folder, socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
                probe.close()
                with contextlib.redirect_stderr(printed):
                    self.twin = Twin(Path(folder) / "flash", port, seed=self.seed, event=self._told)
                    self._begin()
                    how = self.twin.run()
                self.twin.close()
        finally:
            os.urandom = urandom
        if how == "exit" and self.failure is None:
            raise KeyboardInterrupt
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
        self._at(self.clock.now_us + 5 * S, self._minute)
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
        self.acts.append((self.clock.now_us, act))
        self.counts["acts"] += 1
        world = self.world
        if name == "ev":
            world.set_ev(argument)
        elif name == "house":
            world.set_house(argument)
        elif name == "fault":
            self._meter_trouble = self._meter_trouble or argument[0] == "meter_silent"
            world.set_fault(*argument)
        elif name == "button":
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
            Calm(self).begin()
        self.watch.look()

    def _expect_end(self, cause, within_us):
        self._expected_us[ENDS[cause]] = self.clock.now_us + within_us

    def _reset(self, cause):
        if not self.twin.powered or self.world.buttons["service"]:      # a button that is held asks for the safe mode
            return
        if cause in ("watchdog", "soft"):
            if self._bad_starts >= MOST_BAD_STARTS or self._app_now() is None:
                return
            self._bad_starts += 1
            self.watch.reset()
        else:
            self.watch.power_lost()
        self._expect_end(cause, 2 * S)
        if cause == "long_power":
            self.world.set_fault("power_cut", True)
            self._after(self._rng.randint(1, 120) * S, lambda: self.world.set_fault("power_cut", False))
        else:
            self.world.reset(cause)

    # Inside the firmware

    def _app_now(self):
        if not self.twin.powered:
            return None
        return getattr(sys.modules.get("firmware.app"), "current", None)

    def _in_the_firmware(self, fn):
        """fn(app) as a callback of the firmware's own loop, never amidst one of its tasks; left out while none runs."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        app = self._app_now()
        if app is None:
            return False

        def guarded():
            if self._app_now() is app and self.failure is None:
                try:
                    fn(app)
                except Violation as broken:
                    self._broken(broken)
                except Exception as error:
                    self._broken(Violation("call", "%s: %s" % (type(error).__name__, error)))
        loop.call_soon(guarded)
        return True

    def _command(self, app, name, args):
        self.counts["calls"] += 1
        if name == "restart":
            self._expect_end("restart", 30 * S)
        try:
            answer = app.station.command(name, args, "soak")
        except sys.modules["firmware.charging.commands"].CommandError:
            self.counts["refused"] += 1
            return
        self.counts["refused"] += answer["result"] != "accepted"
        self._stopped = self._stopped or name in ("stop", "unlock")

    def _call(self, method, path, body, done=None):
        """Ask a route of the firmware, as one of its tasks."""
        def start(app):
            before = {key: app.settings.get(key) for key in SANE}
            task = asyncio.get_running_loop().create_task(self._answer(app, Request(method, path, body), before, done))
            self._task = task           # the loop holds tasks by weak references only
        if path.endswith("commands/restart"):
            self._expect_end("restart", 30 * S)
        self._in_the_firmware(start)

    async def _answer(self, app, request, before, done):
        reply_module = sys.modules["firmware.services.web.reply"]
        sent = bytearray()

        async def write(data):
            sent.extend(data)
        self.counts["calls"] += 1
        try:
            row, rest = app.web._routes.find(request.method, request.path)
            reply = await row[3](request, rest)
            await reply.send(write, False, True)
            status = reply.status
        except reply_module.HttpError as error:
            status = error.status
            self.counts["refused"] += 1
        except Exception as error:
            self._broken(Violation("api", "%s %s %r raised %s: %s" % (request.method, request.path, request.body[:80],
                                                                    type(error).__name__, error)))
            return
        if status >= 500 and not (status == 503 and self.world.faults["flash_full"]):
            self._broken(Violation("api", "%s %s answers %d" % (request.method, request.path, status)))
        after = {key: app.settings.get(key) for key in SANE}
        self._settings_changed(app, before, after)
        if done is not None:
            done(status)

    def _settings_changed(self, app, before, after):
        from firmware.settings import schema
        for key in SANE:
            if before[key] != after[key] and "R" in schema.find(key)[6]:
                self._restart_due = True
        self._limit(app)

    def _limit(self, app):
        get = app.settings.get
        self.watch.limit(1000 * min(get("installation.fuse_a"), get("installation.cable_a"), get("charging.max_current_a"), 32))
        if get("meter.type") != SANE["meter.type"]:
            self._meter_trouble = True

    # What is looked at from time to time

    def _minute(self):
        self._after(5 * S, self._minute)
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
        self.counts["boots"] += 1
        self._restart_due = False
        self.watch.pe_monitored = bool(app.core.fitted.pe_monitor)
        self._limit(app)
        if [app.settings.get(key) for key in ("meter.address", "meter.baud")] != [SANE["meter.address"], SANE["meter.baud"]]:
            self._meter_trouble = True

    def _look(self, app):
        """The firmware's own health, and its memory once an hour."""
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
            self.objects.append((self.clock.now_us / HOUR_US, len(gc.get_objects()), tasks))
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
            if abs(seen_wh - told_wh) > allowed_wh:
                raise Violation("energy", "%d sessions hold %d Wh, the world's meter saw %.0f Wh" % (
                    len(rows), told_wh, seen_wh))
        self._audit_number = max(numbers + [self._audit_number])
        self._audit_wh = now_wh
        self._meter_trouble = self.world.faults["meter_silent"]

    def calm_is_over(self):
        self.counts["calms"] += 1
        self._stopped = self._busy = False
        if self._replay is None:
            self._plan()

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


class Calm:
    """All faults are taken away: the charger must charge by itself within ten minutes; where its fault table asks for a human,
    within ten minutes after what that human does."""

    def __init__(self, chapter):
        self._chapter = chapter
        self._clock, self._world = chapter.clock, chapter.world
        self._due_us = 0
        self._humans = 0
        self._restarted = False

    def begin(self):
        """Take the faults away."""
        world = self._world
        for name in FAULTS:
            world.set_fault(name, False)
        for name in INPUTS:
            world.set_input(name, False)
        world.set_house({"load_w": [500, 0, 0], "solar_w": 0, "voltage_v": [230, 230, 230]})
        if world.faults["power_cut"]:
            world.set_fault("power_cut", False)
        world.set_ev(NORMAL_CAR)
        self._chapter.watch.look()
        self._chapter._after(15 * S, self._settings)

    def _settings(self):
        """The owner's settings and orders, as an owner gives them."""
        chapter = self._chapter
        if chapter._app_now() is None:
            chapter._after(1 * S, self._settings)
            return
        body = json.dumps({key: SANE[key] for key in SANE}).encode()
        chapter._call("PUT", "/api/v1/settings", body, self._orders)

    def _orders(self, status):
        chapter = self._chapter
        if status != 200:
            raise Violation("recovery", "good settings are refused with %d" % status)
        if chapter._restart_due and not self._restarted:
            self._restarted = True
            chapter._in_the_firmware(lambda app: chapter._command(app, "restart", {}))
            chapter._after(30 * S, self._settings)
            return

        def give(app):
            for name in CEILINGS:
                chapter._command(app, "clear_ceiling", {"source": name})
            for row in app.station.ceilings.rows():
                if row["source"] not in ("board", "installation", "cable", "user", "asymmetry"):
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
        if self._world.mains.power_mw > 500_000:
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
        if "unplug" in self._ways() or "power_cycle" in self._ways():
            return True
        by_hand = any("clear" in way for way in self._ways())
        return app.station.stopped or by_hand and app.station.retries.left_s(app.station.now_ms) is None and \
            self._clock.now_us > self._due_us - RECOVERS_US + 30 * S

    def _human(self):
        """What the fault table asks for; what asks for nothing must go by itself."""
        chapter = self._chapter
        ways = self._ways()
        self._humans += 1
        if not self._needs_human() and self._humans < 3 or self._humans > 2:
            state = {}
            app = chapter._app_now()
            if app is not None:
                facts = app.station.facts()
                state = {name: facts[name] for name in ("overview_state", "session_state", "cp_state", "contactor", "offered_ma",
                                                        "limit_ma", "limited_by", "retry_in_s", "authorized", "availability")}
                state["trips"], state["held"] = app.core.trips, app.station.held
            raise Violation("recovery", "does not charge %d s after the last fault went; faults %s, %s" % (
                RECOVERS_US // S, [row[1] for row in self._faults()], state))
        chapter.counts["humans"] += 1
        if "power_cycle" in ways:
            chapter.watch.power_lost()
            chapter._expect_end("power", 2 * S)
            self._world.reset("power")
        else:
            self._world.set_ev({"plugged": False})
            chapter.watch.look()
            chapter._after(5 * S, lambda: self._world.set_ev({"plugged": True}))
        chapter._after(15 * S, self._settings)

    def _end(self):
        if self._chapter._rng.random() < 0.7:
            self._world.set_ev({"plugged": False})
            self._chapter.watch.look()
            self._chapter._after(SETTLES_US, self._audit)
        else:
            self._chapter.calm_is_over()

    def _audit(self):
        self._chapter._in_the_firmware(self._chapter.audit)
        self._chapter._after(100 * MS, self._chapter.calm_is_over)


def main(argv=None):
    """Returns 0 when every rule held, 1 when one was broken."""
    parser = argparse.ArgumentParser(prog="python -m tools.twin.soak", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--hours", type=float, help="simulated hours (default: as many as fit)")
    parser.add_argument("--minutes", type=float, help="most real minutes (default 6; with --hours without bound)")
    parser.add_argument("--seed", type=int, default=1, help="of the first chapter (default 1)")
    args = parser.parse_args(argv)
    minutes = args.minutes or (6 if args.hours is None else 1e6)
    begin = time.monotonic()
    hours = args.hours or 1e6
    done, chapters, failure, counts = 0.0, 0, None, {}

    def out_of_time():
        return time.monotonic() - begin > minutes * 60

    progress = _progress(args.hours, minutes, begin, lambda: done)
    while done < hours and not out_of_time() and failure is None:
        chapter = Chapter(args.seed + chapters, min(CHAPTER_H, hours - done), tick=progress, out_of_time=out_of_time)
        failure = chapter.run()
        done += chapter.clock.now_us / HOUR_US
        chapters += 1
        for name, count in chapter.counts.items():
            counts[name] = counts.get(name, 0) + count
    worst = ", ".join("%s %.1f ms" % (rule, us / 1000) for rule, us in chapter.watch.worst_us.items())
    print("\n%.1f h simulated in %d chapters and %.0f s: %s" % (done, chapters, time.monotonic() - begin, ", ".join(
        "%s %d" % (name.replace("_", " "), count) for name, count in counts.items())))
    print("longest reactions of the last chapter: " + worst)
    if failure is not None:
        print(chapter.story())
        print("again: python -m tools.twin.soak --seed %d --hours %g" % (chapter.seed, CHAPTER_H))
    place = os.environ.get("MODE3_REPORT")
    if place:
        Path(place).write_text(json.dumps({"passed": int(done), "failed": int(failure is not None), "skips": []}))
    return 1 if failure is not None else 0


def _progress(hours, minutes, begin, done):
    """A bar on a terminal, a line per simulated hour otherwise."""
    shown = [0]

    def tick(chapter):
        now_h = done() + chapter.clock.now_us / HOUR_US
        share = max(now_h / hours if hours else 0, (time.monotonic() - begin) / 60 / minutes)
        if sys.stdout.isatty():
            bar = "#" * int(30 * min(1, share))
            print("\r[%-30s] %6.1f h  %d acts " % (bar, now_h, chapter.counts["acts"]), end="", flush=True)
        elif int(now_h) > shown[0]:
            shown[0] = int(now_h)
            print("%4d h simulated, %4.0f s, %d acts in this chapter, %d closings" % (
                shown[0], time.monotonic() - begin, chapter.counts["acts"], chapter.watch.closings), flush=True)
    return tick


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, Halt):
        sys.exit(130)
