"""Follows one plug-in: begins and ends the session, and says why a charge ended. Part of the station, in a file of its own."""

from micropython import const

from firmware.charging.session import Session
from firmware.safety import control_pilot as cp
from firmware.safety import core as phases
from firmware.safety.limits import elapsed_ms

LAPSE_MS = const(60000)      # an authorisation that no vehicle follows


def follow(station, now_ms):
    """Every 100 ms: the session follows the vehicle and the contactor."""
    core = station.core
    vehicle = station.vehicle_plugged()
    charging = core.phase == phases.CLOSED
    if vehicle and station.session is None and not station.closing and station.demo is None:
        _begin(station, now_ms)
    session = station.session
    if session is None:
        if station.authorized and not vehicle and elapsed_ms(now_ms, station.authorized_ms) > LAPSE_MS:
            station.refuse("authorization_lapsed", "vehicle")
            forget_authorization(station)
        return
    reading = station.reading
    session.tick(now_ms, reading.counted_mwh, charging)
    if core.simplified and station.simplified.tick(now_ms, charging, highest(reading.current_ma), reading.source != "meter"):
        station.stop("full")                  # a vehicle without S2 cannot say that it is full
    if charging and not station.was_charging:
        session.end_reason = None
        station.phase_switch.end()
        station.tell("charge_start", {"session": session})
    elif station.was_charging and not charging:
        session.end_reason = why_ended(station)
    station.was_charging = charging
    if not vehicle:
        _end(station)


def _begin(station, now_ms):
    station.session_number += 1
    session = station.session = Session(station.session_number, now_ms, station.stamp(), station.reading.counted_mwh)
    session.account = station.account
    session.id = station.authorized_id
    station.smart.new_session()
    station.tell("session_start", {"session": session})


def _end(station):
    ended, station.session = station.session, None
    if ended.end_reason is None:
        ended.end_reason = "unplugged"
    forget_authorization(station)
    station.stopped = station.was_charging = station.one_phase_seen = False
    station.phase_switch.end()
    station.retries.new_session()
    station.wake.new_session()
    station.tell("session_end", {"session": ended})


def end(station, reason):
    """End the session while the vehicle is still plugged: before a restart."""
    if station.session is not None:
        ended, station.session = station.session, None
        ended.end_reason = reason
        station.was_charging = False
        station.tell("session_end", {"session": ended})


def forget_authorization(station):
    """Another vehicle needs another word."""
    station.authorized, station.authorized_id = False, ""


def why_ended(station):
    """Why the charge has just ended: one of the reasons of Session.end_reason."""
    core = station.core
    if core.trips:
        return "fault"
    if core.pilot.state == cp.A:
        return "unplugged"
    if station.closing:
        return "restart"
    if not station.operative:
        return "inoperative"
    if station.stopped:
        return "stop"
    if core.phases != station.phases or station.phase_switch.under_way:
        return "phases"
    return "limit" if station.offer_ma() == 0 else "ev"


def highest(values):
    """The highest of those that are known; None without any."""
    known = [value for value in values if value is not None]
    return max(known) if known else None
