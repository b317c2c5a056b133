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
    advance 1 h                     as fast as the host can
    expect charger.cp_state is C within 3 s
    expect world.contactor.closed is false for 5 s
    expect charger.faults has unplugged_in_charge
    expect trace coil false within 50 ms of ev_state A
    reboot                          power; or: reboot watchdog, reboot soft
    include other.scn

`charger.…` is a fact of the charger, `world.…` a value of the bench's /api/state; `is`, `is not`, <, <=, >, >= compare,
`has` and `lacks` look into lists. A file is read to its end before anything starts.
"""

import json
import shlex
from pathlib import Path

from tools.twin.clock import VirtualClock
from tools.twin.orders import order
from tools.twin.runner import NotNow
from tools.twin.trace import SIGNALS
from tools.twin.verbs import RESET_CAUSES, VERBS, BadValue, checked
from tools.twin.world import World

POLL_US = 10_000
SHOWN_EDGES = 12
UNITS_US = {"ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}
LONGEST_US = 366 * 24 * UNITS_US["h"]
WORDS = ("plug", "unplug", "ev", "card", "house", "fault", "button", "input", "time", "wait", "advance", "expect",
         "reboot", "include")
COMPARE = {
    "is": lambda seen, wanted: seen == wanted,
    "is not": lambda seen, wanted: seen != wanted,
    "<": lambda seen, wanted: seen < wanted,
    "<=": lambda seen, wanted: seen <= wanted,
    ">": lambda seen, wanted: seen > wanted,
    ">=": lambda seen, wanted: seen >= wanted,
    "has": lambda seen, wanted: _has(seen, wanted),
    "lacks": lambda seen, wanted: not _has(seen, wanted),
}
ALIASES = {"==": "is", "!=": "is not"}
BOARD_FILE = Path(__file__).resolve().parents[2] / "board_configs" / "twin.json"


class ScenarioError(Exception):
    """A line that cannot be understood: file:line, what is wrong, what is allowed."""


class Failed(Exception):
    """An expectation that was not met; the text tells the whole story."""


class Step:
    """One line that was understood: `act(play)` is a generator of waits."""

    def __init__(self, where, text, act):
        self.where, self.text, self.act = where, text, act


def _has(seen, wanted):
    if isinstance(seen, dict):
        return wanted in seen
    return any(wanted in one.values() if isinstance(one, dict) else wanted == one for one in seen)


# Reading

def read(path):
    """The steps of a scenario file. Raises ScenarioError; nothing has happened then."""
    return _Reader().read(Path(path), ())


class _Reader:
    def __init__(self):
        from firmware.charging.facts import NAMES
        self._facts = NAMES
        clock = VirtualClock()
        self._template = World(clock, None, json.loads(BOARD_FILE.read_text())).state()
        clock.close()

    def read(self, path, including):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8 text"
            raise ScenarioError(f"{path}: {reason}") from None
        steps = []
        for number, text in enumerate(lines, 1):
            where = f"{path}:{number}"
            try:
                words = shlex.split(text, comments=True)
                if words and words[0] == "include":
                    steps += self._include(path, words[1:], including)
                elif words:
                    steps.append(Step(where, text.strip(), self._step(words)))
            except ScenarioError:
                raise
            except BadValue as exc:
                raise ScenarioError(f"{where}: {exc}") from None
            except ValueError as exc:
                raise ScenarioError(f"{where}: {exc}") from None
        return steps

    def _include(self, path, rest, including):
        if len(rest) != 1:
            raise ValueError("include wants one file")
        file = path.parent / rest[0]
        chain = (*including, path.resolve())
        try:
            whole, there = file.resolve(), file.is_file()
        except (OSError, RuntimeError) as exc:        # a name that is too long, a circle of links
            raise ValueError(f"there is no file {file.name:.60}: {exc.__class__.__name__}") from None
        if whole in chain:
            raise ValueError(f"{file.name} includes itself")
        if not there:
            raise ValueError(f"there is no file {file}")
        return self.read(file, chain)

    def _step(self, words):
        verb, rest = words[0], words[1:]
        if verb not in WORDS:
            raise ValueError(f"there is no verb {verb}; allowed are {', '.join(WORDS)}")
        return getattr(self, "_" + verb)(rest)

    def _order(self, verb, values):
        values = checked(verb, values, as_words=True)

        def act(play):
            play.order(verb, values)
            yield from ()
        return act

    def _pairs(self, verb, rest):
        values = {}
        for word in rest:
            name, equals, value = word.partition("=")
            if not equals:
                raise ValueError(f"{verb} wants field=value, not {word}; fields are {', '.join(VERBS[verb][0])}")
            if name in values:
                raise ValueError(f"{name} is said twice")
            values[name] = value
        return values

    def _plug(self, rest):
        values = self._pairs("ev", rest)
        if "plugged" in values:
            raise ValueError("plug plugs in by itself: leave plugged out")
        return self._order("ev", dict(values, plugged="true"))

    def _unplug(self, rest):
        if rest:
            raise ValueError("unplug stands alone")
        return self._order("ev", {"plugged": "false"})

    def _ev(self, rest):
        return self._order("ev", self._pairs("ev", rest))

    def _house(self, rest):
        return self._order("house", self._pairs("house", rest))

    def _card(self, rest):
        if len(rest) != 1:
            raise ValueError("card wants the card's UID")
        return self._order("card", {"uid": rest[0]})

    def _switch(self, verb, rest):
        if len(rest) != 2:
            raise ValueError(f"{verb} wants a name and on or off; names are {', '.join(VERBS[verb][0]['name'].words)}")
        return self._order(verb, {"name": rest[0], "on": rest[1]})

    def _fault(self, rest):
        return self._switch("fault", rest)

    def _input(self, rest):
        return self._switch("input", rest)

    def _button(self, rest):
        values = {"name": rest[0] if rest else ""}
        if len(rest) > 1:
            if rest[1] != "for":
                raise ValueError("a button is pressed: button NAME for 2 s")
            values["hold_ms"] = str(_duration_us(rest[2:], "button NAME for") // 1000)
        return self._order("button", values)

    def _time(self, rest):
        if len(rest) != 1:
            raise ValueError("time wants a time in UTC, as 2026-11-20T12:00:00Z")
        return self._order("time", {"utc": rest[0]})

    def _reboot(self, rest):
        if len(rest) > 1:
            raise ValueError(f"reboot wants one of {', '.join(RESET_CAUSES)}, or nothing for power")
        return self._order("reset", {"cause": rest[0] if rest else "power"})

    def _wait(self, rest):
        us = _duration_us(rest, "wait")

        def act(play):
            yield us
        return act

    def _advance(self, rest):
        us = _duration_us(rest, "advance")

        def act(play):
            yield ("advance", us)
        return act

    def _expect(self, rest):
        if rest and rest[0] == "trace":
            return self._expect_trace(rest[1:])
        form = "expect charger.FACT or world.VALUE, then one of " + ", ".join(COMPARE) + ", a value, and within or for a time"
        if len(rest) < 3:
            raise ValueError(form)
        key = rest[0]
        self._check_key(key)
        op = rest[1]
        rest = rest[2:]
        if op == "is" and rest[0] == "not" and len(rest) > 1:
            op, rest = "is not", rest[1:]
        op = ALIASES.get(op, op)
        if op not in COMPARE:
            raise ValueError(f"{op} compares nothing; {form}")
        wanted = _value(rest[0])
        within_us = for_us = 0
        if len(rest) > 1:
            if rest[1] not in ("within", "for"):
                raise ValueError(f"{rest[1]} is not understood here; {form}")
            us = _duration_us(rest[2:], rest[1])
            within_us, for_us = (us, 0) if rest[1] == "within" else (0, us)
        return lambda play: play.expect(key, op, wanted, within_us, for_us)

    def _expect_trace(self, rest):
        form = "expect trace SIGNAL VALUE within 50 ms of SIGNAL VALUE; signals are " + ", ".join(SIGNALS)
        if len(rest) != 8 or rest[2] != "within" or rest[5] != "of":
            raise ValueError(form)
        limit_us = _duration_us(rest[3:5], "within")
        effect = rest[0], _edge_value(rest[0], rest[1])
        cause = rest[6], _edge_value(rest[6], rest[7])
        return lambda play: play.expect_trace(effect, cause, limit_us)

    def _check_key(self, key):
        place, _, path = key.partition(".")
        if place == "charger":
            fact = path.partition(".")[0]
            if fact not in self._facts:
                raise ValueError(f"{key}: the charger has no fact {fact or '(none)'}; facts are {', '.join(self._facts)}")
        elif place == "world":
            value = self._template
            for name in path.split("."):
                if isinstance(value, dict) and name not in value:
                    raise ValueError(f"{key}: there is no {name}; allowed are {', '.join(value)}")
                value = value[name] if isinstance(value, dict) else None
                if value is None or isinstance(value, list):
                    break
        else:
            raise ValueError(f"{key} is neither charger.… nor world.…")


def _duration_us(words, after):
    joined = "".join(words)
    digits = joined.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = joined[len(digits):]
    try:
        us = int(float(digits) * UNITS_US[unit])
        if not 0 <= us <= LONGEST_US or len(words) > 2:
            raise ValueError
    except (ValueError, KeyError, OverflowError):
        message = f"{after} wants a time as 500 ms, 2 s, 3 min or 1 h, not {' '.join(words) or 'nothing'}"
        raise ValueError(message) from None
    return us


def _value(word):
    try:
        return json.loads(word)
    except (ValueError, RecursionError):
        return word


def _edge_value(signal, word):
    if signal not in SIGNALS:
        raise ValueError(f"there is no signal {signal}; signals are {', '.join(SIGNALS)}")
    value = _value({"on": "true", "off": "false"}.get(word, word))
    wanted = {"ev_state": str, "duty_permille": int}.get(signal, bool)
    if type(value) is not wanted or (signal == "ev_state" and value not in tuple("ABCDEF")):
        allowed = {"ev_state": "A to F", "duty_permille": "a whole number"}.get(signal, "true or false")
        raise ValueError(f"{signal} is {allowed}, not {word}")
    return value


# Playing

class Play:
    """A scenario under way on a twin. `done(failure)` is called at its end with None or the story of what failed."""

    def __init__(self, twin, steps, done, tell=None):
        self._twin = twin
        self._steps = steps
        self._done = done
        self._tell = tell or (lambda text: None)
        self._step = None
        self._story = self._run()
        self._stopped = False

    def start(self):
        """Begin at the clock's next event."""
        self._twin.clock.after(0, self._resume)

    def stop(self):
        """Tell no further; done() is not called any more."""
        self._stopped = True

    def _resume(self):
        """Runs as an event of the clock, in the middle of whatever the firmware does: nothing may escape."""
        if self._stopped:
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
                self._twin.clock.after(wait, self._resume)

    def _run(self):
        for step in self._steps:
            self._step = step
            self._tell(step.text)
            yield from step.act(self)

    def order(self, verb, values):
        """Carry out a checked order of the bench."""
        try:
            order(self._twin, verb, values)
        except NotNow as exc:
            self._fail(str(exc))

    def expect(self, key, op, wanted, within_us, for_us):
        """Look until the comparison holds, at most `within_us`; then it must hold for `for_us`."""
        clock = self._twin.clock
        start_us = clock.now_us
        while True:
            holds, seen = self._look(key, op, wanted)
            waited_us = clock.now_us - start_us
            if holds and waited_us >= for_us:
                return
            if not holds and (for_us or waited_us >= within_us):
                self._fail(f"{key} was {json.dumps(seen)} after {waited_us / 1e6:.3f} s")
            yield min(POLL_US, max(1, (within_us or for_us) - waited_us))

    def expect_trace(self, effect, cause, limit_us):
        """The newest `cause` edge must be followed by the `effect` edge within `limit_us`."""
        trace, clock = self._twin.world.trace, self._twin.clock
        caused = [t for t, signal, value in trace.edges() if (signal, value) == cause]
        if not caused:
            self._fail(f"{cause[0]} {json.dumps(cause[1])} has never been seen")
        due_us = caused[-1] + limit_us
        while True:
            found = [t for t, signal, value in trace.edges(caused[-1]) if (signal, value) == effect]
            if found and found[0] <= due_us:
                return
            if clock.now_us >= due_us:
                late = f"came after {(found[0] - caused[-1]) / 1000:.1f} ms" if found else "did not come"
                self._fail(f"{effect[0]} {json.dumps(effect[1])} {late}")
            yield max(1, min(POLL_US, due_us - clock.now_us))

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
                seen = seen[int(name)] if isinstance(seen, list) else seen[name]
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
