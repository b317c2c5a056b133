"""Scenarios: stories in `*.scn` files, one verb of the bench per line, with `expect` lines that say what must be seen.

    # a comment
    plug soc=0.5 phases=3           the car arrives (fields as in the bench's /api/ev)
    unplug
    ev state=B                      what the car asks for, or anything else of it
    card 04A1B2C3D4E5F6
    house load_w=500,0,0 solar_w=4000
    fault weld on                   or off
    button service for 2 s
    input dim on
    time 2026-11-20T12:00:00Z
    wait 2 s                        ms, s, min, h: at the twin's pace
    advance 1 h                     as fast as the host can; not with a firmware that runs in real time (--vm)
    set installation.phases 1       a setting, through the charger's own API; several: set KEY VALUE KEY VALUE
    set charging.min_current_a 5 refused bad_value
    command stop                    likewise a command, with field=value or {"json": "object"}; it must be accepted
    command unlock refused no_lock
    command set_ceiling source=mqtt limit_ma=8000 from mqtt
    call POST /api/v1/pin {"pin": "1234"} as anybody refused wrong_pin
    expect charger.cp_state is C within 3 s
    expect world.contactor.closed is false for 5 s
    expect charger.faults has unplugged_in_charge within 2 s for 5 s
    expect charger.faults.diode.advice is fault.diode
    expect trace coil false within 50 ms of ev_state A
    expect trace ev_state C then coil true within 3 s then contacts true after 10 ms within 50 ms
    expect trace no contacts true since fault pe_lost
    reboot                          power; or: reboot watchdog, reboot soft
    include other.scn

`charger.…` is a fact of GET /api/v1/status, `world.…` a value of the bench's /api/state; `is`, `is not`, <, <=, >, >= compare,
`has` and `lacks` look into lists. A name after a list finds its member of that name, source, place or code, a number its member
of that number. `within T`: it must become so in that time; `for T`: it must stay so all along; both: the first, then the other.
`set`, `command` and `call` (any other path of the API) act with the installer's rights, `as user` with the owner's, `as anybody`
with those of somebody who has not logged in; where a setting acts only after a restart, the
charger is restarted in order and the story goes on when it answers again. A file is read to its end before anything starts.
"""

import json

from tools.twin.orders import order
from tools.twin.runner import NotNow
from tools.twin.scenario_lines import COMPARE, ScenarioError, read

__all__ = ["Failed", "Play", "ScenarioError", "read"]

POLL_US = 10_000
SHOWN_EDGES = 12
ANSWER_US = 15_000_000          # a charger that is there answers by then
RESTART_US = 40_000_000         # a charge that ends in order first takes up to 15 s, then comes the start
FIRST_READING_US = 3_000_000    # of the pilot, after a restart
MEMBER_KEYS = ("name", "source", "place", "code")


class Failed(Exception):
    """An expectation that was not met; the text tells the whole story."""


