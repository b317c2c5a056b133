"""Sends the same small file by a list of targets, on either interpreter, and tells what became of each.

On the VM: `main(PATH)` reads the list as JSON and prints the answers as a line of JSON.
"""
import asyncio
import json

from firmware.services.http_failure import HttpFailure
from firmware.services.publication.destination import Target, sender
from firmware.services.way_out import WayOut
from host_tests.services.web.harness import run

LINES = [b"number;user\r\n", b"", b"1;Ada\r\n"] + [b"%d;B\xc3\xa9n\r\n" % number for number in range(2, 300)]
WHOLE = b"".join(LINES)


class Charger:
    """What a destination asks of the wiring. calm_for: how often it says that no power flows, before a vehicle charges."""

    def __init__(self, clock_s=1795996861, calm_for=1000000, address="127.0.0.1"):
        self._clock_s, self._calm_for, self._address = clock_s, calm_for, address

    def utc_s(self):
        return self._clock_s

    def may_write(self):
        self._calm_for -= 1
        return self._calm_for >= 0

    def address(self):
        return self._address


class InPlace:
    """to_thread() of a test: a name on this machine is found at once."""

    async def to_thread(self, fn, *args):
        return fn(*args)


def way_out(proxy=None, login=None):
    way = WayOut(InPlace())
    way.proxy, way.login = proxy and tuple(proxy), login
    return way


async def attempt(one):
    """{"method", "target": of Target, "charger": of Charger, "proxy"} -> ["sent", ""], or code and detail of the failure."""
    target = Target(**one["target"])
    target.charger = Charger(**one.get("charger", {}))
    way = way_out(one.get("proxy"))
    if one.get("proxy"):
        way.proxy_for = lambda host: way.proxy          # also for this machine's own addresses
    try:
        await asyncio.wait_for(sender(one["method"])(target, "records.csv", len(WHOLE), iter(LINES), way), 20)
    except HttpFailure as failure:
        return [failure.code, failure.detail]
    return ["sent", ""]


def outcomes(tries):
    async def all_of_them():
        found = []
        for one in tries:
            found.append(await attempt(one))
        return found
    return run(all_of_them())


def main(path):
    with open(path) as file:
        tries = json.load(file)
    print("@@ " + json.dumps(outcomes(tries)))
