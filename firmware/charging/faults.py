"""The fault registry: the one table of what can go wrong, and the list of what is wrong now. docs/faults.md is made from it.

The safety core knows trip bits only; a fault without one is raised by name. Codes 1-8007 are those of a well-known wallbox,
9xxx are ours. Rows are added, never renumbered. Advice is a key of the page's translations.
"""

from micropython import const

from firmware.keyed import keyed
from firmware.safety import trips

# severity
WARNING = const(0)     # charging goes on
ERROR = const(1)       # charging stops, recovers
LATCHED = const(2)     # stays until somebody acts

# (code, name, severity, opens: trip/stop/not, pilot after: 12/F/-, retries, cleared by, survives a watchdog reset,
#  OCPP 1.6 error code, ChargeX MREC code, trip bit or 0,
#  light: colour, ":12" segments where not all four, "*3" blinks of a group where not steady; "" shows nothing,
#  status bit: a name of STATUS_BITS, active: lasts as long as its cause / passive: has happened, shown for a while)
CODE, NAME, SEVERITY, OPENS, PILOT, RETRIES, CLEARED, SURVIVES, OCPP, MREC, TRIP, LIGHT, STATUS, KIND = range(14)
_BY_HAND = "unplug,clear,retry"
FAULTS = (
    (1, "unplugged_in_charge", WARNING, "trip", "12", 0, "time", False, "OtherError", "", 0,
     "red*1", "ev_disconnected_in_charge", "passive"),
    (3, "over_temperature", ERROR, "stop", "12", 0, "cause", False, "HighTemperature", "MREC19", trips.TEMPERATURE,
     "orange:34", "over_temperature", "active"),
    (5, "diode", ERROR, "trip", "12", 5, _BY_HAND, False, "EVCommunicationError", "MREC14", trips.DIODE,
     "red*1", "cp_conformity", "active"),
    (8, "cable", ERROR, "trip", "12", 5, _BY_HAND, False, "OtherError", "MREC23", trips.CABLE,
     "red*1", "pp_conformity", "active"),
    (4003, "over_current", ERROR, "trip", "12", 5, _BY_HAND, False, "OverCurrentFailure", "MREC4", trips.OVERCURRENT,
     "red*4", "overload", "active"),
    (8001, "contactor_not_closed", ERROR, "trip", "12", 5, _BY_HAND, False, "PowerSwitchFailure", "MREC17", trips.NOT_CLOSED,
     "red*3", "contactor", "active"),
    (8002, "supply_voltage", ERROR, "stop", "12", 5, _BY_HAND, False, "OverVoltage", "MREC5", trips.SUPPLY,
     "red*5", "three_phase_compliance", "active"),
    (8005, "residual_current", LATCHED, "trip", "F", 0, "unplug", True, "GroundFailure", "MREC2", trips.RCD_AC,
     "red*2", "residual_current", "active"),
    (8005, "residual_current_dc", LATCHED, "trip", "F", 0, "unplug", True, "GroundFailure", "MREC2", trips.RDC_DD,
     "red*2", "residual_current", "active"),
    (8005, "residual_monitor_test", ERROR, "trip", "12", 5, _BY_HAND, False, "GroundFailure", "MREC2", trips.RCD_TEST,
     "red*2", "residual_current", "active"),
    (8007, "contactor_welded", LATCHED, "trip", "F", 0, "power_cycle", True, "PowerSwitchFailure", "MREC17", trips.WELDED,
     "red*3", "contactor", "active"),
    (9001, "pe_lost", ERROR, "trip", "12", 5, _BY_HAND, False, "GroundFailure", "MREC2", trips.PE_LOST,
     "red", "protective_earth", "active"),
    (9002, "pilot_short", ERROR, "trip", "12", 5, _BY_HAND, False, "EVCommunicationError", "MREC14", trips.PILOT_SHORT,
     "red*1", "short_circuit", "active"),
    (9003, "pilot_undefined", ERROR, "trip", "12", 5, _BY_HAND, False, "EVCommunicationError", "MREC14", trips.PILOT_UNDEFINED,
     "red*1", "cp_conformity", "active"),
    (9004, "pilot_stale", ERROR, "trip", "12", 5, _BY_HAND, False, "InternalError", "MREC14", trips.PILOT_STALE,
     "red*7", "internal_communication", "active"),
    (9005, "ventilation", ERROR, "stop", "12", 5, _BY_HAND, False, "OtherError", "", trips.VENTILATION,
     "red*1", "ventilation", "active"),
    (9007, "tick_late", ERROR, "trip", "12", 5, _BY_HAND, False, "InternalError", "", trips.TICK_LATE,
     "red*7", "internal_communication", "active"),
    (9008, "guard_opened", ERROR, "trip", "12", 5, _BY_HAND, False, "InternalError", "", trips.GUARD,
     "red*7", "internal_communication", "active"),
    (9009, "lock", ERROR, "trip", "12", 5, _BY_HAND, False, "ConnectorLockFailure", "MREC1", trips.LOCK,
     "red*6", "outlet_lock", "active"),
    (9010, "meter_lost", WARNING, "not", "-", 0, "cause", False, "PowerMeterFailure", "", 0,
     "orange:12", "meter_communication", "active"),
    (9011, "loop_late", WARNING, "stop", "12", 0, "time", False, "InternalError", "", 0,
     "", "internal_communication", "passive"),
    (9012, "settings_damaged", WARNING, "not", "-", 0, "restart", False, "InternalError", "", 0,
     "orange*1", "software_configuration", "active"),
    (9013, "safe_mode_before", WARNING, "not", "-", 0, "restart", False, "InternalError", "", 0,
     "", "software_configuration", "passive"),
    (9014, "task_died", WARNING, "not", "-", 0, "cause", False, "InternalError", "", 0,
     "orange*1", "internal_communication", "active"),
    (9015, "driver", WARNING, "not", "-", 0, "restart", False, "InternalError", "", 0,
     "orange*1", "internal_communication", "active"),
    (9016, "flash", WARNING, "not", "-", 0, "cause", False, "InternalError", "", 0,
     "orange*1", "internal_communication", "active"),
    (9017, "temperature_sensor", ERROR, "stop", "12", 0, "cause", False, "InternalError", "", trips.SENSOR,
     "red*7", "internal_communication", "active"),
    (9018, "upstream_protection", ERROR, "trip", "12", 5, _BY_HAND, False, "OtherError", "", trips.UPSTREAM,
     "red*5", "upstream_protection", "active"),
    (9019, "meter_setting", WARNING, "not", "-", 0, "restart", False, "InternalError", "", 0,
     "orange:12", "software_configuration", "active"),
    (9020, "coil_watchdog", ERROR, "stop", "12", 0, "restart", False, "InternalError", "MREC17", 0,
     "red*3", "contactor", "active"),
    (9021, "lock_stuck", WARNING, "not", "-", 0, "cause", False, "ConnectorLockFailure", "MREC1", 0,
     "orange*1", "outlet_lock", "active"),
    (9030, "source_silent", WARNING, "not", "-", 0, "cause", False, "OtherError", "", 0,
     "", "energy_manager", "active"),
    (9031, "card_reader", WARNING, "not", "-", 0, "cause", False, "ReaderFailure", "", 0,
     "orange*1", "reader", "active"),
    (9032, "card_list", WARNING, "not", "-", 0, "restart", False, "ReaderFailure", "", 0,
     "orange*1", "reader", "active"),
    (9050, "network_lost", WARNING, "not", "-", 0, "cause", False, "OtherError", "", 0,
     "", "internal_communication", "active"),
    (9051, "ntp", WARNING, "not", "-", 0, "cause", False, "OtherError", "", 0,
     "", "ntp", "active"),
)