class Play:
    """A scenario under way on a twin. `done(failure)` is called at its end with None or the story of what failed.

    `tell(text)` hears each line as it begins. `progress(number, steps, step)` too, counted from 0, and once with number ==
    steps when all is well. Both are called in the clock's thread, in the middle of things: they must be short. `undo` is a dict
    or None; a dict is filled with the values that settings had before the story changed them."""

    def __init__(self, twin, steps, done, tell=None, progress=None, undo=None):
        self._twin = twin
        self._steps = steps
        self._done = done
        self._tell = tell or (lambda text: None)
        self._progress = progress or (lambda number, steps, step: None)
        self._undo = undo
        self._step = None
        self._stopped = False
        self._wait = None           # the clock's event that goes on
        self._story = self._run()

    def start(self):
        """Begin at the clock's next event."""
        self._wait = self._twin.clock.after(0, self._resume)

    def stop(self):
        """Leave the story where it is, also amidst a long wait; done() is called with "stopped" at the clock's next event."""
        if self._wait is not None and not self._stopped:
            self._twin.clock.cancel(self._wait)
            self._wait = self._twin.clock.after(0, self._resume)
        self._stopped = True

    def _resume(self):
        """Runs as an event of the clock, in the middle of whatever the firmware does: nothing may escape."""
        self._wait = None
        if self._stopped:
            self._story.close()
            self._done("stopped")
            return
        try:
            wait = next(self._story)
        except StopIteration:
            self._done(None)
        except Failed as exc:
            self._done(str(exc))
        except Exception as exc:
            self._done(f"{self._step.where}: {self._step.text}\n  the twin failed: {type(exc).__name__}: {exc}")
        else:
            if isinstance(wait, tuple):
                self._twin.pace.advance(wait[1], self._resume)
            else:
                self._wait = self._twin.clock.after(wait, self._resume)

    def _run(self):
        for number, step in enumerate(self._steps):
            self._step = step
            self._tell(step.text)
            self._progress(number, len(self._steps), step)
            yield from step.act(self)
        self._progress(len(self._steps), len(self._steps), None)

    # The verbs

    def order(self, verb, values):
        """Carry out a checked order of the bench."""
        try:
            order(self._twin, verb, values)
        except NotNow as exc:
            self._fail(str(exc))

    def advance(self, us):
        """Let time pass as fast as the host can."""
        if not self._twin.can_advance:
            self._fail("the firmware runs in real time here and could not follow: say wait instead")
        yield ("advance", us)

    def set(self, values, role, refused, restart):
        """Change settings; where `restart`, restart the charger and wait until it answers again."""
        if self._undo is not None:
            _, before = yield from self._visit("GET", "/api/v1/settings", "admin", {})
            for key in values:
                if key in before:
                    self._undo.setdefault(key, before[key])
        answer = yield from self._visit("PUT", "/api/v1/settings", role, values)
        self._judge(answer, refused)
        if restart and refused is None:
            yield from self.restart()

    def command(self, name, args, role, source, refused):
        """Give a command, which must be accepted, or refused with that reason."""
        answer = yield from self._visit("POST", "/api/v1/commands/" + name, role, args, source)
        self._judge(answer, refused)

    def call(self, method, path, values, role, refused):
        """Ask any path of the API; it must be granted, or refused with that code."""
        answer = yield from self._visit(method, path, role, values)
        self._judge(answer, refused)

    def restart(self):
        """Restart the charger in order and wait until it answers again."""
        before = self._fact("boot_number")
        answer = yield from self._visit("POST", "/api/v1/commands/restart", "admin", {})
        self._judge(answer, None)
        due_us = self._twin.clock.now_us + RESTART_US
        while self._fact("boot_number") in (before, None):
            if self._twin.clock.now_us > due_us:
                self._fail("the charger did not come back from its restart")
            yield POLL_US
        due_us = self._twin.clock.now_us + FIRST_READING_US
        while self._fact("cp_state") is None and self._twin.clock.now_us < due_us:
            yield POLL_US

    def _visit(self, *words):
        """(HTTP status, answer) of the charger; waits for one that is just starting."""
        clock = self._twin.clock
        due_us = clock.now_us + ANSWER_US
        box = None
        while box is None or box[0] is None:
            if box is None:
                try:
                    box = self._twin.visit(*words)
                except NotNow as exc:
                    if clock.now_us > due_us:
                        self._fail(str(exc))
            elif clock.now_us > due_us:
                self._fail("the charger did not answer")
            yield POLL_US
        return box[0]

    def _judge(self, answer, refused):
        status, values = answer
        if refused is None and status != 200:
            self._fail(f"refused with {values['error']['code']}: {values['error']['message']}")
        if refused is not None and status == 200:
            self._fail(f"it was accepted: {json.dumps(values)[:200]}")
        if refused is not None and values["error"]["code"] != refused:
            self._fail(f"refused with {values['error']['code']}, not with {refused}: {values['error']['message']}")

    def _fact(self, name):
        try:
            return self._twin.facts(name)
        except NotNow:
            return None

    # What is seen

    def expect(self, key, op, wanted, within_us, for_us):
        """Look until the comparison holds, at most `within_us`; then it must hold for `for_us`."""
        clock = self._twin.clock
        due_us = clock.now_us + within_us
        start_us = held_us = clock.now_us
        found = False
        while True:
            holds, seen = self._look(key, op, wanted)
            now_us = clock.now_us
            if holds and not found:
                found, held_us = True, now_us
            if holds and now_us - held_us >= for_us:
                return
            if not holds and (found or now_us >= due_us):
                again = "again " if found and held_us > start_us else ""
                self._fail(f"{key} was {again}{json.dumps(seen)} after {(now_us - start_us) / 1e6:.3f} s")
            yield min(_poll_us(now_us - start_us), max(1, (held_us + for_us if found else due_us) - now_us))

    def expect_chain(self, chain):
        """Beginning with the newest edge like the first of `chain`, the others must follow in this order, each not before its
        `after` and not later than its `within`, counted from the one before. chain: (((signal, value), after_us, within_us), …)."""
        trace, clock = self._twin.world.trace, self._twin.clock
        first = chain[0][0]
        caused = [edge for edge in trace.edges() if edge[1:] == first]
        if not caused:
            self._fail(f"{_named(first)} has never been seen")
        last = caused[-1]
        for wanted, after_us, within_us in chain[1:]:
            due_us = last[0] + within_us
            while True:
                edges = trace.edges(last[0])
                at = [number for number, edge in enumerate(edges) if edge is last][-1]
                found = [edge for edge in edges[at + 1:] if edge[1:] == wanted]
                if found and last[0] + after_us <= found[0][0] <= due_us:
                    last = found[0]
                    break
                if found or clock.now_us >= due_us:
                    late = f"came after {(found[0][0] - last[0]) / 1000:.1f} ms" if found else "did not come"
                    self._fail(f"{_named(wanted)} {late}")
                yield max(1, min(POLL_US, due_us - clock.now_us))

    def expect_none(self, never, since):
        """No edge like `never` since the newest one like `since`."""
        trace = self._twin.world.trace
        caused = [t for t, signal, value in trace.edges() if (signal, value) == since]
        if not caused:
            self._fail(f"{_named(since)} has never been seen")
        found = [t for t, signal, value in trace.edges(caused[-1]) if (signal, value) == never]
        if found:
            self._fail(f"{_named(never)} came after {(found[0] - caused[-1]) / 1000:.1f} ms")
        yield from ()

    def _look(self, key, op, wanted):
        place, _, path = key.partition(".")
        names = path.split(".")
        try:
            if place == "world":
                seen = self._twin.world.state()
            else:
                seen = self._twin.facts(names[0])
                names = names[1:]
            for name in names:
                seen = _member(seen, name) if isinstance(seen, list) else seen[name]
        except NotNow as exc:
            return False, f"unknown: {exc}"
        except (KeyError, IndexError, TypeError, ValueError):
            return False, f"unknown: there is no {key} now"
        try:
            return COMPARE[op](seen, wanted), seen
        except TypeError:
            return False, seen          # null is neither more nor less than a number

    def _fail(self, what):
        edges = self._twin.world.trace.edges()[-SHOWN_EDGES:]
        story = [f"{self._step.where}: {self._step.text}", f"  {what}", f"  now: {self._twin.clock.now_us / 1e6:.3f} s",
                 "  last edges:"]
        story += [f"  {t_us / 1e6:12.3f} s  {signal} {json.dumps(value)}" for t_us, signal, value in edges]
        raise Failed("\n".join(story))


def _poll_us(waited_us):
    """Who waits long looks more seldom: every 10 ms for five seconds, then every 50 ms, after a minute every 250 ms."""
    return POLL_US if waited_us < 5_000_000 else 5 * POLL_US if waited_us < 60_000_000 else 25 * POLL_US


def _named(edge):
    return f"{edge[0]} {json.dumps(edge[1])}"


def _member(rows, name):
    """The member of a list by its number, or the first one that is called so."""
    if name.isdigit():
        return rows[int(name)]
    for row in rows:
        if isinstance(row, dict) and any(row.get(key) == name for key in MEMBER_KEYS):
            return row
    raise KeyError(name)
