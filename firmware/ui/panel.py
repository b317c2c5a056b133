"""The front panel: looks at the station, shows lights, plays melodies, hears buttons. A task of low rate, not a critical one."""

import asyncio

from micropython import const

from firmware.ui.buttons import FRONT, SERVICE, Button, possible
from firmware.ui.buzzer import Buzzer
from firmware.ui.lights import Lights
from firmware.ui.standby import DIMMED, OFF, Standby
from firmware.ui.view import View

TICK_MS = const(50)
_LOOK_TICKS = const(2)           # the station itself moves every 100 ms
CARD_SHOWN_MS = const(2000)
_DIMMED_PERCENT = const(25)      # of the brightness that is set


class Panel:
    """station: the Station; device: drivers' FrontPanel; ticks_ms: the clock.

    actions: {"restart": fn(), "factory_reset": fn(), "clear_cards": fn()}, as far as there are; each returns True where it is done
    or begun. Settings are written to
    brightness_percent, sounds, front_button and standby. Others show what they know in `view` and call card().
    """

    def __init__(self, station, device, ticks_ms, actions):
        self.view = View()
        self.lights = Lights()
        self.buzzer = Buzzer()
        self.standby = Standby()
        self.brightness_percent = 50
        self.sounds = True
        self.front_button = False
        self._station = station
        self._device = device
        self._ticks_ms = ticks_ms
        self._actions = actions
        self._service = Button(possible(SERVICE, actions))
        self._front = Button(FRONT)
        self._look_in = 0
        self._card_ms = 0
        station.subscribe(self._heard, "panel")

    async def run(self):
        """Task: tick for ever."""
        try:
            while True:
                self.tick(self._ticks_ms())
                await asyncio.sleep_ms(TICK_MS)
        finally:
            self._device.off()

    def tick(self, now_ms):
        """Everything once: look, listen, show."""
        view = self.view
        self._look_in -= 1
        if self._look_in <= 0:
            self._look_in = _LOOK_TICKS
            view.look(self._station, now_ms)
        if view.card is not None and (now_ms - self._card_ms) & 0x3FFFFFFF >= CARD_SHOWN_MS:
            view.card = None
        self._press(self._service, "button_service", now_ms)
        self._press(self._front, "button_front", now_ms)
        self.lights.tick(view, now_ms)
        busy = (self._service.down or self._front.down or view.blocked or view.starting or view.updating
                or view.card is not None)
        level = self.standby.tick(busy, view.charging, view.vehicle, now_ms)
        percent = 0 if level == OFF else self.brightness_percent
        self._device.show(self.lights.frame, percent * _DIMMED_PERCENT // 100 if level == DIMMED else percent)
        self._device.tone(self.buzzer.tick(now_ms))

    def card(self, result):
        """A card was "read", then "accepted" or "refused": light for 2 s and sound."""
        self.view.card = result
        self._card_ms = self._ticks_ms()
        self._play("card_read" if result == "read" else result)

    def _play(self, melody):
        if self.sounds:
            self.buzzer.play(melody, self._ticks_ms())

    def _press(self, button, name, now_ms):
        beep, action = button.tick(self._device.pressed(name), now_ms)
        if beep is not None:
            self.buzzer.play(beep, now_ms)       # also where sounds are off: without it nobody knows when to let go
        if action == "stop_or_resume":
            self._stop_or_resume()
        elif action is not None and not self._actions[action]():
            self.buzzer.play("refused", now_ms)

    def _stop_or_resume(self):
        station = self._station
        if self.front_button and station.vehicle_plugged():
            answer = station.command("start" if station.stopped else "stop", {}, "button")
            self._play("press" if answer["result"] == "accepted" else "refused")

    def _heard(self, event, data):
        """A card that authorises is answered by light and sound, wherever its decision was taken."""
        if event == "command" and data["source"] == "card" and data["command"] == "authorize":
            self.card("accepted" if data["answer"]["result"] == "accepted" else "refused")
