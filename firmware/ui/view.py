"""What lights and sounds are made from: a few plain values, looked up from the station."""

from micropython import const

from firmware.charging import station_facts
from firmware.charging.caps import limited_sensor
from firmware.charging.faults import ERROR, LIGHT, OCPP, SEVERITY

TURN_MS = const(6000)        # faults that are active at the same time take turns
STARTING_MS = const(1000)    # a start is shown for at least so long
ARRIVED_MS = const(3000)     # after the start it is shown for so long what was reached


class View:
    """Set by others, once they exist: updating, connection, csms, manager, cards; card by the panel."""

    def __init__(self):
        self.updating = False
        self.starting = True         # the pilot was not read yet, or the records are not ready
        self.arriving = False        # the first seconds after that
        self.overview = "Idle"
        self.charging = False
        self.selftest = False
        self.vehicle = False
        self.authorized = True
        self.commissioning = False
        self.reserved = False
        self.smart = False
        self.internal = False        # a fault of the charger's own
        self.blocked = False         # a fault stops charging
        self.light = ""              # of the fault whose turn it is, as the registry says it; "" where nothing is to be shown
        self.cards = True            # a card could authorise
        self.card = None             # "read", "accepted", "refused" for 2 s
        self.connection = None       # "reachable", "connecting", "connected", "lost"; None: no network
        self.csms = None             # False: there should be a connection to a central system and is none
        self.manager = None          # the same for the manager of the charging network
        self._first_ms = None
        self._arrived_ms = None

    def look(self, station, now_ms):
        """Take over what the station knows now."""
        activity = station_facts.activity(station.core)
        self.overview = station_facts.overview_state(station)
        self.selftest = activity == "selftest"
        if station.demo is None:
            self.charging = activity == "charging"
            self.vehicle = station.vehicle_plugged()
            self.authorized = station.is_authorized()
        else:                            # a showroom: the lights show what the page shows
            self.charging, self.vehicle, self.authorized = self.overview == "Charging", self.overview != "Idle", True
        self.commissioning = station.commissioning_ms > 0 and station.operative
        self.reserved = station.flags.has("reserved")
        self.smart = station.mode == "smart"
        self._look_for_faults(station, now_ms)
        if self._first_ms is None:
            self._first_ms = now_ms
        if self.starting and (now_ms - self._first_ms) & 0x3FFFFFFF >= STARTING_MS and not station.held and activity != "unread":
            self.starting = False
            self._arrived_ms = now_ms
        if self._arrived_ms is not None and (now_ms - self._arrived_ms) & 0x3FFFFFFF > ARRIVED_MS:
            self._arrived_ms = None
        self.arriving = self._arrived_ms is not None

    def _look_for_faults(self, station, now_ms):
        """The worst ones are shown, one after the other."""
        worst = station.faults.worst()
        shown = []
        self.internal = False
        for row, _stamp in station.faults.rows():
            self.internal = self.internal or row[OCPP] == "InternalError"
            if row[SEVERITY] == worst and row[LIGHT] and row[LIGHT] not in shown:
                shown.append(row[LIGHT])
        self.blocked = worst >= ERROR
        if shown:
            self.light = shown[now_ms // TURN_MS % len(shown)]
        elif limited_sensor(station.core) is not None:
            self.light = "orange:34"     # too hot: the current is derated
        else:
            self.light = "orange*1" if self.overview == "Degraded" else ""
