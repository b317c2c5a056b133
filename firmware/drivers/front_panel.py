"""Lights, buzzer and buttons of the board: builds what its facts name; what raises is counted and goes dark or silent."""

import machine
from micropython import const

from firmware.drivers.led_strip import LedStrip

_HALF_DUTY_U16 = const(32768)
_MIDDLE_HZ = const(2500)     # the melodies are written around this; a buzzer is loudest at its own frequency


class Tone:
    """A buzzer on a PWM pin; set_hz() does something only when the tone changes. own_hz: where this buzzer is loudest.

    It never sounds at 1 kHz: PWM channels of one frequency share a timer, and the pilot's stays alone.
    """

    def __init__(self, gpio, invert, own_hz):
        self._pwm = machine.PWM(machine.Pin(gpio), freq=max(1100, own_hz), duty_u16=0, invert=1 if invert else 0)
        self._own_hz = own_hz
        self._hz = 0

    def set_hz(self, hz):
        """0 is silence."""
        if hz == self._hz:
            return
        if hz:
            self._pwm.freq(max(1100, hz * self._own_hz // _MIDDLE_HZ))
            self._pwm.duty_u16(_HALF_DUTY_U16)
        else:
            self._pwm.duty_u16(0)
        self._hz = hz


class Beeper:
    """A buzzer that makes its own tone: on or off."""

    def __init__(self, gpio, invert):
        self._off = 1 if invert else 0
        self._pin = machine.Pin(gpio, machine.Pin.OUT, value=self._off)
        self._hz = 0

    def set_hz(self, hz):
        """Any tone is its own."""
        if hz != self._hz:
            self._hz = hz
            self._pin.value(1 - self._off if hz else self._off)


class FrontPanel:
    """facts: of the board; errors: {driver: how often it raised}, shared with the board's. A frame is what ui/lights.py reckons."""

    def __init__(self, facts, errors):
        self._errors = errors
        self._facts = facts
        pins = facts["pins"]
        self._lights = self._tone = None
        if pins["led_strip"] is not None:
            self._lights = self._build("led_strip", LedStrip, pins["led_strip"], facts["led"])
        elif [1 for name in ("led_red", "led_green", "led_blue") if pins.get(name) is not None]:
            from firmware.drivers.plain_leds import PlainLeds
            self._lights = self._build("leds", PlainLeds, pins, facts["active_low"])
        if pins["buzzer"] is not None:
            self._tone = self._build("buzzer", self._buzzer)
        self._buttons = {}
        for name in ("button_service", "button_front"):
            if pins[name] is not None:
                self._buttons[name] = self._build(name, self._button, name)

    def _buzzer(self):
        kind = self._facts.get("buzzer") or {}
        gpio, inverted = self._facts["pins"]["buzzer"], "buzzer" in self._facts["active_low"]
        if kind.get("kind") == "active":
            return Beeper(gpio, inverted)
        return Tone(gpio, inverted, kind.get("frequency_hz", _MIDDLE_HZ))

    def _button(self, name):
        """(pin, level while it is up)."""
        low = name in self._facts["active_low"]
        pull = machine.Pin.PULL_UP if low else None
        return machine.Pin(self._facts["pins"][name], machine.Pin.IN, pull), 1 if low else 0

    def _build(self, name, make, *arguments):
        try:
            return make(*arguments)
        except Exception:            # whatever a driver raises: the charger charges without its lights
            self._failed(name)
            return None

    def _failed(self, name):
        self._errors[name] = self._errors.get(name, 0) + 1

    def show(self, frame, percent):
        """Show a frame at a brightness of 0 (dark) to 100 %."""
        if self._lights is not None:
            try:
                self._lights.show(frame, percent)
            except Exception:
                self._failed("lights")

    def tone(self, hz):
        """Sound at hz, 0 = silence."""
        if self._tone is not None:
            try:
                self._tone.set_hz(hz)
            except Exception:
                self._failed("buzzer")

    def pressed(self, name):
        """True while a button is down; None where there is none or it cannot be read."""
        found = self._buttons.get(name)
        if found is None:
            return None
        try:
            return found[0].value() != found[1]
        except Exception:
            self._failed(name)
            return None

    def off(self):
        """Dark and silent."""
        self.tone(0)
        self.show(b"........", 0)
