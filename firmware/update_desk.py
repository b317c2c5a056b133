"""Updates and diagnostics, wired: what services/updates.py needs of the charger, in its words."""

import os

from firmware.drivers import clock, slot_pointer
from firmware.on_demand import OnDemand, forget
from firmware.services.web.roles import ADMIN, READ
from firmware.version import VERSION


def rows(app):
    """Of the table of routes."""
    def update_api():
        from firmware.services.web.update_api import UpdateApi
        return UpdateApi(app.online.updates, VERSION)

    def diagnostics_api():
        from firmware.services.web.diagnostics_api import DiagnosticsApi
        return DiagnosticsApi(lambda: app.station.facts(personal=False), app.settings, app.records, lambda: _more(app),
                              app.online.way_out, app.note_security)
    diagnostics = OnDemand(diagnostics_api, (
        "firmware.services.http_client", "firmware.services.web.diagnostics_api"))
    update = OnDemand(update_api, ("firmware.services.ota.record", "firmware.services.web.update_api"))
    return ((None, "/api/v1/update*", READ, update, 0), (None, "/api/v1/diagnostics*", ADMIN, diagnostics, 0))


def _more(app):
    """What the diagnostics tell beyond facts, settings and events."""
    from firmware.services.ota.record import log
    forget(("firmware.services.ota.record",))
    lines = log(app.root)
    return {"start": {name: app.start[name] for name in ("start", "detail", "failures", "restarts", "slot", "boot")},
            "slots": slot_pointer.read(app.root), "errors": app.errors, "update_log": lines,
            "guard_opened": app.timer.guard_opened, "hook_error": app.timer.hook_error}


class UpdateDesk:
    """A part of the wiring: takes what it needs from the App."""

    version = VERSION
    moduli = None                # the keys that the firmware knows; a test may give others
    ticks_ms = staticmethod(clock.ticks_ms)
    utc_s = staticmethod(clock.utc_s)

    def __init__(self, app, facts):
        self._app = app
        self.family = facts["chip"]
        self.slot = slot_pointer.running(app.root)
        pointer = slot_pointer.read(app.root)
        self.confirmed = pointer is None or pointer["confirmed"]     # told again by App when it has run long enough
        self.boot = app.start["boot"]
        self.rolled_back = False             # boot.py noted that it went back to this version

    def may_write(self):
        """No power flows, so the flash may be touched."""
        return self._app.contactor_open()

    def obstacle(self):
        """Why nothing may be installed now: a code of services/ota/refusal.py, or None."""
        app = self._app
        if not self.slot:
            return "no_slots"
        if app.station.demo is not None:
            return "showroom"
        if app.station.vehicle_plugged() or not app.contactor_open():
            return "vehicle"
        return None

    def on_trial(self):
        """The running version has not been confirmed yet."""
        return self.slot != "" and not self.confirmed

    def _other(self):
        return "b" if self.slot == "a" else "a"

    def other_is_whole(self):
        """The slot that does not run holds an application."""
        return self.slot != "" and slot_pointer.is_whole(self._app.root, self._other())

    def activate(self):
        """The next start runs the other slot. slot_pointer.SlotError, OSError."""
        slot_pointer.activate(self._app.root, self._other())

    def restart(self, reason):
        """End everything in order, then restart."""
        self._app.request_restart(reason)

    def minute_of_day(self):
        """Local, 0 to 1439; None while the clock is unknown."""
        minute = self._app.local_minutes()
        return None if minute is None else minute % 1440

    def random(self, below):
        """A whole number from 0 to below - 1, of up to 256."""
        return os.urandom(1)[0] * below // 256

    def show(self, on):
        """The lights tell that it is updating."""
        self._app.panel.view.updating = on

    def note(self, result, version, detail):
        """Into the event log."""
        records = self._app.records
        records.events.add(records.stamp(), "update", result[:40], None, (version + " " + detail).strip()[:96])

    def error(self, where, error):
        """The flash refused."""
        self._app.note_error(where, error)
