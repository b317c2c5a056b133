"""The board: builds the drivers that its facts name, fills the Inputs record and follows the Outputs record."""

import machine

from firmware.drivers.contactor import Contactor
from firmware.drivers.pilot_pwm import PilotPwm
from firmware.drivers.pilot_sampler import sampler_from_board
from firmware.drivers.temperature import Ntc
from firmware.safety.io_image import NOT_FITTED

_TRISTATE = (("rcd_trip", "rcd_tripped"), ("rdc_dd_trip", "rdc_dd_tripped"), ("pe_ok", "pe_ok"),
             ("lock_feedback", "lock_closed"))
_BAD_WHEN_1 = ("rcd_tripped", "rdc_dd_tripped", "upstream_tripped")


def _set(output, level):
    if output is not None:
        output[0].value(level ^ output[1])


class Board:
    """One board. A driver that raises is counted and named in `errors`; what it should have read goes stale and trips."""

    def __init__(self, facts):
        pins = facts["pins"]
        self._active_low = facts["active_low"]
        self.facts = facts
        self.errors = {}                     # driver name -> how often it raised
        self.contactor = Contactor(pins, self._active_low)       # first: coils off
        self._pwm = PilotPwm(pins["cp_pwm"], facts["cp"].get("pwm_invert", False))
        self._rcd_test = self._output("rcd_test", 0)
        self._cp_disconnect = self._output("cp_disconnect", 0)
        self._sampler = sampler_from_board(facts)
        self._inputs = []                    # (Inputs attribute, pin, level that means 0)
        for name, attribute in _TRISTATE:
            if pins[name] is not None:
                self._inputs.append((attribute, machine.Pin(pins[name], machine.Pin.IN),
                                     1 if name in self._active_low else 0))
        self._sensors = {}
        for name, key in (("relay", "temperature_relay_adc"), ("interior", "temperature_interior_adc")):
            if pins[key] is not None:
                self._sensors[name] = Ntc(pins[key])
        self._skip = 0

    def use_contact(self, name, attribute, kind):
        """Read an external contact into an Inputs attribute: 1 = its signal is there.

        kind: "off" (not wired), "normally_open" (closed = signal) or "normally_closed" (open = signal). A board without the pin
        reads nothing.
        """
        gpio = self.facts["pins"][name]
        if gpio is None or kind == "off":
            return
        closed_is_1 = 1 if name in self._active_low else 0
        self._inputs.append((attribute, machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP if closed_is_1 else None),
                             closed_is_1 ^ (1 if kind == "normally_closed" else 0)))

    def _output(self, name, level):
        """(pin, level that means 0), or None where the board has none."""
        gpio = self.facts["pins"][name]
        if gpio is None:
            return None
        inverted = 1 if name in self._active_low else 0
        return machine.Pin(gpio, machine.Pin.OUT, value=level ^ inverted), inverted

    def _failed(self, name):
        self.errors[name] = self.errors.get(name, 0) + 1

    def read(self, inputs, sample_pilot):
        """Fill the Inputs record. Where sample_pilot is not true the pilot is sampled every second tick only."""
        try:
            self.contactor.read(inputs)
            for attribute, pin, inverted in self._inputs:
                setattr(inputs, attribute, pin.value() ^ inverted)
        except Exception:                    # whatever a driver raises: unknown is not healthy, and nothing travels
            self._failed("inputs")
            inputs.feedback_1 = NOT_FITTED
            for attribute, _pin, _inverted in self._inputs:
                setattr(inputs, attribute, 1 if attribute in _BAD_WHEN_1 else 0)
        self._skip = 0 if sample_pilot else 1 - self._skip
        if self._skip:
            return
        try:
            self._sampler.burst(inputs)
        except Exception:
            self._failed("pilot_sampler")    # no burst: the core finds the pilot stale

    def write(self, outputs):
        """Follow the Outputs record; what takes power away first, what gives it last. Returns False when a driver raised:
        then the coils are off, whatever was asked for."""
        try:
            if not outputs.coil_1:
                self.contactor.write(outputs)
            self._pwm.set_high_ns(outputs.pilot_high_ns)
            _set(self._rcd_test, outputs.rcd_test)
            _set(self._cp_disconnect, outputs.cp_disconnect)
            if outputs.coil_1:
                self.contactor.write(outputs)
        except Exception:
            self._failed("outputs")
            self.contactor.off()
            return False
        return True

    def safe(self):
        """Coils off, pilot at steady +12 V, monitor's test off: when the application ends."""
        self.contactor.off()
        self._pwm.set_high_ns(1000000)
        _set(self._rcd_test, 0)
        _set(self._cp_disconnect, 0)

    def temperatures(self):
        """{place: whole °C or None} of the places that have a sensor."""
        found = {}
        for name, sensor in self._sensors.items():
            try:
                found[name] = sensor.celsius()
            except Exception:
                self._failed(name)
                found[name] = None
        return found
