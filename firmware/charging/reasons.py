"""Why it is as it is, as codes with parameters: which cap rules, why no power flows, which step comes next.

The sentences for people stand in the page's translations, under because.CODE and why.CODE. A parameter's name ends with its unit
(_ma, _w, _s, _c); others are codes, names or numbers. Codes are added, never renamed.
"""

from firmware.charging import caps
from firmware.safety import control_pilot as cp
from firmware.safety import core as phases

# why a cap holds: fact limit_reason, and `reason` of the rows of `ceilings`. (code, parameters that it may bring)
LIMIT_REASONS = (
    ("none", ""), ("board", ""), ("installation", ""), ("cable", ""), ("user", ""), ("nominal", ""), ("asymmetry", ""),
    ("simplified_pilot", ""), ("temperature", "sensor"), ("input", ""), ("input_limit", ""), ("input_delay", ""),
    ("grid_dimming", ""), ("load", ""), ("profile", ""),
    ("home", "used_ma fuse_ma phase"), ("home_power", "used_w most_w"), ("home_lost", ""),
    ("smart_start", "left_s"), ("plan", "left_s"), ("plan_pause", "left_s"), ("schedule", "left_s"), ("schedule_pause", "left_s"),
    ("outside", "name by"), ("outside_said", "name by text"), ("failsafe", "name by"),
)

# why no power flows: fact why_not_charging. (code, parameters)
WHY = (
    ("fault", "fault"), ("demo", ""), ("no_reading", ""), ("unlock", ""), ("out_of_service", "by"), ("restart", ""),
    ("no_vehicle", ""), ("reserved", ""), ("not_authorized", ""), ("full", ""), ("stopped", "by"), ("power_cut_delay", "left_s"),
    ("records", ""),
    ("input", ""), ("limit", "limit_ma floor_ma because"), ("stopping", ""), ("self_test", ""), ("phase_switch", "left_s"),
    ("waking", ""), ("reclose", "left_s"), ("vehicle_paused", ""), ("vehicle_waits", ""), ("lock", ""), ("starting", ""),
)


def limit_reason(station, source):
    """{"code", params} of the cap that rules: the ceiling's own reason, or that of the core's caps."""
    if source == "temperature":
        return {"code": source, "sensor": caps.limited_sensor(station.core)}
    return station.ceilings.reason_of(source)


def why_not_charging(station):
    """{"code", params}: why no power flows now; None while it does. What lasts longest and is most in the way comes first."""
    core, session = station.core, station.session
    if core.phase == phases.CLOSED:
        return None
    row = station.faults.first_error()
    if row is not None:
        return {"code": "fault", "fault": row[1]}
    if station.demo is not None:
        return {"code": "demo"}
    if not station.operative:
        return {"code": "out_of_service", "by": station.operative_by}
    if station.closing:
        return {"code": "restart"}
    if core.pilot.state == cp.UNKNOWN:
        return {"code": "no_reading"}
    if not station.vehicle_plugged():
        return {"code": "no_vehicle"}
    if not station.is_authorized():
        return {"code": "reserved" if station.reserved_for else "not_authorized"}
    if core.lock.ordered_open:
        return {"code": "unlock"}
    if station.stopped:
        return {"code": "full"} if station.stopped_by == "full" else {"code": "stopped", "by": station.stopped_by}
    if station.start_delay_ms:
        return {"code": "power_cut_delay", "left_s": (station.start_delay_ms + 999) // 1000}
    if station.held:
        return {"code": "records"}
    if core.inputs.enable == 0:
        return {"code": "input"}
    limit_ma, source = station.limit()
    if limit_ma < station.floor_ma():
        return {"code": "limit", "limit_ma": limit_ma, "floor_ma": station.floor_ma(), "because": limit_reason(station, source)}
    return _on_the_way(station, session)


def _on_the_way(station, session):
    """Nothing is in the way of power: what is it waiting for?"""
    core = station.core
    left_s = (core.reclose_left_ms() + 999) // 1000
    if core.phases != station.phases or station.phase_switch.under_way:
        return {"code": "phase_switch", "left_s": left_s}
    if core.phase == phases.STOPPING or core.phase == phases.OPENING:
        return {"code": "stopping"}
    if core.phase == phases.SELFTEST:
        return {"code": "self_test"}
    if core.phase == phases.WAKING:
        return {"code": "waking"}
    if core.phase == phases.OFFERING:
        if core.pilot.state == cp.B:
            return {"code": "vehicle_paused" if session is not None and session.charging_ms else "vehicle_waits"}
        if left_s:
            return {"code": "reclose", "left_s": left_s}
        if core.fitted.lock and not core.lock.closed(core.inputs):
            return {"code": "lock"}
    return {"code": "starting"}


def step(station):
    """The step of the procedure that comes next, or is under way: one of facts.STEPS."""
    session = station.session
    if not station.vehicle_plugged():
        return "plug" if station.is_authorized() else "authorisation"
    if not station.is_authorized():
        return "authorisation"
    if station.core.phase == phases.CLOSED or session is None:
        return "charge"
    return "unplug" if session.charging_ms and (station.stopped or session.end_reason == "ev") else "charge"


def known_flags(station):
    """[(name, who ordered it)]: the flags that the station sees by itself."""
    core = station.core
    found = []
    if core.pilot.state == cp.D:
        found.append(("ventilation_required", "vehicle"))
    if station.phases == 1:
        found.append(("single_phase", station.phases_by))
    else:
        found.append(("single_phase", "vehicle") if station.counted_phases() == 1 else ("three_phase", station.phases_by))
    limit_ma, source = station.limit()
    if limit_ma < station.floor_ma():
        found.append(("postponed" if source in ("smart", "input_delay") else "not_enough_energy", source))
    if station.start_delay_ms:
        found.append(("postponed", "power_cut"))
    elif station.ceilings.is_own("input_delay"):
        found.append(("postponed", "input_delay"))
    if station.stopped and station.session is not None:
        found.append(("suspended", station.stopped_by))
    if station.commissioning_ms:
        found.append(("maintenance", "commissioning"))
    if not station.operative:
        found.append(("unavailable", station.operative_by))
    return found
