"""What each command of the table does to the station. Arguments have been checked; answers name a refusal's reason."""

from firmware.charging.faults import LATCHED
from firmware.safety.limits import TICKS_MASK

ACCEPTED = {"result": "accepted"}


def refused(reason):
    """The answer to a command that is understood but not done."""
    return {"result": "refused", "reason": reason}


def _set_ceiling(station, args):
    if station.ceilings.is_own(args["source"]):
        return refused("not_allowed")
    timeout_ms = (args.get("timeout_s") or 0) * 1000
    if station.ceilings.set(args["source"], args["limit_ma"], station.now_ms, args.get("failsafe_ma"), timeout_ms):
        return ACCEPTED
    return refused("too_many")


def _clear_ceiling(station, args):
    if station.ceilings.is_own(args["source"]):
        return refused("not_allowed")
    return ACCEPTED if station.ceilings.clear(args["source"]) else refused("unknown_ceiling")


def _authorize(station, args):
    if not station.operative:
        return refused("inoperative")
    station.authorized, station.authorized_id = True, args.get("id") or ""
    if station.session is not None:
        station.session.id = station.authorized_id
    return ACCEPTED


def _start(station, _args):
    if not station.operative:
        return refused("inoperative")
    if not station.is_authorized():
        return refused("not_authorized")
    if station.core.trips:
        return refused("fault")
    station.stopped = False
    station.start_delay_ms = 0           # who presses start does not wait for the random delay
    return ACCEPTED


def _stop(station, _args):
    station.stopped = True
    return ACCEPTED


def _unlock(station, _args):
    if not station.has_lock:
        return refused("no_lock")
    station.stopped = True
    station.core.request.unlock_seq = (station.core.request.unlock_seq + 1) & TICKS_MASK
    return ACCEPTED


def _clear(station, _args):
    if not station.core.trips:
        return refused("nothing_to_clear")
    if station.faults.worst() == LATCHED:
        return refused("not_clearable")
    station.retries.new_session()
    station.core.request.clear_seq = (station.core.request.clear_seq + 1) & TICKS_MASK
    return ACCEPTED


def _availability(station, args):
    station.operative = args["operative"]
    return ACCEPTED


def _mode(station, args):
    station.mode = args["mode"]
    return ACCEPTED


def _account(station, args):
    station.account = args["account"]
    if station.session is not None:
        station.session.account = station.account
    return ACCEPTED


def _phases(station, args):
    wanted = args["phases"]
    if wanted != station.phases and (not station.has_phase_switching or wanted > station.core.fitted.phases):
        return refused("no_phase_switching")
    station.phases = wanted
    return ACCEPTED


def _restart(station, _args):
    station.actions["restart"]()
    return ACCEPTED


def _clock(station, args):
    station.actions["clock"](args["utc_s"])
    return ACCEPTED


DO = {
    "set_ceiling": _set_ceiling, "clear_ceiling": _clear_ceiling, "authorize": _authorize, "start": _start, "stop": _stop,
    "unlock": _unlock, "clear": _clear, "availability": _availability, "mode": _mode, "account": _account, "phases": _phases,
    "restart": _restart, "clock": _clock,
}
