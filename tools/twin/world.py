"""Everything around the firmware's pins: pilot and car, contactors, mains and house, monitors, lights, buttons.

The world is driven by the pins of the attached board and by the bench's verbs, lives on the virtual clock, and costs
no events while nothing changes. It stays when the firmware restarts: `attach` connects it to the next boot's board.
"""

import random
from collections import deque
from functools import partial

from firmware.drivers.board_blocks import temperature_circuit
from tools.twin.air import Air
from tools.twin.contactor import CoilSupply, Contactor
from tools.twin.ev import Ev
from tools.twin.front_panel import PLAIN, FrontPanel
from tools.twin.house import House
from tools.twin.mains import Mains, MeterReadings
from tools.twin.pilot import Generator, levels_mv
from tools.twin.pulses import Optocouplers
from tools.twin.rcd import ResidualCurrentMonitor
from tools.twin.reader import Reader
from tools.twin.socket_outlet import Lock, Proximity
from tools.twin.thermal import CHIP_RISE_K, OVER_TEMPERATURE_C, PLACES, UPDATE_US, Body, sensor_uv
from tools.twin.trace import Trace
from tools.twin.verbs import BUTTONS, FAULTS, INPUTS

CARD_SHOWN_US = 300_000
DEFAULT_HOLD_MS = 500
METER_TURNAROUND_US = 8_000
METER_FAULTS = {"meter_babbling": "babble", "meter_slow": "slow", "meter_wrong_address": "wrong_address"}
BITS_PER_BYTE = 10
# codes of the DS18B20 sensors on the bus: family, serial number, CRC
ONEWIRE_IDS = ("28a10c0000000054", "28b20c0000000056", "28c30c00000000f9", "28d40c0000000027")
KEPT_TONES = 24
NOT_SIMULATED_YET = ("home_meter_silent",)


