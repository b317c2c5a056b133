"""The health of the charger's parts, told as faults. A part of the wiring."""

from firmware.drivers import survivors
from firmware.safety.trips import SURVIVING


def watch(app, now_ms):
    """To be called with the station's tick: faults of the parts begin and end, trips that outlive a reset are kept."""
    faults = app.station.faults
    lasting = app.core.trips & SURVIVING
    if lasting != app.trips_kept:               # a reset must not end what only unplugging or a power cut may end
        app.trips_kept = lasting
        survivors.keep(lasting)
    _follow(faults, "meter_lost", app.meter.is_lost(now_ms))
    _follow(faults, "driver", bool(app.board.errors))
    _follow(faults, "coil_watchdog", app.board.coil_watchdog() == "failed")
    _follow(faults, "lock_stuck", app.board.lock is not None and app.board.lock.stuck == 1)
    _follow(faults, "flash", app.records.failing)
    _follow(faults, "card_reader", app.desk.failing())
    _follow(faults, "card_list", app.cards.damaged > 0)
    _follow(faults, "task_died", app.supervisor.ailing())
    if app.lateness.stops != app.late_stops:
        app.late_stops = app.lateness.stops
        app.station.notice("loop_late")


def _follow(faults, name, present):
    if present:
        faults.begin(name)
    else:
        faults.end(name)
