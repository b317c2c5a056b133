"""The world's end of a firmware that runs on MicroPython in virtual time: both clocks in lock-step.

The firmware's process asks; the world runs until the moment asked for, or until the first of its events that changes an
input, and answers with the changes and the moment of its next event. Until then the firmware may run on alone. Exactly one
of the two runs at any moment, so the host's speed and load do not show.
"""
import itertools
import json
import select
import signal
import subprocess

from tools.twin.vm_link import HELLO_TIMEOUT_S, VmLink, VmProcess, greet

GRANT_US = 1_000_000  # the longest that the firmware runs alone: other threads wait for the world that long
SILENCE_S = 30  # real time; who has not asked for anything by then hangs
_STEP_US = 100_000


class LockstepLink(VmLink):
    """VmLink whose interpreter's clock is the world's. `seed` makes the process's random bytes."""

    def __init__(self, board, clock, on_output=None, seed=1):
        super().__init__(board, clock, on_output)
        self.seed = seed
        self.silence_s = SILENCE_S
        self.requests = 0  # round trips
        self._changes = []
        self._asked_us = None  # a request that waits for its answer
        self._limit_us = None  # the firmware is not let past this
        self._told = {}  # what the firmware knows of each input
        self._done = lambda: False
        self.paused = False
        self._silent = False
        self._boots = 0
        self._visits = {}  # number -> box of an answer to come
        self._visit_number = itertools.count()

    # -- the process --------------------------------------------------------------------------------------------------------
    def attach(self, conn):
        """Greets the process at the other end of an accepted connection and lets it start. Raises ConnectionError."""
        greet(conn, {"board": self.board, "chip": self.export(),
                     "virtual": {"now_us": self.clock.now_us, "seed": self.seed * 1_000_003 + self._boots + 1}})
        self._boots += 1
        conn.sendall(b"GO\n")
        self._conn = conn
        self._rest = b""
        self._changes = []
        self._told = {}
        self._visits = {}
        self._asked_us = None
        self._silent = False
        self.stopped = False

    def _drop(self):
        self._conn.close()
        self._conn = None
        self._asked_us = None

    def _readable(self):
        """The process has ended: what it still said."""
        while self._conn is not None:
            line = self._next_line(HELLO_TIMEOUT_S)
            if line is None and self._conn is not None:
                self._drop()
            elif line is not None and line[:2] not in ("A ", "O "):
                self._take(line)

    def _tell(self, line):
        if self._conn is None:
            return
        if line[:2] in ("P ", "A ", "C ", "W "):
            key, _, value = line.rpartition(" ") if line[0] != "C" else ("C", "", line)
            if self._told.get(key) == value:
                return
            self._told[key] = value
        self._changes.append(line)

    def interrupt(self):
        """Ctrl-C, as soon as the firmware asks for time."""
        self._tell("I")

    # -- lock-step ------------------------------------------------------------------------------------------------------------
    def serve(self, limit_us, done):
        """Answers the firmware until the clock stands at limit_us, done() is true or the process is gone."""
        clock = self.clock
        self._limit_us = limit_us
        self._done = done
        while self._goes_on() and clock.now_us < limit_us:
            if self._asked_us is None:
                line = self._next_line(0 if self._silent else self.silence_s)
                self._silent = line is None
                if line is None:
                    if self._conn is not None:  # it hangs: its time goes on, and so does its watchdog's
                        clock.advance_to(min(limit_us, clock.now_us + _STEP_US))
                    continue
                self._request(line)
            if self._asked_us is not None:
                self._answer()

    def pause(self):
        """Has serve() return after the present event, and the process's wait() with it."""
        self.paused = True

    def _goes_on(self):
        return not self.paused and self._conn is not None and not self._done()

    def _request(self, line):
        verb, _, rest = line.partition(" ")
        if verb == "A":
            self._asked_us = int(rest)
        elif verb == "O":
            t_us, signal_, key, text = rest.split(" ", 3)
            self._asked_us = t_us = int(t_us)
            self.clock.advance_to(t_us)
            if self._conn is not None:
                self._output(t_us, signal_, int(key), text)
        else:
            self._take(line)
            return
        self.requests += 1

    def _answer(self):
        """Comes to what was asked for, or to the first change on the way, or to the limit."""
        clock = self.clock
        target = min(self._asked_us, self._limit_us)
        while not self._changes:
            event_us = clock.next_event_us()
            if event_us is None or event_us > target:
                clock.advance_to(target)
                break
            clock.advance_to(event_us)
            if not self._goes_on():
                return
        if not self._changes and clock.now_us < self._asked_us:
            return  # the limit came first
        event_us = clock.next_event_us()
        horizon_us = min(clock.now_us + GRANT_US, self._limit_us)
        if event_us is not None and event_us < horizon_us:
            horizon_us = event_us
        lines = self._changes + ["G %d %d\n" % (clock.now_us, horizon_us)]
        self._changes = []
        self._asked_us = None
        self._send("\n".join(lines))

    def fact(self, name):
        """One fact of the running application as JSON text; None while there is none. Only within an event, or between two
        calls of serve(). Raises ValueError when the application fails at it."""
        if self._conn is None or self._asked_us is None:
            return None
        self._send("F %d %s\n" % (self.clock.now_us, name))
        line = self._next_line(self.silence_s)
        if line is None or line == "F -":
            return None
        if line.startswith("F ! "):
            raise ValueError(line[4:])
        return line[2:]

    def visit(self, words):
        """Has the firmware's loop do visitor.visit(app, *words). Returns a box whose [0] becomes (status, answer); None while
        there is no firmware."""
        if self._conn is None or self._asked_us is None:
            return None
        number = next(self._visit_number)
        self._visits[number] = box = [None]
        self._tell("Q %d %s" % (number, json.dumps(words)))
        return box

    def _take(self, line):
        if line.startswith("Q "):
            _, number, status, text = line.split(" ", 3)
            self._visits.pop(int(number))[0] = int(status), json.loads(text)
        else:
            super()._take(line)

    def _send(self, text):
        try:
            self._conn.sendall(text.encode())
        except OSError:
            self._drop()

    def _next_line(self, timeout_s):
        """The next line; None when none came in time or the process is gone (then _conn is None)."""
        while b"\n" not in self._rest:
            if self._conn is None:              # it died while it was told something
                return None
            try:
                if not select.select((self._conn,), (), (), timeout_s)[0]:
                    return None
                data = self._conn.recv(65536)
            except OSError:
                data = b""
            if not data:
                self._drop()
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()


class LockstepProcess(VmProcess):
    """The firmware on MicroPython in virtual time: one boot per start()."""

    def wait(self, limit_us=None):
        """Runs firmware and world until the boot ends and says why, as run_firmware does; None when limit_us came first."""
        link = self.link
        clock = link.clock
        link.paused = False
        while not self._ended() and not link.paused and (limit_us is None or clock.now_us < limit_us):
            link.serve(clock.now_us + GRANT_US if limit_us is None else limit_us, self._stops)
        return self.reason() if self._ended() else None

    def _stops(self):
        return self._killed is not None or (self.link.stopped and self.link.watchdog is None)

    def _ended(self):
        return self._killed is not None or self.link._conn is None or self._stops()

    def reason(self):
        """Why the boot ended, once it has."""
        if self._killed is None and self.link._conn is None:
            try:
                self.process.wait(HELLO_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return super().reason()

    def interrupt(self, timeout_s=5):
        """Ctrl-C: the firmware may end in order; after timeout_s of its own time it is ended."""
        if self.running():
            self.link.interrupt()
            self.link.serve(self.link.clock.now_us + timeout_s * 1_000_000, lambda: False)
        self._end("exit", signal.SIGKILL)
