"""Slows down whoever guesses: growing waits per address, and for all together.

An address waits for its guesses at any secret, and only the secret that it knew after all is forgiven: whoever has the user's
password cannot wipe out the guesses at the admin's with it."""

from micropython import const

_FREE = const(3)             # failures of one address before it must wait
_LONGEST_S = const(300)
_FREE_IN_ALL = const(10)     # of all addresses together: many hands guess no faster
_LONGEST_IN_ALL_S = const(30)  # the owner shall not be locked out for long by somebody else
_FORGET_S = const(900)       # after the last failure
_ROWS = const(16)            # addresses and secrets whose failures are remembered; the oldest gives way
_WELCOME = const(4)          # addresses that got in last do not wait for others' failures

_PEER, _COUNT, _LAST_S, _WHAT = range(4)


class LoginAttempts:
    """now_s(): seconds since the start. One for each secret that can be guessed."""

    def __init__(self, now_s):
        self._now_s = now_s
        self._of = []
        self._all = ["", 0, 0, ""]
        self._welcome = []

    def wait_s(self, peer):
        """How long this address must still wait; 0: it may try."""
        now_s = self._now_s()
        wait_s = 0
        for row in self._of:
            if row[_PEER] == peer:
                wait_s = max(wait_s, _left_s(row, now_s, _FREE, _LONGEST_S))
        if peer not in self._welcome:
            wait_s = max(wait_s, _left_s(self._all, now_s, _FREE_IN_ALL, _LONGEST_IN_ALL_S))
        return wait_s

    def begin(self, peer, what):
        """An attempt at the secret `what` begins: it counts as failed until `succeeded`: several at once are no way around."""
        now_s = self._now_s()
        rows = [row for row in self._of if row[_PEER] == peer and row[_WHAT] == what]
        if rows:
            row = rows[0]
            self._of.remove(row)
        else:
            row = [peer, 0, now_s, what]
        self._of = (self._of + [row])[-_ROWS:]
        for counted in (row, self._all):
            if now_s - counted[_LAST_S] > _FORGET_S:
                counted[_COUNT] = 0
            counted[_COUNT] += 1
            counted[_LAST_S] = now_s

    def succeeded(self, peer, whats):
        """The attempt that began was right, and stands for the secrets `whats`."""
        self._of = [row for row in self._of if row[_PEER] != peer or row[_WHAT] not in whats]
        self._all[_COUNT] = max(0, self._all[_COUNT] - 1)
        self._welcome = ([known for known in self._welcome if known != peer] + [peer])[-_WELCOME:]


def _left_s(row, now_s, free, longest_s):
    passed_s = now_s - row[_LAST_S]
    if row[_COUNT] < free or passed_s > _FORGET_S:
        return 0
    return max(0, min(longest_s, 1 << min(row[_COUNT] - free, 10)) - passed_s)
