"""Lights, buzzer and buttons of the board: builds what its facts name; what raises is counted and goes dark or silent."""

import machine
from micropython import const

from firmware.drivers.led_strip import LedStrip
from firmware.drivers.plain_leds import PlainLeds

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
        pins, low = facts["pins"], facts["active_low"]
        self._lights = self._tone = None
        self._buttons = {}
        if pins["led_strip"] is not None:
            self._lights = self._build("led_strip", lambda: LedStrip(pins["led_strip"], facts["led"]))
        elif any([pins.get("led_" + colour) is not None for colour in ("red", "green", "blue")]):
            self._lights = self._build("leds", lambda: PlainLeds(pins, low))
        if pins["buzzer"] is not None:
            kind = facts.get("buzzer") or {}
            make = Beeper if kind.get("kind") == "active" else lambda gpio, invert: Tone(gpio, invert, kind.get("frequency_hz", 2500))
            self._tone = self._build("buzzer", lambda: make(pins["buzzer"], "buzzer" in low))
        for name in ("button_service", "button_front"):
            if pins[name] is not None:
                self._buttons[name] = self._build(name, lambda: (_button(pins[name], name in low), 1 if name in low else 0))

    def _build(self, name, make):
        try:
            return make()
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


def _button(gpio, pulled_up):
    return machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP if pulled_up else None)
