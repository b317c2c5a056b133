"""What is judged while nobody stands at the reader: a word given offline is verified, the charge that a power cut interrupted is
judged anew, with access off a central system is asked about the default id, and who needs no card while it is away charges."""

from micropython import const

from firmware.access.remote import Question

AGAIN_MS = const(60000)            # a question that got no answer is asked again
DEFAULT_AGAIN_MS = const(300000)   # a default id that was refused is tried again
RESUME_MS = const(600000)          # so long an interrupted charge waits for clock and central system
OFFLINE_MS = const(30000)          # so long a central system must be away before everybody may charge
_RETRY_MS = const(5000)
_PASSING = ("clock_unknown", "offline")     # reasons that may be over soon after a start


class Afterwards:
    """gate: the Gate; station: the Station; note(code, detail): the event log."""

    def __init__(self, gate, station, learned, note):
        self.question = Question(station, learned)
        self._gate = gate
        self._station = station
        self._note = note
        self._unverified = None        # id that was let in offline
        self._resume = None            # who authorised the charge that the power cut interrupted
        self._resume_ms = 0            # how long that is still tried
        self._wait_ms = 0              # until the next try of any of these
        self._away_ms = 0              # how long the central system has been away
        self._last_ms = None

    def verify(self, token):
        """This id was accepted offline: ask as soon as that is possible, and end its charge where it is refused."""
        self._unverified = token
        self._wait_ms = 0

    def resume(self, token):
        """The charge of this id was interrupted by a power cut: it may go on where its vehicle is still there, and where it would
        be let in today."""
        self._resume, self._resume_ms = token, RESUME_MS
        self._wait_ms = 0

    def tick(self, now_ms):
        """Every 100 ms."""
        gap_ms = 0 if self._last_ms is None else (now_ms - self._last_ms) & 0x3FFFFFFF
        self._last_ms = now_ms
        self._resume_ms = max(0, self._resume_ms - gap_ms)
        self._wait_ms = max(0, self._wait_ms - gap_ms)
        self._away_ms = 0 if self.question.online() else min(OFFLINE_MS, self._away_ms + gap_ms)
        self.question.tick(now_ms)
        if self._unverified is not None:
            self._follow_unverified(now_ms)
        if self._resume is not None:
            self._follow_resume(now_ms)
        elif self._gate.default_id:
            self._follow_default(now_ms)

    # ---- accepted offline

    def _follow_unverified(self, now_ms):
        station, question = self._station, self.question
        if not station.authorized or station.authorized_id != self._unverified:
            self._unverified = None
            question.drop()
        elif question.token is None and not self._wait_ms and question.online():
            token = self._unverified
            question.ask(token, now_ms, lambda reason: self._verified(token, reason))

    def _verified(self, token, reason):
        if reason == "no_answer":
            self._wait_ms = AGAIN_MS
            return
        self._unverified = None
        if reason is None:
            self._note("card_verified", token)
        else:
            self._station.withdraw("central")
            self._gate.refuse(token, reason, "central")

    # ---- after a power cut

    def _follow_resume(self, now_ms):
        station = self._station
        if station.vehicle_gone() or station.authorized or station.free:
            self._resume = None            # the vehicle went while the power was off, or somebody else was quicker
        elif station.session is not None and not self._wait_ms and not self._gate.asking():
            token = self._resume
            reason = self._gate.judge(token, now_ms, "power_cut", quiet=_PASSING if self._resume_ms else ())
            if reason in _PASSING and self._resume_ms:
                self._wait_ms = _RETRY_MS
            else:
                self._resume = None

    # ---- nobody needs a card

    def _follow_default(self, now_ms):
        station = self._station
        if station.session is None or station.stopped:
            self._wait_ms = 0
        elif self._gate.rules.free_offline and self._away_ms < OFFLINE_MS:
            return                         # a card is needed: the system is there, or may be in a moment
        elif not station.authorized and not self._wait_ms and not self._gate.asking():
            self._wait_ms = DEFAULT_AGAIN_MS       # before it is judged: what is to be verified does not wait
            if self._gate.judge(self._gate.default_id, now_ms, "central", quiet=("offline",)) == "offline":
                self._wait_ms = _RETRY_MS
