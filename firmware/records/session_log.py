"""Every session, also the one that a power cut ended.

begin() writes the session with the meter's register to `open` before power flows. progress() replaces a tiny file at
most once a minute while it does. end() appends the finished record to the log; only that makes the session a past one,
so a cut at any moment leaves either the finished record or what is needed to write it at the next boot.
"""

import struct

from firmware.records import session_record
from firmware.storage.atomic_file import AtomicFile
from firmware.storage.codec import clamp
from firmware.storage.inline_file import InlineFile
from firmware.storage.segment_log import SegmentLog

OPEN_KIND = 4
PROGRESS_KIND = 5
PROGRESS_INTERVAL_S = 60
KEPT_SESSIONS = 3000
_PROGRESS = "<IIIIIII"  # number, energy_wh, charging_s, boot, uptime_s, utc_s, unread_wh
_UNREAD_BYTES = 4  # of unread_wh, which older firmware did not write
_TOP = 0xFFFFFFFF
_PAGE_MAX = 200
# More than any vehicle takes in one go: a register that says so is another meter's.
_MAX_ENERGY_WH = 2000000
_REGISTER_STEP_WH = 100  # coarsest register of the meters we know: it may lag behind the sum of power by so much


class SessionLog:
    """Owns `prefix`sessions.*, `prefix`session_open* and `prefix`session_progress.*. `start()` comes first."""

    def __init__(self, prefix, kept=KEPT_SESSIONS, segment_bytes=16384):
        self._log = SegmentLog(prefix + "sessions", segment_bytes, 2, kept)
        self._open_file = AtomicFile(prefix + "session_open", OPEN_KIND, max_bytes=512)
        self._progress_file = InlineFile(prefix + "session_progress", PROGRESS_KIND)
        self._least_number = 1
        self._waiting = []  # finished records that a full or failing flash did not take yet
        self._last_progress_s = 0
        self.current = None  # dict of the running session
        self.unfinished = None  # dict of a session that a power cut ended, until close_unfinished()
        self.damage = ""

    def start(self, last_number=0):
        """Look for a session that was running when the power went. `last_number`: the highest number known elsewhere
        (life totals), so that numbers stay unique even if the log was lost."""
        newest = self.last_number()
        self._least_number = max(newest, last_number) + 1
        payload, _, _, self.damage = self._open_file.read()
        if payload is not None:
            session = session_record.decode(payload, {})
            if session is not None and session["number"] > newest:
                self.unfinished = session
                self._least_number = max(self._least_number, session["number"] + 1)

    def last_number(self):
        """Number of the newest finished session, 0 when there is none."""
        for session in self.newest_first({}):
            return session["number"]
        return 0

    def begin(self, stamp, meter_wh, uid="", phases=0, station="", connector="1", connector_type="", user="", account="",
              transaction_id=""):
        """A session begins; call it before the contactor closes. meter_wh: the energy register in Wh, None without a
        meter. Returns the session's number. OSError when the flash does not take it: the session runs all the same,
        but a power cut would forget it. An unfinished one is closed first, without a register."""
        try:
            self.close_unfinished()
        except OSError:
            pass  # its record waits for flush(); a full flash must not keep a car from charging
        number = max(self._log.next_seq + len(self._waiting), self._least_number)
        self._least_number = number + 1
        self._last_progress_s = stamp[1]
        self.current = {
            "number": number, "phases": phases, "estimated": meter_wh is None, "start": stamp, "end": stamp,
            "duration_s": 0, "charging_s": 0, "energy_wh": 0, "cost_cents": None, "meter_start_wh": meter_wh,
            "meter_stop_wh": None, "station": station, "connector": connector, "connector_type": connector_type,
            "transaction_id": transaction_id, "uid": uid, "user": user, "account": account, "end_reason": "",
            "comment": "",
        }
        self._open_file.write(session_record.encode(self.current))
        return number

    def note(self, save, **fields):
        """Change fields of the running session (account, user, uid, transaction_id, comment, phases, cost_cents,
        end_reason: "stop" while somebody has stopped it).
        save=True writes them too, so that they outlive a power cut: some 10 flash operations, so with the contactor
        open or rarely. OSError when the flash does not take it: then nothing has changed."""
        for name in fields:
            if name not in ("account", "user", "uid", "transaction_id", "comment", "phases", "cost_cents", "end_reason"):
                raise ValueError("a running session has no field %s to change" % name)
        changed = dict(self.current)
        changed.update(fields)
        if save:
            self._open_file.write(session_record.encode(changed))
        self.current.update(changed)            # after the flash: who finds it unchanged tries again

    def progress(self, stamp, energy_wh, charging_s, unread_wh=0):
        """While power flows, as often as one likes: at most once a minute it reaches the flash (one program). True
        when it did. Needed where there is no meter register; with one it adds the end time after a power cut.
        unread_wh: of the energy, what is reckoned and the register has not told."""
        session = self.current
        if session is None:
            return False
        session["end"], session["energy_wh"], session["charging_s"] = stamp, energy_wh, charging_s
        if stamp[1] - self._last_progress_s < PROGRESS_INTERVAL_S:
            return False
        self._last_progress_s = stamp[1]
        self._progress_file.write(struct.pack(
            _PROGRESS, session["number"], clamp(energy_wh, _TOP), clamp(charging_s, _TOP), clamp(stamp[0], _TOP),
            clamp(stamp[1], _TOP), clamp(stamp[2], _TOP), clamp(unread_wh, _TOP)))
        return True

    def end(self, stamp, energy_wh, charging_s, reason, meter_wh=None, cost_cents=None):
        """The session ended; reason is a code. Call it with the contactor open. Returns the finished dict. OSError when
        the flash did not take it: the record waits for `flush()`."""
        session = self.current
        if session is None:
            raise ValueError("no session is running")
        session["end"], session["energy_wh"], session["charging_s"] = stamp, energy_wh, charging_s
        session["duration_s"] = max(0, stamp[1] - session["start"][1])
        session["end_reason"], session["meter_stop_wh"] = reason, meter_wh
        if cost_cents is not None:
            session["cost_cents"] = cost_cents
        self.current = None
        self._finish(session)
        return session

    def close_unfinished(self, meter_wh=None, reason="power_cut", price=None):
        """Finish the session that a power cut (or reason) ended, as soon as the meter answered (meter_wh, Wh) or will not.
        Energy is register - start where both are known and the register did not begin again, else what the last minute's
        file says. price(energy_wh): its cost in cents. Returns its dict or None."""
        session = self.unfinished
        if session is None:
            return None
        self.unfinished = None
        payload, _, damage = self._progress_file.read()
        self.damage = self.damage or damage
        unread_wh = 0
        if payload is not None:
            number, energy_wh, charging_s, boot, uptime_s, utc_s, told_wh = struct.unpack_from(
                _PROGRESS, payload + bytes(_UNREAD_BYTES))
            if number == session["number"]:
                session["energy_wh"], session["charging_s"] = energy_wh, charging_s
                session["end"], unread_wh = (boot, uptime_s, utc_s), told_wh
        start_wh = session["meter_start_wh"]
        session["estimated"] = True
        if start_wh is not None and meter_wh is not None:
            measured_wh = meter_wh - start_wh
            if session["energy_wh"] <= measured_wh + unread_wh + _REGISTER_STEP_WH and measured_wh <= _MAX_ENERGY_WH:
                session["energy_wh"], session["meter_stop_wh"] = max(measured_wh, 0), meter_wh
                session["estimated"] = False
        session["duration_s"] = max(0, session["end"][1] - session["start"][1])
        session["end_reason"] = reason
        if price is not None:
            session["cost_cents"] = price(session["energy_wh"])
        self._finish(session)
        return session

    def _finish(self, session):
        self._waiting.append((session_record.SESSION_KIND, session_record.SESSION_VERSION,
                              session_record.encode(session)))
        self.flush()

    def flush(self):
        """Write finished records that the flash did not take before; returns how many. OSError when it still does not."""
        count = len(self._waiting)
        if count:
            self._log.append_many(self._waiting)
            self._waiting = []
        return count

    def page(self, offset, limit, references):
        """Up to `limit` (≤ 200) finished sessions newest first, leaving out the `offset` newest; a list of dicts (see
        session_record). `references` from `Stamper.references()`."""
        rows = []
        for _, kind, _, payload in self._log.page(offset, min(limit, _PAGE_MAX)):
            session = session_record.decode(payload, references) if kind == session_record.SESSION_KIND else None
            if session is not None:
                rows.append(session)
        return rows

    def newest_first(self, references, before=0):
        """Yields finished sessions downwards, for downloads; a few are in RAM at a time. before: none with that number or a
        higher one is wanted (0: all); some may come all the same."""
        # A session's number is never lower than its record's.
        return _sessions(self._log.newest_first(before or None), references)

    def oldest_first(self, references):
        """Yields finished sessions upwards, for statements."""
        return _sessions(self._log.oldest_first(), references)

    def count(self):
        """Finished sessions kept."""
        return self._log.count()

    @property
    def log_damage(self):
        """Sentences about records that were skipped or given up."""
        return self._log.damage


def _sessions(records, references):
    for _, kind, _, payload in records:
        session = session_record.decode(payload, references) if kind == session_record.SESSION_KIND else None
        if session is not None:
            yield session
