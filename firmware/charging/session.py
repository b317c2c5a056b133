"""One plug-in: from the vehicle's coming to its going, with what it charged."""

from firmware.safety.limits import elapsed_ms


class Session:
    """Numbers of one session. counted_mwh: a count of energy that never falls (Reading.counted_mwh)."""

    def __init__(self, number, now_ms, stamp, counted_mwh):
        self.number = number
        self.start = stamp            # (boot_number, uptime_s, utc_s)
        self.account = ""
        self.id = ""                  # card or other token that authorised it
        self.cost_cents = None        # where a tariff is set
        self.end_reason = None        # why the charge ended last: unplugged, fault, restart, inoperative, stop, phases, limit, ev
        self.duration_ms = 0
        self.charging_ms = 0
        self._start_mwh = counted_mwh
        self._counted_mwh = counted_mwh
        self._tick_ms = now_ms

    def tick(self, now_ms, counted_mwh, charging):
        """Add the time since the last tick; take over the count. Call at least every six days."""
        gone_ms = elapsed_ms(now_ms, self._tick_ms)
        self._tick_ms = now_ms
        self.duration_ms += gone_ms
        if charging:
            self.charging_ms += gone_ms
        self._counted_mwh = counted_mwh

    def energy_mwh(self):
        """mWh charged so far."""
        return self._counted_mwh - self._start_mwh

    def energy_wh(self):
        """Wh charged so far."""
        return (self._counted_mwh - self._start_mwh) // 1000


def session_state(phase_name, vehicle, authorized, stopped, offered, tripped=False):
    """One of facts.SESSION_STATES, from what the core and the station know."""
    if phase_name == "tripped" or tripped and phase_name == "opening":
        return "fault"
    if not vehicle:
        return "none"
    if phase_name == "closed":
        return "charging"
    if phase_name == "stopping":
        return "stopping"
    if not authorized:
        return "waiting_authorization"
    if stopped:
        return "stopped"
    if phase_name == "closing" or phase_name == "selftest":
        return "starting"
    return "waiting_ev" if offered else "waiting_current"
