"""Finished sessions on their way to the broker: none is forgotten, whatever happens to broker, network and power.

They stay in the session log; here is only the number of the newest one that a broker has acknowledged. It is written with the next
open contactor, so that after a power cut a session may come twice, but never not at all.
"""

import asyncio
import json
import struct

from firmware.dates import rfc3339
from firmware.storage.inline_file import InlineFile

ACKED_KIND = 15
_FORMAT = "<I"
# Fields of a session as it is published, in their order.
TOLD = ("number", "start", "end", "duration_s", "charging_s", "energy_wh", "meter_start_wh", "meter_stop_wh", "cost_cents",
        "phases", "estimated", "end_reason", "station")
PERSONAL = ("uid", "user", "account", "transaction_id", "comment")      # only where mqtt.personal is set


class SessionsOut:
    """prefix: the data folder with a slash. keeper: records.keeper.Keeper. personal: say who charged, too."""

    def __init__(self, prefix, keeper):
        self._keeper = keeper
        self._file = InlineFile(prefix + "mqtt_acked", ACKED_KIND)
        self._acked = None         # number of the newest session that was acknowledged; None: not read yet
        self._saved = True
        self._stale = True         # the log may hold more than we have counted
        self._left = 0             # sessions still to be sent
        self.personal = False

    def start(self):
        """Read what was acknowledged. A charger that never spoke to a broker begins with the next session; one whose file is
        damaged sends all again. OSError."""
        payload, _, damage = self._file.read()
        if payload is not None and len(payload) == struct.calcsize(_FORMAT):
            self._acked = struct.unpack(_FORMAT, payload)[0]
        elif damage:
            self._acked = 0
        else:
            self._acked = self._keeper.sessions.last_number()
            self._saved = False

    def changed(self):
        """A session has ended."""
        self._stale = True

    def left(self):
        """How many sessions wait, as far as counted."""
        return self._left

    async def oldest(self):
        """The oldest session that was not acknowledged, as (number, payload), or None. Lets others run while it looks. OSError."""
        if self._acked is None:
            self.start()
        if self._stale:
            self._stale = False
            left = 0
            for session in self._keeper.sessions.newest_first({}):
                if session["number"] <= self._acked:
                    break
                left += 1
                await asyncio.sleep_ms(0)
            self._left = left
        if not self._left:
            return None
        rows = self._keeper.sessions.page(self._left - 1, 1, self._keeper.stamper.references())
        if not rows or rows[0]["number"] <= self._acked:
            self._left = 0         # the log was cleared meanwhile
            self._stale = bool(rows)
            return None
        return rows[0]["number"], self._payload(rows[0])

    def _payload(self, session):
        row = {}
        for name in TOLD + (PERSONAL if self.personal else ()):
            row[name] = session[name]
        row["start"], row["end"] = rfc3339(session["start"][2]), rfc3339(session["end"][2])
        return json.dumps(row).encode()

    def acknowledge(self, number):
        """The broker has that session."""
        if number > self._acked:
            self._acked = number
            self._saved = False
        self._left = max(0, self._left - 1)

    def save(self):
        """For Keeper.also_flush: with an open contactor. True when it wrote; OSError."""
        if self._saved:
            return False
        self._file.write(struct.pack(_FORMAT, self._acked))
        self._saved = True
        return True
