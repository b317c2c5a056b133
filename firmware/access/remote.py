"""A central or external system that knows who may charge, and one question to it at a time.

Whoever speaks to such a system (OCPP, a building's broker) has an object like Remote and hands it to the card desk. What it answers
is worth something for the plug-in in which it was asked, and for the cache.
"""

from micropython import const

STATUSES = ("accepted", "blocked", "expired", "invalid", "concurrent")    # concurrent: charges elsewhere already
# status -> reason of a refusal, as authorization.py names them
REASONS = {"blocked": "blocked", "expired": "expired", "invalid": "unknown_card", "concurrent": "concurrent",
           "no_answer": "no_answer"}
_TICKS_MASK = const(0x3FFFFFFF)


class Remote:
    """What is to be implemented; as it stands, a system that is never reached."""

    def online(self):
        """It can be asked now."""
        return False

    def authorize(self, token, done):
        """Begin to ask whether the id (text) may charge. done(status, expires_utc=0) tells one of STATUSES, now or whenever the
        answer comes; expires_utc: Unix seconds until which an acceptance may be remembered, 0 without an end."""
        raise NotImplementedError

    def cancel(self, token):
        """Nobody waits for the answer any more; done() may still be called."""


class Question:
    """At most one id that is being asked about. remote: a Remote, or None; learned(token, status, expires_utc) hears every answer,
    also one that comes too late."""

    def __init__(self, station, learned):
        self.remote = None
        self.timeout_ms = 10000
        self.token = None              # what is asked about; None: nothing
        self._station = station
        self._learned = learned
        self._answered = None
        self._session = None
        self._asked_ms = 0
        self._number = 0

    def online(self):
        """There is somebody to ask."""
        return self.remote is not None and bool(self._safely(self.remote.online))

    def _safely(self, work, *args):
        """What a service raises is a fact, not an exception that travels: a critical task asks. Silence is a refusal."""
        try:
            return work(*args)
        except Exception as error:
            if "error" in self._station.actions:
                self._station.actions["error"]("remote", error)
        return None

    def ask(self, token, now_ms, answered):
        """answered(reason) is called once: None for accepted, else a value of REASONS, "no_answer" after timeout_ms; never when the
        vehicle changes."""
        self._number += 1
        number = self._number
        self.token, self._answered, self._asked_ms = token, answered, now_ms
        self._session = self._station.session
        self._safely(self.remote.authorize, token,
                     lambda status, expires_utc=0: self._hear(number, token, status, expires_utc))

    def _hear(self, number, token, status, expires_utc):
        if status not in STATUSES:
            raise ValueError("status must be one of " + ", ".join(STATUSES))
        self._learned(token, status, expires_utc)
        if number == self._number and self.token is not None:
            if self._is_same_vehicle():
                self._end(status)
            else:
                self.token = None

    def _is_same_vehicle(self):
        """The vehicle for which it was asked is still there. Asked without one, the first that comes is meant."""
        session = self._station.session
        if self._session is None:
            self._session = session
        return session is self._session

    def _end(self, status):
        self.token = None
        self._answered(REASONS.get(status))

    def tick(self, now_ms):
        """Every 100 ms. True when a question was dropped because its vehicle has gone."""
        if self.token is None:
            return False
        if not self._is_same_vehicle():
            self.drop()
            return True
        if (now_ms - self._asked_ms) & _TICKS_MASK > self.timeout_ms:
            self._safely(self.remote.cancel, self.token)
            self._end("no_answer")
        return False

    def drop(self):
        """Nobody wants to know any more."""
        token, self.token = self.token, None
        if token is not None and self.remote is not None:
            self._safely(self.remote.cancel, token)
