"""What the charger did in its life: energy, charging time, sessions, contactor cycles. Kept across updates and power cuts.

The file remembers the number of the last session it counted, so that after a cut between the session's record and this
file `catch_up()` counts what is missing, and nothing twice.
"""

import struct

from firmware.storage.codec import clamp
from firmware.storage.inline_file import InlineFile

LIFE_KIND = 6
_FORMAT = "<QIIII"  # energy_wh, charging_s, sessions, contactor_cycles, last_session
_TOP = 0xFFFFFFFF
_BREATH = 100


class LifeTotals:
    """Owns `prefix`life.*. `load()` comes first. Attributes: energy_wh, charging_s, sessions, contactor_cycles (all of
    finished sessions), last_session (number), damage."""

    def __init__(self, prefix):
        self._file = InlineFile(prefix + "life", LIFE_KIND)
        self.energy_wh = self.charging_s = self.sessions = self.contactor_cycles = self.last_session = 0
        self.damage = ""
        self.dirty = False

    def load(self):
        """Read the file; a damaged one falls back to the one before it and `damage` says so."""
        payload, _, self.damage = self._file.read()
        if payload is not None:
            (self.energy_wh, self.charging_s, self.sessions, self.contactor_cycles,
             self.last_session) = struct.unpack_from(_FORMAT, payload)

    def add_session(self, session):
        """Count a finished session (a dict of session_record); one that was counted before is ignored."""
        if session["number"] > self.last_session:
            self.last_session = session["number"]
            self.energy_wh += session["energy_wh"]
            self.charging_s += session["charging_s"]
            self.sessions += 1
            self.dirty = True

    def count_cycle(self):
        """The contactor closed once."""
        self.contactor_cycles += 1
        self.dirty = True

    def catch_up(self, session_log, alive=None):
        """Count what the log has and this file missed; call it at boot, after `load()`. A session that was cut is counted by
        add_session() when it is closed. Returns how many sessions. alive() is told now and then: with a file that was lost it reads
        thousands, longer than the watchdog waits."""
        newest, energy_wh, charging_s, missed = self.last_session, 0, 0, 0
        for session in session_log.newest_first({}):
            if session["number"] <= self.last_session:
                break
            newest = max(newest, session["number"])
            energy_wh += session["energy_wh"]
            charging_s += session["charging_s"]
            missed += 1
            if alive is not None and missed % _BREATH == 0:
                alive()
        if missed:
            self.last_session = newest
            self.energy_wh += energy_wh
            self.charging_s += charging_s
            self.sessions += missed
            self.dirty = True
        return missed

    def flush(self):
        """Write it if something changed, only with the contactor open. True when it was written; OSError from the flash."""
        if not self.dirty:
            return False
        self._file.write(struct.pack(
            _FORMAT, self.energy_wh, clamp(self.charging_s, _TOP), clamp(self.sessions, _TOP),
            clamp(self.contactor_cycles, _TOP), self.last_session))
        self.dirty = False
        return True