# What the light's blinks mean, by the side on which somebody must look.
LIGHTS = (
    ("red", "protective earth is missing"),
    ("red*1", "vehicle, plug or cable"),
    ("red*2", "residual current, or its monitor"),
    ("red*3", "contactor"),
    ("red*4", "the vehicle draws too much"),
    ("red*5", "supply in front of the charger"),
    ("red*6", "plug lock"),
    ("red*7", "inside the charger"),
    ("orange*1", "inside the charger; charging goes on"),
    ("orange:12", "energy meter; charging goes on"),
    ("orange:34", "too hot; charging resumes by itself"),
    ("orange:23", "commissioning"),
)

# The status word that supervision systems know: (name, "" or why nothing here can raise it). A bit's place never changes.
STATUS_BITS = (
    ("reader", ""),
    ("internal_communication", ""),
    ("outlet_lock", ""),
    ("contactor", ""),
    ("surge_arrester", "no board has a contact for it"),
    ("anti_intrusion", "no board has a contact for it"),
    ("hardware_configuration", "comes with the check of the board's facts"),
    ("software_configuration", ""),
    ("upstream_protection", ""),
    ("meter_communication", ""),
    ("remote_authentication", "comes with the central system"),
    ("plug_process", "comes with the socket's detection of a plug that nobody takes away"),
    ("three_phase_compliance", ""),
    ("cp_conformity", ""),
    ("pp_conformity", ""),
    ("ev_disconnected_in_charge", ""),
    ("short_circuit", ""),
    ("overload", ""),
    ("ventilation", ""),
    ("energy_manager", ""),
    ("supervision", "comes with the central system"),
    ("ntp", ""),
    ("residual_current", ""),
    ("protective_earth", ""),
    ("over_temperature", ""),
)


class UnknownFault(Exception):
    """A name that is not in FAULTS."""


def row_of(name):
    """The row of a fault; raises UnknownFault."""
    row = keyed(FAULTS, name, NAME)
    if row is None:
        raise UnknownFault(name)
    return row


def rows_of_trips(bits):
    """The rows of trip bits, the lowest bit first. The table is not gone through: on a device that makes each of its rows."""
    bit = 1
    while bits:
        if bits & bit:
            bits ^= bit
            yield keyed(FAULTS, bit, TRIP)
        bit <<= 1


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
            self._begin(row_of(name))

    def _begin(self, row):
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
        begun, gone = bits & ~self._trips, self._trips & ~bits
        self._trips = bits
        for name in [row[NAME] for row, _ in self._active if row[TRIP] & gone]:
            self.end(name)
        for row in rows_of_trips(begun):
            if self._find(row[NAME]) is None:
                self._begin(row)

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

    def degrading(self):
        """True: a warning that lasts limits the service; what has merely happened does not count, and neither does what the front
        does not show: charging has all it needs."""
        for row, _ in self._active:
            if row[SEVERITY] == WARNING and row[KIND] == "active" and row[LIGHT]:
                return True
        return False

    def first_error(self):
        """Row of the oldest fault that keeps the contactor open, or None."""
        for row, _ in self._active:
            if row[SEVERITY] != WARNING:
                return row
        return None

    def rows(self):
        """[(row, (boot_number, uptime_s, utc_s) at its begin)], oldest first."""
        return self._active
