"""Statuses that the page must be able to show, one per state a visitor meets."""
from firmware.charging.facts import FACTS
from firmware.charging.faults import row_of


def _own(source, limit_ma):
    return {"source": source, "limit_ma": limit_ma, "failsafe": False, "failsafe_ma": None, "expires_in_s": None, "by": None,
            "reason": {"code": source}}


_SILENT = {"code": "failsafe", "name": "sunny-roof", "by": "mqtt", "text": None}
BASE = {
    "overview_state": "Idle", "cp_state": "A", "ev_state": "A_Not_Present_12V", "session_state": "none", "contactor": "open",
    "offered_ma": 0, "limit_ma": 16000, "limited_by": "installation",
    "derated_by": None, "reclose_in_s": None, "station_name": None, "retry_in_s": None,
    "ceilings": [_own("board", 32000), _own("installation", 16000), _own("cable", 32000), _own("user", 32000)],
    "limit_reason": {"code": "installation"}, "why_not_charging": {"code": "no_vehicle"}, "smart_state": "off",
    "service_mode": "normal", "standby": "awake", "step": "plug", "flags": [{"name": "three_phase", "source": "settings"}],
    "last_refusal": None, "reservation": None, "temperature_sensors": None,
    "drawn_ma": 0, "drawn_phases_ma": [0, 0, 0], "voltage_v": 231, "voltage_phases_v": [231, 230, 232], "power_w": 0,
    "energy_wh": 1234567, "meter_source": "meter", "power_phases_w": [0, 0, 0], "energy_phases_wh": [400000, 410000, 424567],
    "meter_age_s": 0, "meter_model": {"type": "eastron_sdm630", "models": "Eastron SDM630", "evidence": "source"},
    "meter_bus": {"requests": 90, "replies": 90, "timeouts": 0, "crc_errors": 0, "exceptions": 0, "foreign": 0, "bus_errors": 0,
                  "last_error": None, "polls": 80, "failed_polls": 0, "last_failure": None, "register_wraps": 0,
                  "register_resets": 0},
    "life_energy_wh": 1234560, "life_charging_s": 412345, "phases": 3, "phases_used": None, "session": None, "faults": [],
    "temperatures": {"mcu": 41, "relay": 33, "interior": 30, "supply_1": None, "supply_2": None},
    "lateness_ms": {"p50": 0, "p99": 2, "max": 11}, "uptime_s": 93784, "boot_number": 17, "reset_cause": "power",
    "utc": "2026-11-20T10:41:07Z", "version": "0.1.0", "serial": "M3-2611-0042",
    "board": {"name": "twin", "lacks": ["lock"], "socket": False, "failing": []}, "coil_watchdog": "passed",
    "earth_monitoring": True,
    "supply_present": [None, None, None], "availability": "operative", "authorized": True, "mode": "immediate",
    "account": None, "accounts": None, "restart_needed": [],
    "general": {"country": "DE", "currency": "EUR", "language": "auto", "setup_done": True, "units": "metric"},
    "tasks": [{"name": "control", "critical": True, "restarts": 0, "last_error": None}],
}


def _fault(name):
    row = row_of(name)
    return {"code": row[0], "name": name, "since": "2026-11-20T10:12:00Z", "since_uptime_s": 92000,
            "severity": ("warning", "error", "latched")[row[2]], "advice": "fault." + name, "kind": row[13], "light": row[11],
            "status": row[12]}


def _session(**more):
    session = {"number": 312, "start": "2026-11-20T09:30:00Z", "duration_s": 4267, "charging_s": 4012, "energy_wh": 11870,
               "end_reason": None, "account": None, "id": None, "cost_cents": None}
    session.update(more)
    return session


_CHARGING = {"overview_state": "Charging", "cp_state": "C", "ev_state": "C_Ready_6V_M12V", "session_state": "charging",
             "contactor": "closed", "offered_ma": 16000, "drawn_ma": 15800, "drawn_phases_ma": [15800, 15600, 15700],
             "power_w": 10853, "power_phases_w": [3650, 3588, 3615], "phases_used": 3, "session": _session(),
             "why_not_charging": None, "step": "charge"}
_PLUGGED = {"cp_state": "B", "ev_state": "B_Present_Asked_9V_M12V", "offered_ma": 16000,
            "session": _session(energy_wh=0, duration_s=42, charging_s=0)}

