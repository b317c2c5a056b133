"""Everything physical in one dictionary, as the bench answers it and scenarios expect it."""


def world_state(world):
    """Values of now, by part of the world; units stand in the names."""
    ev, mains, house = world.ev, world.mains, world.house
    high_mv, low_mv = world.cp_levels_mv
    return {
        "t_ms": world.clock.now_us // 1000,
        "utc_s": world.clock.utc_s(),
        "powered": world.hal is not None,
        "cp": {"high_mv": high_mv, "low_mv": low_mv, "duty_permille": world.duty_permille,
               "frequency_hz": world.generator.frequency_hz if world.generator.supplied else 0,
               "disconnected": world.cp_disconnected},
        "contactor": world.switchgear.state(),
        "rcd": {"rcd_tripped": world.rcd.rcd_tripped, "rdc_dd_tripped": world.rcd.rdc_dd_tripped,
                "ac_fault": world.rcd.fault_ac, "dc_fault": world.rcd.fault_dc},
        "pe_ok": not world.faults["pe_lost"],
        "meter": {"voltage_mv": list(mains.voltage_mv), "current_ma": list(mains.current_ma),
                  "power_w": world.readings.power_w, "energy_wh": world.readings.energy_wh,
                  "energy_mwh": mains.energy.mwh, "silent": world.faults["meter_silent"], "type": world.meter_line.kind},
        "temperatures": world.sensors.celsius(),
        "lock": {"closed": world.lock.closed, "jammed": world.lock.jammed},
        "lights": world.front.state(),
        "buzzer": {"on": world.front.buzzer_hz > 0, "frequency_hz": world.front.buzzer_hz},
        "card": world.card,
        "buttons": dict(world.buttons),
        "inputs": dict(world.inputs),
        "ev": {"plugged": ev.plugged, "state": ev.state, "asks": ev.asks, "phases": ev.phases,
               "max_current_a": ev.max_current_a, "offer_ma": ev.offer_ma, "current_ma": ev.current_ma,
               "phase_currents_ma": ev.phase_currents_ma, "diode": ev.diode, "soc": min(1.0, round(ev.soc, 6)),
               "battery_wh": ev.battery.capacity_wh, "asleep": ev.asleep, "stubborn": ev.stubborn,
               "simplified": ev.simplified, "late_s": ev.late_s, "overdraw_percent": ev.overdraw_percent,
               "pilot_ohm": ev.pilot_ohm, "cable_a": ev.cable_a},
        "house": {"load_w": list(house.load_w), "solar_w": house.solar_w, "voltage_v": list(house.voltage_v),
                  "grid_current_ma": [mains.current_ma[n] + house.current_ma(n) for n in (0, 1, 2)],
                  "grid_w": int(house.own_w() + mains.power_mw / 1000), "ambient_c": house.ambient_c},
        "network": world.air.state(),
        "faults": dict(world.faults),
    }
