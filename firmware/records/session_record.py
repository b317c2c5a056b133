"""One session as a dict and as bytes (RE-1). The layout is a promise; new fields are appended, never inserted.

A dict has: number, phases (1..3, 0 unknown), estimated (energy not from a meter), start and end (stamps), duration_s,
charging_s, energy_wh, meter_start_wh, meter_stop_wh, cost_cents (None: without), and the texts station, connector,
connector_type, transaction_id, uid (hexadecimal), user, account, end_reason (a code), comment ("" without).
"""

import struct

from firmware.records.stamp import utc_of
from firmware.storage.codec import clamp, pack_texts, unpack_texts

SESSION_KIND = 1
SESSION_VERSION = 1

# number, phases, flags, start boot/uptime/utc, end boot/uptime/utc, duration, charging, energy, cost, meter start/stop
_FORMAT = "<IBBIIIIIIIIIIQQ"
_FIXED_BYTES = 62
TEXTS = ("station", "connector", "connector_type", "transaction_id", "uid", "user", "account", "end_reason", "comment")
_LIMITS = (60, 8, 12, 36, 40, 100, 60, 24, 100)       # bytes; all of them just fit into a record
_TOP = 0xFFFFFFFF
_NO_COST = 0xFFFFFFFF
_NO_METER = 0xFFFFFFFFFFFFFFFF
_ESTIMATED = 1


def encode(session):
    """Payload bytes of a session dict; numbers are clamped to their fields, texts cut to theirs."""
    start, end = session["start"], session["end"]
    return struct.pack(
        _FORMAT, session["number"], clamp(session["phases"], 3), _ESTIMATED if session["estimated"] else 0,
        clamp(start[0], _TOP), clamp(start[1], _TOP), clamp(start[2], _TOP),
        clamp(end[0], _TOP), clamp(end[1], _TOP), clamp(end[2], _TOP),
        clamp(session["duration_s"], _TOP), clamp(session["charging_s"], _TOP), clamp(session["energy_wh"], _TOP),
        _NO_COST if session["cost_cents"] is None else clamp(session["cost_cents"], _NO_COST - 1),
        _meter(session["meter_start_wh"]), _meter(session["meter_stop_wh"]),
    ) + pack_texts([session[name] for name in TEXTS], _LIMITS)


def _meter(register_wh):
    return _NO_METER if register_wh is None else clamp(register_wh, _NO_METER - 1)


def decode(payload, references):
    """The dict of a payload, with utc_s completed from `Stamper.references()` where it was unknown; None when it is
    too short to be one."""
    if len(payload) < _FIXED_BYTES:
        return None
    fields = struct.unpack_from(_FORMAT, payload)
    session = {
        "number": fields[0],
        "phases": fields[1],
        "estimated": bool(fields[2] & _ESTIMATED),
        "start": (fields[3], fields[4], utc_of(fields[3:6], references)),
        "end": (fields[6], fields[7], utc_of(fields[6:9], references)),
        "duration_s": fields[9],
        "charging_s": fields[10],
        "energy_wh": fields[11],
        "cost_cents": None if fields[12] == _NO_COST else fields[12],
        "meter_start_wh": None if fields[13] == _NO_METER else fields[13],
        "meter_stop_wh": None if fields[14] == _NO_METER else fields[14],
    }
    for name, text in zip(TEXTS, unpack_texts(payload, _FIXED_BYTES, len(TEXTS))):
        session[name] = text
    return session
