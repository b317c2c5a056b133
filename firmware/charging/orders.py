"""What each command of the table does to the station. Arguments have been checked; answers name a refusal's reason."""

from firmware.charging.card_ids import canonical
from firmware.charging.commands import PLAN_S
from firmware.charging.faults import LATCHED
from firmware.charging.sources import OUTSIDE
from firmware.safety import core as phases

ACCEPTED = {"result": "accepted"}
# caps that the charger sets at times, so that nobody else may take their names meanwhile
OWN_CAPS = ("smart", "asymmetry", "input", "input_limit", "input_delay", "grid_dimming", "simplified_pilot", "temperature")


def refused(reason):
    """The answer to a command that is understood but not done."""
    return {"result": "refused", "reason": reason}


def do(station, name, args, source):
    """Do a command for `source`, where that may speak at all."""
    if not station.sources.is_allowed(source):
        return refused("not_allowed")
    station.sources.spoke(source, station.now_ms)
    station.ceilings.spoke(source)
    if station.demo is not None:
        shown = station.demo.command(name)
        if shown is not None:
            return ACCEPTED if shown else refused("demo")
    return DO[name](station, args, source)


def _is_theirs(station, name, source):
    """A cap of the charger itself is nobody's; one that was set from outside is its setter's, or of whoever stands inside."""
    by = station.ceilings.set_by(name)
    if name in OWN_CAPS:
        return False
    return by is None or by != "" and (by == source or source not in OUTSIDE)


def _set_ceiling(station, args, source):
    if not _is_theirs(station, args["source"], source):
        return refused("not_allowed")
    timeout_ms = (args.get("timeout_s") or 0) * 1000
    if station.ceilings.set(args["source"], args["limit_ma"], station.now_ms, args.get("failsafe_ma"), timeout_ms, source,
                            args.get("reason")):
        return ACCEPTED
    return refused("too_many")


def _clear_ceiling(station, args, source):
    if not _is_theirs(station, args["source"], source):
        return refused("not_allowed")
    return ACCEPTED if station.ceilings.clear(args["source"]) else refused("unknown_ceiling")


def _set_plan(station, args, source):
    station.smart.set_plan(args["plan"], args.get("valid_s") or PLAN_S, source)
    return ACCEPTED


def _authorize(station, args, _source):
    token = canonical(args.get("id") or "")
    if not station.operative:
        return refused("inoperative")
    if station.session is not None and station.authorized_id not in ("", token):
        return refused("occupied")           # it is somebody's until the vehicle goes
    if station.reserved_for and token != station.reserved_for:
        return refused("reserved")
    station.authorized, station.authorized_id, station.authorized_ms = True, token, station.now_ms
    station.last_refusal = None
    if station.session is not None:
        station.session.id = station.authorized_id
    return ACCEPTED


def _start(station, _args, _source):
    if not station.operative:
        return refused("inoperative")
    if not station.is_authorized():
        return refused("not_authorized")
    if station.core.trips:
        return refused("fault")
    station.stopped = False
    station.last_refusal = None
    station.start_delay_ms = 0           # who presses start does not wait for the random delay
    return ACCEPTED


def _stop(station, _args, source):
    station.stop(source)
    return ACCEPTED


def _unlock(station, _args, source):
    if not station.has_lock:
        return refused("no_lock")
    station.stop(source)
    station.order("unlock_seq")
    return ACCEPTED


def _clear(station, _args, _source):
    if not station.core.trips:
        return refused("nothing_to_clear")
    if station.faults.worst() == LATCHED:
        return refused("not_clearable")
    station.retries.new_session()
    station.order("clear_seq")
    return ACCEPTED


def _availability(station, args, source):
    station.operative, station.operative_by = args["operative"], source
    return ACCEPTED


def _mode(station, args, _source):
    station.mode = args["mode"]
    station.smart.new_session()
    return ACCEPTED


def _account(station, args, _source):
    if args["account"] and station.accounts and args["account"] not in station.accounts:
        return dict(refused("unknown_account"), allowed=list(station.accounts))
    station.account = args["account"]
    if station.session is not None:
        station.session.account = station.account
    return ACCEPTED


def _phases(station, args, source):
    wanted = args["phases"]
    if wanted != station.phases and (not station.has_phase_switching or wanted > station.core.fitted.phases):
        return refused("no_phase_switching")
    if wanted != station.phases and station.core.phase in (phases.CLOSING, phases.CLOSED):
        station.phase_switch.begin()
    station.phases, station.phases_by = wanted, source
    return ACCEPTED


def _service_mode(station, args, _source):
    if args["mode"] == "demo" and station.vehicle_plugged():
        return refused("vehicle_plugged")
    if args["mode"] != station.service_mode():
        station.set_service_mode(args["mode"])
    return ACCEPTED


def _teach_cards(station, args, _source):
    if "teach" not in station.actions:
        return refused("no_reader")
    reason = station.actions["teach"](args["mode"])
    return ACCEPTED if reason is None else refused(reason)


def _reserve(station, args, source):
    if not station.operative:
        return refused("inoperative")
    if station.faults.first_error() is not None:
        return refused("fault")
    if station.vehicle_plugged() or station.authorized:
        return refused("occupied")
    reason = station.actions["reserve"](dict(args, id=canonical(args["id"])), source)
    return ACCEPTED if reason is None else refused(reason)


def _cancel_reservation(station, args, _source):
    reason = station.actions["cancel_reservation"](args)
    return ACCEPTED if reason is None else refused(reason)


def _clear_cache(station, _args, _source):
    station.actions["clear_cache"]()
    return ACCEPTED


def _restart(station, _args, _source):
    station.actions["restart"]()
    return ACCEPTED


def _clock(station, args, source):
    if source in OUTSIDE and source != "ocpp" and station.stamp()[2]:
        return refused("clock_known")        # whoever sets it back gives expired cards their time again
    station.actions["clock"](args["utc_s"], source)
    return ACCEPTED


DO = {
    "set_ceiling": _set_ceiling, "clear_ceiling": _clear_ceiling, "set_plan": _set_plan, "authorize": _authorize, "start": _start,
    "stop": _stop, "unlock": _unlock, "clear": _clear, "availability": _availability, "mode": _mode, "account": _account,
    "phases": _phases, "service_mode": _service_mode, "teach_cards": _teach_cards, "restart": _restart, "clock": _clock,
    "reserve": _reserve, "cancel_reservation": _cancel_reservation, "clear_cache": _clear_cache,
}