class World:
    """`hal` is the attached board or None while it has no power; `board` are the board's facts; `meter` is a class that
    makes a Modbus meter of readings, `energy_mwh` where its register stands.

    `on_power(on)` is called when the supply of the charger's electronics comes or goes, `on_reset(cause)` when the
    bench asks for a restart.
    """

    def __init__(self, clock, hal, board, seed=1, meter=None, energy_mwh=0):
        self.clock = clock
        self.board = board
        self.hal = None
        self.on_power = self.on_reset = None
        self.trace = Trace(clock)
        self.faults = dict.fromkeys(FAULTS, False)
        self.card = None
        self.front = FrontPanel(board)
        self.tones = deque(maxlen=KEPT_TONES)       # [t_us, Hz] of the buzzer, 0 = silent from then on
        self.inputs = dict.fromkeys(INPUTS, False)
        self.buttons = dict.fromkeys(BUTTONS, False)
        self._rng = random.Random(seed)
        self._phases_closed = 0
        self._cp_disconnected = False
        self._levels = None
        self._thermal_event = None
        self._button_events = {}
        self._card_event = None
        self._coil_pins = [0, 0]
        self._cut_off = False

        pins = board["pins"]
        watchdog = board.get("coil_watchdog") or {"hold_ms": 0}
        self.generator = Generator(board["cp"].get("pwm_invert", False))
        self.house = House()
        self.mains = Mains(clock, self.house, energy_mwh)
        self.readings = MeterReadings(self.mains)
        self._make_meter = meter
        self._meter = None
        self._meter_baud = 0
        self.fit_meter()
        self.coil_supply = CoilSupply(clock, watchdog["hold_ms"], self._coils_changed,
                                      fitted=pins.get("coil_watchdog") is not None)
        self.contactors = [Contactor(clock, self._contacts_moved) for _ in range(board["contactor"]["count"])]
        self.rcd = ResidualCurrentMonitor(clock, self._rcd_changed)
        self._on_wire = ()
        if pins.get("temperature_onewire") is not None:
            self._on_wire = tuple((board.get("temperature") or {}).get("onewire", ("supply_1", "supply_2")))
        # relay and interior are always there to be seen, other places where the board has a sensor
        self.bodies = {place: Body(clock, *PLACES[place]) for place in PLACES
                       if place in ("relay", "interior") or pins.get(f"temperature_{place}_adc") is not None
                       or place in self._on_wire}
        self.proximity = Proximity(board["pp"]) if pins.get("pp_adc") is not None and board.get("pp") else None
        self.lock = Lock(clock, self._lock_moved, pins.get("lock_2") is not None)
        self.ev = Ev(clock, self._ev_changed, self._rng)
        self.optocouplers = Optocouplers(clock, board, self._set_line)

        self._outputs = {}
        for name, handler in (("cp_pwm", self.generator.level), ("cp_disconnect", self._set_cp_disconnect),
                              ("contactor_1", self._set_coil_1), ("contactor_2", self._set_coil_2),
                              ("coil_watchdog", self._set_watchdog), ("rcd_test", self._set_rcd_test),
                              ("lock_1", partial(self._set_lock, 0)), ("lock_2", partial(self._set_lock, 1))):
            if pins.get(name) is not None:
                self._outputs["pin", pins[name]] = handler
        self._outputs["pin", pins["cp_pwm"]] = self._cp_level
        self._outputs["pwm", pins["cp_pwm"]] = self._cp_pwm
        if pins.get("led_strip") is not None:
            self._outputs["neopixel", pins["led_strip"]] = self.front.strip
        for number, colour in enumerate(PLAIN):
            for signal in ("pwm", "pin") if pins.get("led_" + colour) is not None else ():
                self._outputs[signal, pins["led_" + colour]] = partial(self.front.plain, number)
        for signal in ("pwm", "pin") if pins.get("buzzer") is not None else ():
            self._outputs[signal, pins["buzzer"]] = self._set_buzzer
        if board.get("rs485"):
            self._outputs["uart", board["rs485"]["uart"]] = self._meter_request
        self.reader = Reader(clock, self._reader_says)
        if board.get("rfid", {}).get("bus") == "uart":
            self._outputs["uart", board["rfid"]["number"]] = self.reader.hear

        self.air = Air(self._air_changed, clock.utc_s)
        self._outputs["hotspot", 0] = self.air.open_hotspot

        self.trace.edge("ev_state", "A")
        self.trace.edge("coil", False)
        self.trace.edge("contacts", False)
        self.trace.edge("duty_permille", self.generator.duty_permille)
        self.trace.edge("rcd_trip", False)
        self.trace.edge("lock", False)
        if hal is not None:
            self.attach(hal)

    # The board

    def attach(self, hal):
        """Connect a board that has just got its power, or that restarts: it sees all inputs as they are now."""
        self.hal = hal
        hal.on_output = self.on_output
        self._levels = None
        self._refresh_pilot()
        self._refresh_feedback()
        self._rcd_changed(self.rcd.rcd_tripped, self.rcd.rdc_dd_tripped)
        self._set_input_pin("pe_ok", not self.faults["pe_lost"])
        self.optocouplers.show()
        self._refresh_proximity()
        self._lock_moved(self.lock.closed)
        self._refresh_coil_supply()
        hal.flash_full = self.faults["flash_full"]
        self.air.open_hotspot(False)
        self.air.refresh()
        for name in INPUTS:
            self._set_input_pin("input_" + name, self.inputs[name])
        for name in BUTTONS:
            self._set_input_pin("button_" + name, self.buttons[name])
        self._refresh_temperatures()

    def detach(self):
        """The board has lost its power: every output is gone, what hangs on them falls."""
        self.hal = None
        self.generator.supplied = False
        self.air.open_hotspot(False)
        self._coil_pins = [0, 0]
        self.coil_supply.cut()
        self._coils_changed()
        self._set_cp_disconnect(0)
        self.rcd.test(0)
        self.lock.drive(0, 0)
        self.lock.drive(1, 0)
        self.generator.release()
        self._cp_changed()
        self.front.dark()

    def power_returns(self):
        """The supply is back; the pins float until the firmware drives them."""
        self.generator.supplied = True
        self._cp_changed()

    def on_output(self, signal, key, value, t_us):
        """An output of the board; those that lead nowhere in this world are ignored."""
        handler = self._outputs.get((signal, key))
        if handler is not None and self.generator.supplied:
            handler(value)

    def hear(self, signal, key, handler):
        """Somebody else's device hangs on an output of the board from now on: handler(value) instead of what was there."""
        self._outputs[signal, key] = handler

    def fit_meter(self, kind="eastron_sdm630", address=2, baud=19_200):
        """Put another meter on the charger's line: of meter_maps.MAPS, or None for none."""
        self._meter = None if self._make_meter is None or kind is None else self._make_meter(self.readings, kind, address)
        self._meter_baud = baud
        self._meter_trouble()

    # Verbs

    def set_ev(self, values):
        """Checked values of the verb `ev`."""
        self.ev.configure(values)
        self._refresh_proximity()

    def set_house(self, values):
        """Checked values of the verb `house`."""
        for name, value in values.items():
            setattr(self.house, name, value)
        self._refresh_mains()
        if "ambient_c" in values:
            for body in self.bodies.values():
                body.surround(values["ambient_c"])
            self._refresh_temperatures()
            self._watch_temperatures()

    def set_fault(self, name, on):
        """Begin or end one of FAULTS. Those in NOT_SIMULATED_YET are only noted: what they would break is not here."""
        if self.faults[name] == on:
            return
        self.faults[name] = on
        self.trace.edge("fault" if on else "fault_end", name)
        if name == "weld":
            self.contactors[0].set_welded(on)
        elif name == "contactor_stuck_open":
            self.contactors[0].set_stuck_open(on)
        elif name == "rcd_ac":
            self.rcd.set_fault(ac=on)
        elif name == "rcd_dc":
            self.rcd.set_fault(dc=on)
        elif name == "pe_lost":
            self._set_input_pin("pe_ok", not on)
            self._refresh_optocouplers()
        elif name in ("diode", "cp_short"):
            self._refresh_pilot()
        elif name in METER_FAULTS:
            self._meter_trouble()
        elif name == "coil_supply_live":
            self.coil_supply.bridge(on)
        elif name in ("over_temperature", "sensor_open"):
            self._refresh_temperatures()
        elif name == "sensor_lost":
            self._refresh_onewire()
        elif name == "reader_dead":
            self.reader.chip.dead = on
        elif name == "rcd_dead":
            self.rcd.set_dead(on)
        elif name == "lock_jammed":
            self.lock.jammed = on
        elif name == "pp_short":
            self._refresh_proximity()
        elif name == "flash_full" and self.hal is not None:
            self.hal.set_flash_full(on)
        elif name == "power_cut":
            self._refresh_mains()
            if self.on_power is not None:
                self.on_power(not on)

    def _air_changed(self, air):
        if self.hal is not None:
            self.hal.take_air(air)

    def present_card(self, uid):
        """Hold a card to the reader for 300 ms."""
        if self._card_event is not None:
            self.clock.cancel(self._card_event)
        self.card = uid
        self.reader.hold(uid)
        self._card_event = self.clock.after(CARD_SHOWN_US, self._take_card_away)

    def press_button(self, name, hold_ms=DEFAULT_HOLD_MS):
        """Press a button for `hold_ms`."""
        if name in self._button_events:
            self.clock.cancel(self._button_events[name])
        self._set_button(name, True)
        self._button_events[name] = self.clock.after(hold_ms * 1000, lambda: self._set_button(name, False))

    def set_input(self, name, on):
        """Close (on) or open the contact at one of the external inputs."""
        self.inputs[name] = on
        self._set_input_pin("input_" + name, on)

    def reset(self, cause):
        """Restart the firmware: "power", "watchdog" or "soft"."""
        if self.on_reset is not None:
            self.on_reset(cause)

    # What there is to see

    @property
    def cp_levels_mv(self):
        """(high, low) at the EVSE's terminal as the generator would make them now."""
        if not self.generator.supplied:
            return 0, 0
        if self._cp_disconnected:
            return levels_mv("A")
        return levels_mv(self.line_state, self.ev.diode and not self.faults["diode"], self.ev.pilot_ohm)

    @property
    def line_state(self):
        """What hangs on the pilot line: the car's state, or E while the line is shorted."""
        return "E" if self.faults["cp_short"] else self.ev.state

    def state(self):
        """Everything physical, as the bench answers it."""
        self._refresh_mains()
        high_mv, low_mv = self.cp_levels_mv
        ev, mains, rcd = self.ev, self.mains, self.rcd
        grid_ma = [mains.current_ma[n] + self.house.current_ma(n) for n in (0, 1, 2)]
        return {
            "t_ms": self.clock.now_us // 1000,
            "utc_s": self.clock.utc_s(),
            "powered": self.hal is not None,
            "cp": {"high_mv": high_mv, "low_mv": low_mv, "duty_permille": self._duty_permille(),
                   "frequency_hz": self.generator.frequency_hz if self.generator.supplied else 0,
                   "disconnected": self._cp_disconnected},
            "contactor": {"commanded": any(self._coil_pins), "coil": any(c.coil for c in self.contactors),
                          "coil_supply": self.coil_supply.powered, "closed": any(c.closed for c in self.contactors),
                          "phases_closed": self._phases_closed, "welded": any(c.welded for c in self.contactors),
                          "stuck_open": any(c.stuck_open for c in self.contactors)},
            "rcd": {"rcd_tripped": rcd.rcd_tripped, "rdc_dd_tripped": rcd.rdc_dd_tripped,
                    "ac_fault": rcd.fault_ac, "dc_fault": rcd.fault_dc},
            "pe_ok": not self.faults["pe_lost"],
            "meter": {"voltage_mv": list(mains.voltage_mv), "current_ma": list(mains.current_ma),
                      "power_w": self.readings.power_w, "energy_wh": self.readings.energy_wh,
                      "energy_mwh": mains.energy.mwh, "silent": self.faults["meter_silent"],
                      "type": None if self._meter is None else self._meter.type},
            "temperatures": {place: round(self._celsius(place), 1) for place in self.bodies},
            "lock": {"closed": self.lock.closed, "jammed": self.lock.jammed},
            "lights": self.front.state(),
            "buzzer": {"on": self.front.buzzer_hz > 0, "frequency_hz": self.front.buzzer_hz},
            "card": self.card,
            "buttons": dict(self.buttons),
            "inputs": dict(self.inputs),
            "ev": {"plugged": ev.plugged, "state": ev.state, "asks": ev.asks, "phases": ev.phases,
                   "max_current_a": ev.max_current_a, "offer_ma": ev.offer_ma, "current_ma": ev.current_ma,
                   "phase_currents_ma": ev.phase_currents_ma, "diode": ev.diode, "soc": min(1.0, round(ev.soc, 6)),
                   "battery_wh": ev.battery.capacity_wh, "asleep": ev.asleep, "stubborn": ev.stubborn,
                   "simplified": ev.simplified, "late_s": ev.late_s, "overdraw_percent": ev.overdraw_percent,
                   "pilot_ohm": ev.pilot_ohm, "cable_a": ev.cable_a},
            "house": {"load_w": list(self.house.load_w), "solar_w": self.house.solar_w,
                      "voltage_v": list(self.house.voltage_v), "grid_current_ma": grid_ma,
                      "grid_w": int(self.house.own_w() + mains.power_mw / 1000), "ambient_c": self.house.ambient_c},
            "network": self.air.state(),
            "faults": dict(self.faults),
        }

    # Pilot

    def _cp_level(self, value):
        self.generator.level(value)
        self._cp_changed()

    def _cp_pwm(self, value):
        self.generator.pwm(value)
        self._cp_changed()

    def _set_cp_disconnect(self, value):
        disconnected = bool(value)
        if disconnected != self._cp_disconnected:
            self._cp_disconnected = disconnected
            self._cp_changed()

    def _duty_permille(self):
        return self.generator.duty_permille if self.generator.supplied else 0

    def _cp_changed(self):
        self.trace.edge("duty_permille", self._duty_permille())
        self._refresh_pilot()

    def _refresh_pilot(self):
        """Both ends of the line see it anew."""
        generator = self.generator
        self.trace.edge("ev_state", self.line_state)
        levels = self.cp_levels_mv
        if self.hal is not None and levels != self._levels:
            self._levels = levels
            self.hal.set_pilot(*levels)
        connected = (generator.supplied and not self._cp_disconnected and not self.faults["cp_short"]
                     and self.ev.plugged and self.ev.asks not in ("A", "E", "F"))
        self.ev.see_pilot(connected or not self.ev.plugged, generator.duty_ppm if connected else 1_000_000,
                          generator.frequency_hz)

    def _ev_changed(self, ev):
        self._refresh_pilot()
        self._refresh_mains()

    # Coils and contacts

    def _set_coil_1(self, value):
        self._coil_pins[0] = value or 0         # let go of, a pull-down holds it low
        self._coils_changed()

    def _set_coil_2(self, value):
        self._coil_pins[1] = value or 0
        self._coils_changed()

    def _set_watchdog(self, value):
        self.coil_supply.pin(value or 0)

    def _set_rcd_test(self, value):
        self.rcd.test(value or 0)

    def _coils_changed(self, powered=None):
        powered = self.coil_supply.powered and self.generator.supplied and not self._cut_off
        for contactor, pin in zip(self.contactors, self._coil_pins, strict=False):
            contactor.set_coil(bool(pin) and powered)
        self.trace.edge("coil", any(contactor.coil for contactor in self.contactors))
        self._refresh_coil_supply()

    def _refresh_coil_supply(self):
        self._set_input_pin("coil_supply", self.coil_supply.powered and self.generator.supplied)

    def _contacts_moved(self, contactor):
        self.trace.edge("contacts", any(one.touching for one in self.contactors))
        if len(self.contactors) == 1:
            phases = self.board["limits"]["phases"] if self.contactors[0].closed else 0
        else:               # the neutral comes with contactor 1: the second one alone connects no circuit
            phases = (1 + (2 if self.contactors[1].closed else 0)) if self.contactors[0].closed else 0
        self._phases_closed = phases
        self._refresh_feedback()
        self._refresh_mains()

    def _refresh_feedback(self):
        kind = self.board["contactor"].get("feedback", "mirror")
        if kind == "mirror_series":          # normally closed contacts in series: "all open"
            self._set_input_pin("contactor_feedback_1", any(one.touching for one in self.contactors))
        elif kind != "load_pulses":
            for number, contactor in enumerate(self.contactors, 1):
                self._set_input_pin(f"contactor_feedback_{number}", contactor.touching)
        self._refresh_optocouplers()

    def _refresh_optocouplers(self):
        live = [volts > 100 and not self.faults["power_cut"] for volts in self.house.voltage_v]
        closed = [contactor.closed for contactor in self.contactors]
        self.optocouplers.see(
            pe_pulses=live[0] and not self.faults["pe_lost"], supply_1_pulses=live[0], supply_2_pulses=live[1],
            supply_3_pulses=live[2], contactor_feedback_1=live[0] and closed[0],
            contactor_feedback_2=live[1] and closed[-1])

    # Socket

    def _refresh_proximity(self):
        if self.proximity is not None and self.hal is not None:
            cable_a = self.ev.cable_a if self.ev.plugged else 0
            self.hal.set_adc(self.board["pins"]["pp_adc"], self.proximity.uv(cable_a, self.faults["pp_short"]))

    def _set_lock(self, number, value):
        on = "lock_%d" % (number + 1) not in self.board["active_low"]
        self.lock.drive(number, int(bool(value) == on) if value is not None else 0)

    def _lock_moved(self, closed):
        self.trace.edge("lock", closed)
        self._set_input_pin("lock_feedback", closed)

    # Mains, heat, meter

    def _mains_alive(self):
        return not self.faults["power_cut"] and self.house.voltage_v[0] > 0

    def _refresh_mains(self):
        """Settle the energy until now, then go on with the currents of now."""
        self.mains.alive = not self.faults["power_cut"]
        self._refresh_optocouplers()
        self.ev.see_mains(self._phases_closed if self._mains_alive() else 0)
        before_ma = max(self.mains.current_ma)
        energy_mw_us = self.mains.update(self.ev.phase_currents_ma)
        self.ev.take(energy_mw_us, self.mains.power_mw)
        highest_ma = max(self.mains.current_ma)
        if highest_ma != before_ma:
            for body in self.bodies.values():
                body.load(highest_ma)
            self._watch_temperatures()

    def _watch_temperatures(self):
        if self._thermal_event is None:
            self._thermal_event = self.clock.after(UPDATE_US, self._thermal_step)

    def _thermal_step(self):
        self._thermal_event = None
        self._refresh_temperatures()
        if not all(body.settled for body in self.bodies.values()):
            self._watch_temperatures()

    def _celsius(self, place):
        if self.faults["over_temperature"] and place == "relay":
            return OVER_TEMPERATURE_C
        return self.bodies[place].celsius

    def _refresh_temperatures(self):
        if self.hal is None:
            return
        for place in self.bodies:
            gpio = self.board["pins"].get(f"temperature_{place}_adc")
            if gpio is not None:
                circuit = temperature_circuit(self.board, place)
                broken = self.faults["sensor_open"] and place == "relay"
                self.hal.set_adc(gpio, 0 if broken else sensor_uv(self._celsius(place), circuit))
        self._refresh_onewire()
        self.hal.set_mcu_temperature(int(self.bodies["interior"].celsius) + CHIP_RISE_K)

    def _refresh_onewire(self):
        """The sensors on the one-wire bus: the first one is the one that a fault loses."""
        gpio = self.board["pins"].get("temperature_onewire")
        if gpio is not None and self.hal is not None:
            self.hal.set_onewire(gpio, [
                (ONEWIRE_IDS[n], round(self._celsius(place) * 16), not (n == 0 and self.faults["sensor_lost"]))
                for n, place in enumerate(self._on_wire)])

    def _meter_trouble(self):
        if self._meter is not None:
            begun = [trouble for name, trouble in METER_FAULTS.items() if self.faults[name]]
            self._meter.fault = begun[0] if begun else None

    def _meter_request(self, frame):
        """A frame on the bus. The meter answers after both frames' time on the wire and its own turn-around time."""
        if self._meter is None or self.faults["meter_silent"]:
            return
        answer = self._meter.request(bytes(frame))
        if not answer:
            return
        bits = (len(frame) + len(answer)) * BITS_PER_BYTE
        delay_us = bits * 1_000_000 // self._meter_baud + METER_TURNAROUND_US + self._rng.randint(0, 4_000)
        delay_us += 1000 * self._meter.delay_ms
        hal = self.hal
        self.clock.after(delay_us, lambda: self._meter_answer(hal, answer))

    def _meter_answer(self, hal, answer):
        if hal is self.hal and hal is not None and not self.faults["meter_silent"]:
            hal.uart_rx(self.board["rs485"]["uart"], answer)

    # Monitors, inputs, lights

    def _rcd_changed(self, rcd_tripped, rdc_dd_tripped):
        monitor = self.board.get("rcd") or {}
        if monitor.get("kind") == "one_line":        # which tells what this monitor detects
            rcd_tripped = rcd_tripped and "ac" in monitor["detects"] or rdc_dd_tripped and "dc" in monitor["detects"]
            rdc_dd_tripped = False
        self.trace.edge("rcd_trip", rcd_tripped or rdc_dd_tripped)
        self._set_input_pin("rcd_trip", rcd_tripped)
        self._set_input_pin("rdc_dd_trip", rdc_dd_tripped)
        if self.board.get("has", {}).get("rcd_cutoff"):        # the line itself discharges the charge pump
            self._cut_off = rcd_tripped or rdc_dd_tripped
            self._coils_changed()

    def _set_input_pin(self, name, on):
        self._set_line(name, int(bool(on) != (name in self.board["active_low"])))

    def _set_line(self, name, level):
        gpio = self.board["pins"].get(name)
        if gpio is not None and self.hal is not None:
            self.hal.set_pin(gpio, level)

    def _set_buzzer(self, value):
        before_hz = self.front.buzzer_hz
        self.front.buzzer(value)
        if self.front.buzzer_hz != before_hz:
            self.tones.append([self.clock.now_us, self.front.buzzer_hz])

    def _set_button(self, name, pressed):
        self.buttons[name] = pressed
        self._set_input_pin("button_" + name, pressed)

    def _take_card_away(self):
        self._card_event = None
        self.card = None
        self.reader.hold(None)

    def _reader_says(self, frame):
        if self.hal is not None:
            self.hal.uart_rx(self.board["rfid"]["number"], frame)
