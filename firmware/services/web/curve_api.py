"""Power curves over HTTP: the running session's, and those of past sessions as far as they are kept."""

import asyncio
import json

from firmware.records import curve_log
from firmware.records.curve import NONE
from firmware.services.web.reply import HttpError, Reply
from firmware.services.web.roles import READ

_SESSIONS = "/api/v1/sessions/"
_AT_ONCE = 24                  # points in a piece of the answer


class CurveApi:
    """Handlers. curve: records.curve.Curve; prefix: the data folder; running(): the session that is under way, or None."""

    def __init__(self, curve, prefix, running):
        self._curve = curve
        self._prefix = prefix
        self._running = running

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", "/api/v1/curve", READ, self.running, 0),
            ("GET", _SESSIONS + "*", READ, self.past, 0),
        )

    async def running(self, request, rest):
        """{"number", "running", "from_s", "step_s", "power_w"}: of the session that runs, else of the one that ended last since the
        start; number null where there was none. power_w[n] is the mean power from from_s + n × step_s after the plug-in, null where
        nobody measured."""
        curve, session = self._curve, self._running()
        number = curve.number if session is None else session.number       # which may have changed when its record was begun
        return Reply(_pieces(number, session is not None, curve.from_s, curve.step_s, curve.points()))

    async def past(self, request, rest):
        """sessions/<number>/curve, likewise. 404 where no power flowed, or it is no longer kept."""
        number, _, word = rest.partition("/")
        if word != "curve" or not number.isdigit() or len(number) > 10:
            raise HttpError(404, "not_found", "nothing is at this path")
        for found in curve_log.find(self._prefix, int(number)):
            if found is not None:
                return Reply(_pieces(found[0], False, *found[1:]))
            await asyncio.sleep_ms(0)
        raise HttpError(404, "no_curve", "no curve is kept of session " + number)


def _pieces(number, running, from_s, step_s, watts):
    yield '{"number": %s, "running": %s, "from_s": %d, "step_s": %d, "power_w": [' % (
        json.dumps(number), json.dumps(running), from_s, step_s)
    for first in range(0, len(watts), _AT_ONCE):
        texts = ["null" if watt == NONE else str(watt) for watt in watts[first:first + _AT_ONCE]]
        yield (", " if first else "") + ", ".join(texts)
    yield "]}"
