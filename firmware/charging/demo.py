"""Showroom: a session that is told, and never done (CH-18).

While it runs the station writes into a request record that nobody reads; the core's own stands at "not available" and its
heartbeat has stopped. Nothing here knows the core.
"""

from micropython import const

_READY_MS = const(10000)         # a round: plugged in, charging, paused, gone
_CHARGING_MS = const(190000)
_PAUSED_MS = const(210000)
_ROUND_MS = const(230000)
_RAMP_MA_PER_S = const(2000)
SHOWN_MA = const(16000)
_VOLTAGE_V = const(230)


class Demo:
    """A round of four minutes for ever; stop and start act on the show."""

    def __init__(self):
        self._round_ms = 0
        self._energy_ws = 0
        self._charged_ms = 0
        self._stopped = False

    def tick(self, gap_ms):
        """gap_ms since the last tick."""
        if self._stopped:
            return
        self._round_ms += min(gap_ms, _ROUND_MS)
        if self._round_ms >= _ROUND_MS:
            self._round_ms -= _ROUND_MS
            self._energy_ws = self._charged_ms = 0
        if self.overview() == "Charging":
            self._energy_ws += self._drawn_ma() * 3 * _VOLTAGE_V // 1000 * gap_ms // 1000
            self._charged_ms += gap_ms

    def command(self, name):
        """True where the show takes the command, False where it refuses it, None where it is none of its business."""
        if name in ("start", "stop", "authorize"):
            self._stopped = name == "stop"
            return True
        return None if name in ("service_mode", "restart", "clock") else False

    def overview(self):
        """The overview state that is shown."""
        if self._stopped:
            return "Suspended"
        for until_ms, state in ((_READY_MS, "ReadyForCharging"), (_CHARGING_MS, "Charging"), (_PAUSED_MS, "Suspended")):
            if self._round_ms < until_ms:
                return state
        return "Idle"

    def _drawn_ma(self):
        return min(SHOWN_MA, max(0, self._round_ms - _READY_MS) * _RAMP_MA_PER_S // 1000)

    def overlay(self, found):
        """Put the show over the facts. What the pilot and the contactor do stays true."""
        overview = self.overview()
        charging = overview == "Charging"
        drawn_ma = self._drawn_ma() if charging else 0
        found["overview_state"] = overview
        found["session_state"] = {"ReadyForCharging": "waiting_ev", "Charging": "charging", "Idle": "none"}.get(overview, "stopped")
        found["offered_ma"] = SHOWN_MA if overview in ("ReadyForCharging", "Charging") else 0
        found["drawn_ma"] = drawn_ma
        found["drawn_phases_ma"] = [drawn_ma] * 3
        found["power_w"] = drawn_ma * 3 * _VOLTAGE_V // 1000
        found["phases_used"] = 3 if charging else 0
        found["session"] = None if overview == "Idle" else {
            "number": 0, "start": None, "duration_s": self._round_ms // 1000, "charging_s": self._charged_ms // 1000,
            "energy_wh": self._energy_ws // 3600, "end_reason": None, "account": None, "id": None,
            "cost_cents": None}
