"""MQTT is loaded when it is switched on: who does not use it pays no heap for it."""

import asyncio

from micropython import const

_LOOK_MS = const(500)


class MqttSwitch:
    """make(): imports and builds services.mqtt.service.Mqtt. contactor_open(): loading stalls a device, so it waits for that."""

    def __init__(self, make, contactor_open):
        self._make = make
        self._contactor_open = contactor_open
        self._get = None
        self.service = None        # once it was wanted

    def tasks(self):
        """Row of the table of tasks."""
        return (("mqtt", self.run, False, 0),)

    def facts(self):
        """{fact: provider}."""
        return {"mqtt": self.fact}

    def fact(self):
        """As Mqtt.fact()."""
        if self.service is None:
            return {"state": "off", "reason": "off", "queued": 0, "dropped": 0}
        return self.service.fact()

    def apply(self, get):
        """Settings changed."""
        self._get = get
        if self.service is not None:
            self.service.apply(get)

    async def leave(self):
        """As Mqtt.leave()."""
        if self.service is not None:
            await self.service.leave()

    async def run(self, beat):
        """Task: wait until it is wanted, then run it for good."""
        while self.service is None:
            if self._get("mqtt.enabled") and self._contactor_open():
                self.service = self._make()
                self.service.apply(self._get)
            else:
                await asyncio.sleep_ms(_LOOK_MS)
        await self.service.run(beat)
