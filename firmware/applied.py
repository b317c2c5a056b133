"""Settings that act at once: what each of them is to those who use it. A part of the wiring."""

from firmware.charging.sources import OUTSIDE
from firmware.guards import windows
from firmware.zone import Zone


def apply(app, changed):
    """Hand the settings that act at once to those who use them. changed: keys, none of them at the start."""
    get, station = app.settings.get, app.station
    app.general = {name: get("general." + name) for name in ("country", "currency", "language", "setup_done", "units")}
    station.ceilings.own("installation", get("installation.fuse_a") * 1000)
    station.ceilings.own("cable", get("installation.cable_a") * 1000)
    station.ceilings.own("user", get("charging.max_current_a") * 1000)
    station.ceilings.own("nominal", get("installation.nominal_a") * 1000)
    station.min_current_ma = get("charging.min_current_a") * 1000
    station.min_current_3p_ma = max(get("charging.min_current_a"), get("charging.min_current_3p_a")) * 1000
    station.asymmetry_ma = get("installation.asymmetry_a") * 1000
    app.desk.apply(get)
    app.online.apply(get)
    app.zone = _zone(app, get("time.zone"))
    station.phase_switch.wakes = get("charging.phase_switch") == "wake"
    _apply_sources(get, station)
    station.smart.start_ma = get("schedule.start_a") * 1000
    station.smart.wait_ms = get("schedule.fallback_s") * 1000
    station.smart.follow(windows(get("schedule.windows")) or [])
    app.meter.set_phase_voltage(get("meter.phase_voltage_v"))
    app.inputs.limit_ma = get("inputs.limit_a") * 1000
    app.inputs.phase_voltage_v = get("meter.phase_voltage_v")
    panel = app.panel
    panel.view.cards = app.gate.rules.mode in ("local", "all", "remote")
    panel.front_button, panel.sounds = get("charging.front_button"), get("sounds.on")
    panel.brightness_percent = get("lights.brightness_percent")
    panel.standby.dim_ms = get("standby.dim_after_min") * 60000
    panel.standby.off_ms = get("standby.off_after_min") * 60000
    panel.standby.sleep_mode = get("standby.sleep_mode")
    if "charging.mode" in changed:
        station.mode = get("charging.mode")
    if "charging.available" in changed:     # another setting does not undo the command of that name
        station.operative, station.operative_by = get("charging.available"), "settings"


def _zone(app, text):
    """UTC where the text is none: only other firmware can have kept one that the guard refuses, and the charger must start."""
    try:
        zone = Zone(text)
    except ValueError:
        app.station.faults.begin("settings_damaged")
        return Zone("UTC0")
    if not app.settings.load_report:      # nothing else was wrong, and the zone has been set anew
        app.station.faults.end("settings_damaged")
    return zone


def _apply_sources(get, station):
    """Who outside may speak; whoever may not any more has no ceilings either."""
    station.sources.allow([name for name in OUTSIDE if get("sources." + name)])
    station.ceilings.clear_of(station.sources.is_allowed)
    station.smart.clear_of(station.sources.is_allowed)
    station.sources.timeout_ms = get("sources.timeout_s") * 1000
    station.failsafe_ma = get("sources.failsafe_1p_a") * 1000
    station.failsafe_3p_ma = get("sources.failsafe_3p_a") * 1000
