"""The wall clock, wired: who may set it, who did so last, and the task that asks time servers."""

from firmware.drivers import clock
from firmware.services.network.clock_sync import ClockSync
from firmware.services.network.ntp import PORT

_NOTED_S = 2            # a smaller step is a clock that drifts


class ClockDesk:
    """A part of the wiring. network: services.network.service.NetworkService; services: what the board's facts say of a twin."""

    def __init__(self, app, network, to_thread, tell, services):
        self._records = app.records
        self.source = "battery" if clock.utc_s() else "unknown"
        self._set_s = None           # uptime: counts beyond the 12 days after which the ticks begin anew
        self.sync = ClockSync(network.connected, clock, self.set, to_thread, tell.fault, services.get("ntp_port", PORT))
        self.tasks, self.apply = self.sync.tasks, self.sync.apply

    def set(self, utc_s, source):
        """Set the clock; a step is logged with its seconds. Running sessions count by uptime and do not notice."""
        before_s = clock.utc_s()
        self.source = source = "browser" if source == "web" else source
        self._set_s = self._records.stamp()[1]
        if utc_s == before_s:
            return
        clock.set_utc(utc_s)
        self._records.clock_was_set()
        step_s = utc_s - before_s if before_s else 0
        if not before_s or abs(step_s) >= _NOTED_S:
            self._records.events.add(self._records.stamp(), "clock", source[:40], max(min(step_s, 0x7FFFFFFF), -0x7FFFFFFF))

    def facts(self):
        """{fact: provider}."""
        return {"clock": self.fact}

    def fact(self):
        """The fact `clock`."""
        sync = self.sync
        set_s = None if self._set_s is None else self._records.stamp()[1] - self._set_s
        return {"source": self.source, "set_s": set_s, "server": sync.server, "error": sync.error}
