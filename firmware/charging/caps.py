"""What lies between the lowest ceiling and the offer: caps that the safety core takes by itself, told by name.

The core caps in any case; this only says which cap rules, so that the world hears "because of the temperature".
"""

from firmware.safety.limits import SIMPLIFIED_MA
from firmware.safety.proximity_pilot import TETHERED

SENSOR_NAMES = ("mcu", "relay", "interior", "supply_1", "supply_2")


def lowest(core, limit_ma, source):
    """(limit_ma, source) after the core's own caps."""
    if core.vehicle() and core.cable.rating_a != TETHERED and core.cable.cap_ma(limit_ma) < limit_ma:
        limit_ma, source = core.cable.cap_ma(limit_ma), "cable"
    if core.simplified and _simplified_ma(core) < limit_ma:
        limit_ma, source = _simplified_ma(core), "simplified_pilot"
    derated_ma = core.temperature.derated_ma(limit_ma)
    if derated_ma < limit_ma:
        limit_ma, source = derated_ma, "temperature"
    return limit_ma, source


def rows(core, ceilings, now_ms):
    """The rows of all ceilings with the core's own caps among them, so that the lowest row is what `lowest` tells."""
    found = ceilings.rows(now_ms)
    limit_ma = ceilings.lowest()[0]
    if core.vehicle() and core.cable.rating_a != TETHERED:
        for row in found:
            if row["source"] == "cable":
                row["limit_ma"] = min(row["limit_ma"], core.cable.cap_ma(0))
        limit_ma = min(limit_ma, core.cable.cap_ma(0))
    if core.simplified:
        limit_ma = min(limit_ma, _simplified_ma(core))
        found.append(_row("simplified_pilot", _simplified_ma(core), {"code": "simplified_pilot"}))
    derated_ma = core.temperature.derated_ma(limit_ma)
    if derated_ma < limit_ma:
        found.append(_row("temperature", derated_ma, {"code": "temperature", "sensor": limited_sensor(core)}))
    return found


def _simplified_ma(core):
    """For a vehicle without S2; nothing where such vehicles are not allowed."""
    return SIMPLIFIED_MA if core.fitted.simplified else 0


def _row(source, limit_ma, reason):
    return {"source": source, "limit_ma": limit_ma, "failsafe": False, "failsafe_ma": None, "expires_in_s": None, "by": None,
            "reason": reason}


def limited_sensor(core):
    """Name of the temperature sensor that derates, or None."""
    hottest = core.temperature.hottest
    return SENSOR_NAMES[hottest] if hottest >= 0 and core.temperature.level else None
