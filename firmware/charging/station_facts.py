"""What the station tells: its facts, made from the core, the session, the ceilings and the last reading."""

from firmware.charging import caps, reasons
from firmware.charging import facts as fact_table
from firmware.charging import faults as fault_table
from firmware.charging.plug_in import highest
from firmware.charging.session import session_state
from firmware.safety import control_pilot as cp
from firmware.safety import core as phases

_SEVERITY_NAMES = ("warning", "error", "latched")


def overview_state(station):
    """One of facts.OVERVIEW_STATES. A fault is told before anything else; where all is well but not quite: Degraded."""
    worst = station.faults.worst()
    if worst == fault_table.LATCHED:
        return "UnrecoverableError"
    if worst == fault_table.ERROR:
        return "RecoverFromError"
    if station.demo is not None:
        return station.demo.overview()
    if not station.operative:
        return "ServiceMode"
    vehicle = station.vehicle_plugged()
    if not vehicle and station.flags.has("teaching"):
        return "TokenProgrammingMode"
    if not vehicle and station.commissioning_ms:
        return "ServiceMode"
    if vehicle:
        if station.core.phase == phases.CLOSED or station.core.phase == phases.STOPPING:
            return "Charging"
        request = station.request
        if request.available == 0 or request.offered_ma == 0 or station.session is not None and station.session.charging_ms:
            return "Suspended"
    if station.faults.degrading() or station.core.temperature.level:
        return "Degraded"
    return "ReadyForCharging" if vehicle else "Idle"


def activity(core):
    """What lights show of the core: "unread" before the pilot's first reading, "selftest", "charging" while power flows, or ""."""
    if core.pilot.state == cp.UNKNOWN:
        return "unread"
    if core.phase == phases.SELFTEST:
        return "selftest"
    return "charging" if core.phase == phases.CLOSED or core.phase == phases.STOPPING else ""


def ev_state(core):
    """One of facts.EV_STATES."""
    state = core.pilot.state
    if state == cp.UNKNOWN:
        return "Not_Initialized"
    if state == cp.A:
        return "A_Not_Present_12V"
    if state == cp.E:
        return "E_ShortCut"
    if state == cp.F:
        return "F_NotAvailable"
    return fact_table.EV_STATES[2 + (state - cp.B) * 2 + (1 if core.offered_ma else 0)]


def contactor(core):
    """"open", "closed", or "unknown" where feedback and command disagree."""
    inputs, outputs = core.inputs, core.outputs
    if not core.fitted.feedback:
        return "closed" if outputs.coil_1 else "open"
    closed = inputs.feedback_1 == 1 or inputs.feedback_2 == 1
    if closed != (outputs.coil_1 == 1):
        return "unknown"
    return "closed" if closed else "open"


def _session(station, show_time):
    session = station.session
    if session is None:
        return None
    return {"number": session.number, "start": show_time(session.start), "duration_s": session.duration_ms // 1000,
            "charging_s": session.charging_ms // 1000, "energy_wh": session.energy_wh(), "end_reason": session.end_reason,
            "account": session.account or None, "id": session.id or None,
            "cost_cents": session.cost_cents}


def _refusal(station, show_time):
    if station.last_refusal is None:
        return None
    code, source, stamp = station.last_refusal
    return {"code": code, "source": source, "since": show_time(stamp), "since_uptime_s": stamp[1]}


def _faults(station, show_time):
    return [{"code": row[0], "name": row[1], "since": show_time(stamp), "since_uptime_s": stamp[1],
             "severity": _SEVERITY_NAMES[row[2]], "advice": "fault." + row[1], "kind": row[fault_table.KIND],
             "light": row[fault_table.LIGHT], "status": row[fault_table.STATUS]} for row, stamp in station.faults.rows()]


def facts(station, providers, show_time):
    """All facts of the table, ready for JSON; null where nobody knows. show_time(stamp): RFC 3339 or None."""
    core, reading = station.core, station.reading
    limit_ma, limited_by = station.limit()
    voltages_v = [None if mv is None else (mv + 500) // 1000 for mv in reading.voltage_mv]
    found = dict([(name, None) for name in fact_table.NAMES])
    found["overview_state"] = overview_state(station)
    found["cp_state"] = cp.LETTERS[core.pilot.state] if core.pilot.state else None
    found["ev_state"] = ev_state(core)
    found["session_state"] = session_state(phases.PHASE_NAMES[core.phase], station.vehicle_plugged(), station.is_authorized(),
                                           station.stopped, core.offered_ma, core.trips != 0)
    found["contactor"] = contactor(core)
    found["offered_ma"] = core.offered_ma
    found["limit_ma"] = limit_ma
    found["limited_by"] = limited_by
    found["limit_reason"] = reasons.limit_reason(station, limited_by)
    found["why_not_charging"] = reasons.why_not_charging(station)
    found["step"] = reasons.step(station)
    found["flags"] = station.flags.rows(reasons.known_flags(station))
    found["last_refusal"] = _refusal(station, show_time)
    found["service_mode"] = station.service_mode()
    found["smart_state"] = station.smart.state
    found["derated_by"] = caps.limited_sensor(core)
    found["retry_in_s"] = station.retries.left_s(station.now_ms)
    found["reclose_in_s"] = (core.reclose_left_ms() + 999) // 1000 if station.vehicle_plugged() else None
    found["ceilings"] = caps.rows(core, station.ceilings, station.now_ms)
    found["drawn_phases_ma"] = list(reading.current_ma)
    found["drawn_ma"] = highest(reading.current_ma)
    found["voltage_phases_v"] = voltages_v
    found["voltage_v"] = _mean(voltages_v)
    found["power_w"] = reading.power_w
    found["energy_wh"] = reading.energy_wh
    found["meter_source"] = reading.source
    found["power_phases_w"] = list(reading.power_phases_w)
    found["energy_phases_wh"] = list(reading.energy_phases_wh)
    found["phases"] = station.phases
    found["phases_used"] = reading.phases_used
    found["session"] = _session(station, show_time)
    found["faults"] = _faults(station, show_time)
    found["availability"] = "operative" if station.operative else "inoperative"
    found["authorized"] = station.is_authorized()
    found["mode"] = station.mode
    found["account"] = station.account or None
    found["accounts"] = list(station.accounts)
    for name, provider in providers.items():
        found[name] = provider()
    if station.demo is not None and station.faults.first_error() is None:
        station.demo.overlay(found)
    return found


def without_persons(found):
    """The facts without what tells who charges, and what other servers say of us: for those who have not logged in."""
    found["account"] = found["accounts"] = None
    if found["session"] is not None:
        found["session"]["id"] = None
        found["session"]["account"] = None
    if found["reservation"] is not None:
        found["reservation"]["id"] = None
    for name in ("publication", "fault_mail"):
        if found[name] is not None:
            found[name]["detail"] = None       # somebody else's server has a word in it
    return found


def _mean(values):
    known = [value for value in values if value]
    return sum(known) // len(known) if known else None
