"""Everything around the firmware's pins: pilot and car, contactors, mains and house, monitors, lights, buttons.

The world is driven by the pins of the attached board and by the bench's verbs, lives on the virtual clock, and costs
no events while nothing changes. It stays when the firmware restarts: `attach` connects it to the next boot's board.
"""

import random
from functools import partial

from tools.twin.air import Air
from tools.twin.ev import Ev
from tools.twin.front_panel import FrontPanel
from tools.twin.house import House
from tools.twin.mains import Mains, MeterReadings
from tools.twin.meter_line import FAULTS as METER_FAULTS
from tools.twin.meter_line import MeterLine
from tools.twin.pilot import Generator, levels_mv
from tools.twin.pulses import Optocouplers
from tools.twin.rcd import ResidualCurrentMonitor
from tools.twin.reader import Reader
from tools.twin.sensors import TemperatureSensors
from tools.twin.socket_outlet import Lock, Proximity
from tools.twin.switchgear import Switchgear
from tools.twin.trace import Trace
from tools.twin.verbs import BUTTONS, FAULTS, INPUTS
from tools.twin.world_state import world_state

CARD_SHOWN_US = 300_000
DEFAULT_HOLD_MS = 500
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
        self.front = FrontPanel(board, clock)
        self.inputs = dict.fromkeys(INPUTS, False)
        self.buttons = dict.fromkeys(BUTTONS, False)
        self._rng = random.Random(seed)
        self.cp_disconnected = False
        self._levels = None
        self._button_events = {}
        self._card_event = None

        pins = board["pins"]
        self.generator = Generator(board["cp"].get("pwm_invert", False))
        self.house = House()
        self.mains = Mains(clock, self.house, energy_mwh)
        self.readings = MeterReadings(self.mains)
        self.meter_line = MeterLine(clock, self._rng, meter, self.readings, self.faults, partial(self._uart_rx, "rs485", "uart"),
                                    pins.get("rs485_de") is not None)
        self._output_us = 0         # when the board did what is being carried out, by its own clock
        self.switchgear = Switchgear(clock, board, self.trace, self._set_input_pin, self._refresh_mains)
        self.contactors = self.switchgear.contactors
        self.rcd = ResidualCurrentMonitor(clock, self._rcd_changed)
        self.sensors = TemperatureSensors(clock, board, self.faults)
        self.proximity = Proximity(board["pp"]) if pins.get("pp_adc") is not None and board.get("pp") else None
        self.lock = Lock(clock, self._lock_moved, pins.get("lock_2") is not None)
        self.ev = Ev(clock, self._ev_changed, self._rng)
        self.optocouplers = Optocouplers(clock, board, self._set_line)

        self._outputs = {}
        for name, handler in (("cp_pwm", self._cp_level), ("cp_disconnect", self._set_cp_disconnect),
                              ("contactor_1", partial(self.switchgear.coil, 0)), ("contactor_2", partial(self.switchgear.coil, 1)),
                              ("coil_watchdog", self.switchgear.watchdog), ("rcd_test", self._set_rcd_test),
                              ("lock_1", partial(self._set_lock, 0)), ("lock_2", partial(self._set_lock, 1))):
            if pins.get(name) is not None:
                self._outputs["pin", pins[name]] = handler
        self._outputs["pwm", pins["cp_pwm"]] = self._cp_pwm
        self._outputs.update(self.front.handlers())
        if board.get("rs485"):
            self._outputs["uart", board["rs485"]["uart"]] = lambda frame: self.meter_line.request(frame, self._output_us)
            if pins.get("rs485_de") is not None:
                self._outputs["pin", pins["rs485_de"]] = self._enable_meter_driver
        self.reader = Reader(clock, partial(self._uart_rx, "rfid", "number"))
        if board.get("rfid", {}).get("bus") == "uart":
            self._outputs["uart", board["rfid"]["number"]] = self.reader.hear

        self._fault_acts = self._acts_of_faults()
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
        self.meter_line.board_changed()
        hal.on_output = self.on_output
        self._levels = None
        self._refresh_pilot()
        self.switchgear.show()
        self._refresh_optocouplers()
        self._rcd_changed(self.rcd.rcd_tripped, self.rcd.rdc_dd_tripped)
        self._set_input_pin("pe_ok", not self.faults["pe_lost"])
        self.optocouplers.show()
        self._refresh_proximity()
        self._lock_moved(self.lock.closed)
        hal.flash_full = self.faults["flash_full"]
        self.air.open_hotspot(False)
        self.air.refresh()
        for name in INPUTS:
            self._set_input_pin("input_" + name, self.inputs[name])
        for name in BUTTONS:
            self._set_input_pin("button_" + name, self.buttons[name])
        self.sensors.attach(hal)

    def detach(self):
        """The board has lost its power: every output is gone, what hangs on them falls."""
        self.hal = None
        self.meter_line.board_changed()
        self.meter_line.enable_driver(False, self.clock.now_us)
        self.sensors.attach(None)
        self.generator.supplied = False
        self.air.open_hotspot(False)
        self.switchgear.supply(False)
        self._set_cp_disconnect(0)
        self.rcd.test(0)
        self.lock.drive(0, 0)
        self.lock.drive(1, 0)
        self.generator.release()
        self._cp_changed()
        self.front.dark()
        self.reader.power_off()

    def power_returns(self):
        """The supply is back; the pins float until the firmware drives them."""
        self.generator.supplied = True
        self.switchgear.supply(True)
        self._cp_changed()

    def on_output(self, signal, key, value, t_us):
        """An output of the board; those that lead nowhere in this world are ignored."""
        handler = self._outputs.get((signal, key))
        if handler is not None and self.generator.supplied:
            self._output_us = t_us
            handler(value)

    def hear(self, signal, key, handler):
        """Somebody else's device hangs on an output of the board from now on: handler(value) instead of what was there."""
        self._outputs[signal, key] = handler

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
            self.sensors.surround(values["ambient_c"])

    def set_fault(self, name, on):
        """Begin or end one of FAULTS. Those in NOT_SIMULATED_YET are only noted: what they would break is not here."""
        if self.faults[name] == on:
            return
        self.faults[name] = on
        self.trace.edge("fault" if on else "fault_end", name)
        act = self._fault_acts.get(name)
        if act is not None:
            act(on)

    def _acts_of_faults(self):
        """What happens when one of FAULTS begins (True) or ends (False); the others are looked at where they count."""
        acts = {
            "weld": self.contactors[0].set_welded,
            "contactor_stuck_open": self.contactors[0].set_stuck_open,
            "coil_supply_live": self.switchgear.coil_supply.bridge,
            "rcd_ac": lambda on: self.rcd.set_fault(ac=on),
            "rcd_dc": lambda on: self.rcd.set_fault(dc=on),
            "rcd_dead": self.rcd.set_dead,
            "pe_lost": self._lose_earth,
            "lock_jammed": partial(setattr, self.lock, "jammed"),
            "reader_dead": partial(setattr, self.reader.chip, "dead"),
            "flash_full": self._fill_flash,
            "power_cut": self._cut_power,
        }
        for names, refresh in ((("diode", "cp_short"), self._refresh_pilot), (("pp_short",), self._refresh_proximity),
                               (METER_FAULTS, self.meter_line.trouble),
                               (("over_temperature", "sensor_open", "sensor_lost"), self.sensors.refresh)):
            acts.update(dict.fromkeys(names, lambda on, refresh=refresh: refresh()))
        return acts

    def _lose_earth(self, lost):
        self._set_input_pin("pe_ok", not lost)
        self._refresh_optocouplers()

    def _fill_flash(self, full):
        if self.hal is not None:
            self.hal.set_flash_full(full)

    def _cut_power(self, cut):
        self._refresh_mains()
        if self.on_power is not None:
            self.on_power(not cut)

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
        if self.cp_disconnected:
            return levels_mv("A")
        return levels_mv(self.line_state, self.ev.diode and not self.faults["diode"], self.ev.pilot_ohm)

    @property
    def duty_permille(self):
        """High time of the pilot as it leaves the generator."""
        return self.generator.duty_permille if self.generator.supplied else 0

    @property
    def line_state(self):
        """What hangs on the pilot line: the car's state, or E while the line is shorted."""
        return "E" if self.faults["cp_short"] else self.ev.state

    def state(self):
        """Everything physical, as the bench answers it."""
        self._refresh_mains()
        return world_state(self)

    # Pilot

    def _cp_level(self, value):
        self.generator.level(value)
        self._cp_changed()

    def _cp_pwm(self, value):
        self.generator.pwm(value)
        self._cp_changed()

    def _set_cp_disconnect(self, value):
        disconnected = bool(value)
        if disconnected != self.cp_disconnected:
            self.cp_disconnected = disconnected
            self._cp_changed()

    def _cp_changed(self):
        self.trace.edge("duty_permille", self.duty_permille)
        self._refresh_pilot()

    def _refresh_pilot(self):
        """Both ends of the line see it anew."""
        generator = self.generator
        self.trace.edge("ev_state", self.line_state)
        levels = self.cp_levels_mv
        if self.hal is not None and levels != self._levels:
            self._levels = levels
            self.hal.set_pilot(*levels)
        connected = (generator.supplied and not self.cp_disconnected and not self.faults["cp_short"]
                     and self.ev.plugged and self.ev.asks not in ("A", "E", "F"))
        self.ev.see_pilot(connected or not self.ev.plugged, generator.duty_ppm if connected else 1_000_000,
                          generator.frequency_hz)

    def _ev_changed(self, ev):
        self._refresh_pilot()
        self._refresh_mains()

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

    # Mains

    def _mains_alive(self):
        return not self.faults["power_cut"] and self.house.voltage_v[0] > 0

    def _refresh_optocouplers(self):
        live = [volts > 100 and not self.faults["power_cut"] for volts in self.house.voltage_v]
        closed = [contactor.closed for contactor in self.contactors]
        self.optocouplers.see(
            pe_pulses=live[0] and not self.faults["pe_lost"], supply_1_pulses=live[0], supply_2_pulses=live[1],
            supply_3_pulses=live[2], contactor_feedback_1=live[0] and closed[0],
            contactor_feedback_2=live[1] and closed[-1])

    def _refresh_mains(self):
        """Settle the energy until now, then go on with the currents of now."""
        self.mains.alive = not self.faults["power_cut"]
        self._refresh_optocouplers()
        self.ev.see_mains(self.switchgear.phases_closed if self._mains_alive() else 0)
        before_ma = max(self.mains.current_ma)
        energy_mw_us = self.mains.update(self.ev.phase_currents_ma)
        self.ev.take(energy_mw_us, self.mains.power_mw)
        highest_ma = max(self.mains.current_ma)
        if highest_ma != before_ma:
            self.sensors.load(highest_ma)

    def _enable_meter_driver(self, level):
        sends = level is not None and bool(level) != ("rs485_de" in self.board["active_low"])
        self.meter_line.enable_driver(sends, self._output_us)

    # Monitors, inputs, lights

    def _set_rcd_test(self, value):
        self.rcd.test(value or 0)

    def _rcd_changed(self, rcd_tripped, rdc_dd_tripped):
        monitor = self.board.get("rcd") or {}
        if monitor.get("kind") == "one_line":        # which tells what this monitor detects
            rcd_tripped = rcd_tripped and "ac" in monitor["detects"] or rdc_dd_tripped and "dc" in monitor["detects"]
            rdc_dd_tripped = False
        self.trace.edge("rcd_trip", rcd_tripped or rdc_dd_tripped)
        self._set_input_pin("rcd_trip", rcd_tripped)
        self._set_input_pin("rdc_dd_trip", rdc_dd_tripped)
        if self.board.get("has", {}).get("rcd_cutoff"):        # the line itself discharges the charge pump
            self.switchgear.cut_off(rcd_tripped or rdc_dd_tripped)

    def _set_input_pin(self, name, on):
        self._set_line(name, int(bool(on) != (name in self.board["active_low"])))

    def _set_line(self, name, level):
        gpio = self.board["pins"].get(name)
        if gpio is not None and self.hal is not None:
            self.hal.set_pin(gpio, level)

    def _set_button(self, name, pressed):
        self.buttons[name] = pressed
        self._set_input_pin("button_" + name, pressed)

    def _take_card_away(self):
        self._card_event = None
        self.card = None
        self.reader.hold(None)

    def _uart_rx(self, device, port, data):
        """Bytes arrive at the UART that the board's facts give to a device."""
        if self.hal is not None:
            self.hal.uart_rx(self.board[device][port], data)
