"""One plug-in: from the vehicle's coming to its going, with what it charged."""

from firmware.safety.limits import elapsed_ms


class Session:
    """Numbers of one session. Energy comes from a register in Wh (meter or estimate)."""

    def __init__(self, number, now_ms, stamp, energy_wh):
        self.number = number
        self.start = stamp            # (boot_number, uptime_s, utc_s)
        self.account = ""
        self.id = ""                  # card or other token that authorised it
        self.end_reason = None        # why the charge ended last: "stop", "limit", "ev", "unplugged", "fault", ...
        self.charging_ms = 0
        self.duration_ms = 0
        self._start_wh = energy_wh    # None until the register can be read
        self._last_wh = energy_wh
        self._tick_ms = now_ms

    def tick(self, now_ms, energy_wh, charging):
        """Add the time since the last tick; take over the register."""
        gone_ms = elapsed_ms(now_ms, self._tick_ms)
        self._tick_ms = now_ms
        self.duration_ms += gone_ms
        if charging:
            self.charging_ms += gone_ms
        if energy_wh is not None:
            if self._start_wh is None:
                self._start_wh = energy_wh
            elif energy_wh < self._last_wh:
                self._start_wh -= self._last_wh - energy_wh     # the register was reset or wrapped: what counts is the growth
            self._last_wh = energy_wh

    @property
    def start_wh(self):
        """Register at the start, or None while it is not known."""
        return self._start_wh

    @property
    def last_wh(self):
        """Register now, or None."""
        return self._last_wh

    def energy_wh(self):
        """Wh charged so far."""
        return 0 if self._start_wh is None else self._last_wh - self._start_wh


def session_state(phase_name, vehicle, authorized, stopped, offered):
    """One of facts.SESSION_STATES, from what the core and the station know."""
    if phase_name == "tripped":
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