CHANGES = {
    "idle": {},
    "charging": _CHARGING,
    "waiting": dict(_PLUGGED, overview_state="ReadyForCharging", session_state="waiting_authorization", authorized=False,
                    offered_ma=0, why_not_charging={"code": "not_authorized"}, step="authorisation"),
    "paused": dict(_PLUGGED, overview_state="Suspended", session_state="waiting_current", offered_ma=0, limit_ma=0,
                   limited_by="sunny-roof", session=_session(),
                   limit_reason=_SILENT,
                   why_not_charging={"code": "limit", "limit_ma": 0, "floor_ma": 6000, "because": _SILENT},
                   ceilings=BASE["ceilings"] + [dict(_own("sunny-roof", 0), failsafe=True, failsafe_ma=0, by="mqtt",
                                                     reason=_SILENT)]),
    "stopped": dict(_PLUGGED, overview_state="Suspended", session_state="stopped", session=_session(end_reason="stop"),
                    why_not_charging={"code": "stopped", "by": "web"}, step="unplug"),
    "fault": dict(_PLUGGED, overview_state="RecoverFromError", session_state="fault", offered_ma=0,
                  faults=[_fault("contactor_not_closed"), _fault("meter_lost")], meter_source="estimate", meter_age_s=65,
                  meter_model={"type": "abb_m1m", "models": "ABB M1M, M4M", "evidence": "unverified"},
                  why_not_charging={"code": "fault", "fault": "contactor_not_closed"}),
    "welded": {"overview_state": "UnrecoverableError", "session_state": "fault", "contactor": "closed", "cp_state": "F",
               "ev_state": "F_NotAvailable", "faults": [_fault("contactor_welded")],
               "why_not_charging": {"code": "fault", "fault": "contactor_welded"}},
    "service": {"overview_state": "ServiceMode", "availability": "inoperative",
                "why_not_charging": {"code": "out_of_service", "by": "settings"}},
    "warm": dict(_CHARGING, overview_state="Charging", derated_by="relay", limit_ma=10000, limited_by="temperature",
                 offered_ma=10000, drawn_ma=9900, drawn_phases_ma=[9900, 9900, 9800], power_w=6830, phases=3,
                 power_phases_w=[2290, 2280, 2260], limit_reason={"code": "temperature", "sensor": "relay"}, mode="smart",
                 smart_state="fallback", station_name="Tiefgarage, Platz 12 beim Aufzug",
                 session=_session(cost_cents=356, account="Familie Müller-Lüdenscheid", start="2026-11-20T09:30:00Z"),
                 temperatures={"mcu": 61, "relay": 83, "interior": 55, "supply_1": 48, "supply_2": 47},
                 flags=[{"name": "single_phase", "source": "vehicle"}, {"name": "not_enough_energy", "source": "home"},
                        {"name": "vip", "source": "card"}, {"name": "reserved", "source": "ocpp"}],
                 last_refusal={"code": "card_not_the_current_user", "source": "card", "since": "2026-11-20T10:12:00Z",
                               "since_uptime_s": 92000},
                 ceilings=BASE["ceilings"] + [_own("temperature", 10000), dict(_own("hems", 14000), expires_in_s=50, by="mqtt")]),
    "degraded": {"overview_state": "Degraded", "faults": [_fault("meter_lost")], "meter_source": "estimate", "meter_age_s": 65,
                 "voltage_v": 230, "service_mode": "commissioning", "supply_present": [1, 0, 1]},
    "news": {"earth_monitoring": False, "update": {"state": "ready", "version": "0.2.0"}, "restart_needed": ["meter.type"]},
    "teaching": {"overview_state": "TokenProgrammingMode", "flags": [{"name": "teaching", "source": "card"}]},
    "bare": {"power_w": None, "drawn_ma": None, "drawn_phases_ma": [None, None, None], "voltage_v": None, "energy_wh": None,
             "voltage_phases_v": [None, None, None], "meter_source": None, "meter_age_s": None,
             "meter_model": None, "meter_bus": None, "life_energy_wh": None, "cp_state": None, "utc": None, "serial": None,
             "ev_state": "Not_Initialized", "lateness_ms": {"p50": 0, "p99": 0, "max": 0},
             "temperatures": {"mcu": None, "relay": None, "interior": None, "supply_1": None, "supply_2": None},
             "board": {"name": "esp32-devkit", "lacks": ["coil_watchdog", "weld_feedback", "pe_monitor", "lock"], "socket": False,
                       "failing": []}, "coil_watchdog": "not_fitted"},
}


def status(name):
    """The whole status of an example: every fact of the table; one that no example speaks of is null."""
    facts = dict.fromkeys([row[0] for row in FACTS])
    facts.update(BASE)
    facts.update(CHANGES[name])
    unknown = [key for key in facts if key not in [row[0] for row in FACTS]]
    if unknown:
        raise ValueError("example %s: unknown %s" % (name, unknown))
    return facts
