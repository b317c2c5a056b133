"""The fault registry: the one table of what can go wrong, and the list of what is wrong now.

The safety core knows trip bits only; a fault without one is raised by name. Codes 1-8007 are those of a well-known wallbox,
9xxx are ours. Rows are added, never renumbered. Advice is a key of the page's translations.
"""

from micropython import const

from firmware.safety import trips

# severity
WARNING = const(0)     # charging goes on
ERROR = const(1)       # charging stops, recovers
LATCHED = const(2)     # stays until somebody acts

# (code, name, severity, opens: trip/stop/not, pilot after: 12/F/-, retries, cleared by, survives a watchdog reset,
#  OCPP 1.6 error code, ChargeX MREC code, trip bit or 0)
CODE, NAME, SEVERITY, OPENS, PILOT, RETRIES, CLEARED, SURVIVES, OCPP, MREC, TRIP = range(11)
_BY_HAND = "unplug,clear,retry"
FAULTS = (
    (1, "unplugged_in_charge", WARNING, "trip", "12", 0, "time", False, "OtherError", "", 0),
    (3, "over_temperature", ERROR, "stop", "12", 0, "cause", False, "HighTemperature", "MREC19", trips.TEMPERATURE),
    (5, "diode", ERROR, "trip", "12", 5, _BY_HAND, False, "EVCommunicationError", "MREC14", trips.DIODE),
    (8, "cable", ERROR, "trip", "12", 5, _BY_HAND, False, "OtherError", "MREC23", trips.CABLE),
    (4003, "over_current", ERROR, "trip", "12", 5, _BY_HAND, False, "OverCurrentFailure", "MREC4", trips.OVERCURRENT),
    (8001, "contactor_not_closed", ERROR, "trip", "12", 5, _BY_HAND, False, "PowerSwitchFailure", "MREC17", trips.NOT_CLOSED),
    (8002, "supply_voltage", ERROR, "stop", "12", 5, _BY_HAND, False, "OverVoltage", "MREC5", trips.SUPPLY),
    (8005, "residual_current", LATCHED, "trip", "F", 0, "unplug", True, "GroundFailure", "MREC2", trips.RCD_AC),
    (8005, "residual_current_dc", LATCHED, "trip", "F", 0, "unplug", True, "GroundFailure", "MREC2", trips.RDC_DD),
    (8005, "residual_monitor_test", ERROR, "trip", "12", 5, _BY_HAND, False, "GroundFailure", "MREC2", trips.RCD_TEST),
    (8007, "contactor_welded", LATCHED, "trip", "F", 0, "power_cycle", True, "PowerSwitchFailure", "MREC17", trips.WELDED),
    (9001, "pe_lost", ERROR, "trip", "12", 5, _BY_HAND, False, "GroundFailure", "MREC2", trips.PE_LOST),
    (9002, "pilot_short", ERROR, "trip", "12", 5, _BY_HAND, False, "EVCommunicationError", "MREC14", trips.PILOT_SHORT),
    (9003, "pilot_undefined", ERROR, "trip", "12", 5, _BY_HAND, False, "EVCommunicationError", "MREC14", trips.PILOT_UNDEFINED),
    (9004, "pilot_stale", ERROR, "trip", "12", 5, _BY_HAND, False, "InternalError", "MREC14", trips.PILOT_STALE),
    (9005, "ventilation", ERROR, "stop", "12", 5, _BY_HAND, False, "OtherError", "", trips.VENTILATION),
    (9007, "tick_late", ERROR, "trip", "12", 5, _BY_HAND, False, "InternalError", "", trips.TICK_LATE),
    (9008, "guard_opened", ERROR, "trip", "12", 5, _BY_HAND, False, "InternalError", "", trips.GUARD),
    (9009, "lock", ERROR, "trip", "12", 5, _BY_HAND, False, "ConnectorLockFailure", "MREC1", trips.LOCK),
    (9010, "meter_lost", WARNING, "not", "-", 0, "cause", False, "PowerMeterFailure", "", 0),
    (9011, "loop_late", WARNING, "stop", "12", 0, "time", False, "InternalError", "", 0),
    (9012, "settings_damaged", WARNING, "not", "-", 0, "restart", False, "InternalError", "", 0),
    (9013, "safe_mode_before", WARNING, "not", "-", 0, "restart", False, "InternalError", "", 0),
    (9014, "task_died", WARNING, "not", "-", 0, "cause", False, "InternalError", "", 0),
    (9015, "driver", WARNING, "not", "-", 0, "restart", False, "InternalError", "", 0),
    (9016, "flash", WARNING, "not", "-", 0, "cause", False, "InternalError", "", 0),
    (9017, "temperature_sensor", ERROR, "stop", "12", 0, "cause", False, "InternalError", "", trips.SENSOR),
    (9018, "upstream_protection", ERROR, "trip", "12", 5, _BY_HAND, False, "OtherError", "", trips.UPSTREAM),
    (9019, "meter_setting", WARNING, "not", "-", 0, "restart", False, "InternalError", "", 0),
)

class UnknownFault(Exception):
    """A name that is not in FAULTS."""


def row_of(name):
    """The row of a fault; raises UnknownFault."""
    for row in FAULTS:
        if row[1] == name:
            return row
    raise UnknownFault(name)


class ActiveFaults:
    """What is wrong now. `on_change(row, began)` is called at each begin and end; `stamp()` -> (boot_number, uptime_s, utc_s)."""

    def __init__(self, stamp, on_change):
        self._stamp = stamp
        self._on_change = on_change
        self._active = []           # (row, stamp at its begin), oldest first
        self._trips = 0

    def begin(self, name):
        """A fault is there; nothing happens when it is there already."""
        if self._find(name) is None:
            row = row_of(name)
            self._active.append((row, self._stamp()))
            self._on_change(row, True)

    def end(self, name):
        """A fault is gone."""
        entry = self._find(name)
        if entry is not None:
            self._active.remove(entry)
            self._on_change(entry[0], False)

    def follow_trips(self, bits):
        """Begin and end the faults of the core's trip bits."""
        if bits == self._trips:
            return
        changed = bits ^ self._trips
        self._trips = bits
        for row in FAULTS:
            if row[TRIP] & changed:
                if row[TRIP] & bits:
                    self.begin(row[1])
                else:
                    self.end(row[1])

    def _find(self, name):
        for entry in self._active:
            if entry[0][1] == name:
                return entry
        return None

    def worst(self):
        """Highest severity that is active, or -1."""
        worst = -1
        for entry in self._active:
            worst = max(worst, entry[0][2])
        return worst

    def rows(self):
        """[(row, (boot_number, uptime_s, utc_s) at its begin)], oldest first."""
        return self._active
