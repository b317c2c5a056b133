"""The live stream: server-sent events with one status a second, and one at once when something visible changes."""
import asyncio

from firmware.charging.facts import NAMES
from firmware.services.web.reply import BREATH, Gathered, HttpError, Reply, in_order, json_pieces

MAX_STREAMS = 2           # of the server's connections; a third page polls instead
_LOOK_MS = 200
_LOOKS_PER_STATUS = 5
_STALL_MS = 5000          # a client that takes nothing for this long is gone


class Live:
    """Streams station's facts. A status is put into text once, whoever listens; a slow listener misses some.

    on_error(where, error) is told when the facts fail; the streams then end and their clients come again. So they do when
    role_to_look() becomes another: whoever may still look gets in.
    """

    def __init__(self, station, on_error, role_to_look):
        self._station = station
        self._role_to_look = role_to_look
        self._on_error = on_error
        self._listeners = 0
        self._producer = None
        self._news = asyncio.Event()
        self._number = 0          # of the status in _frame
        self._frame = None        # list of bytes, each of PIECE or somewhat more
        self._looks = 0           # since the last status

    async def handle(self, request, rest):
        """Route handler. Raises HttpError 503 when all streams are taken."""
        if self._listeners >= MAX_STREAMS:
            raise HttpError(503, "too_many_streams", "at most %d streams; ask the status instead" % MAX_STREAMS,
                            headers=(("Retry-After", "5"),))
        return Reply(kind="text/event-stream", stream=self._stream)

    async def _stream(self, write):
        if self._listeners >= MAX_STREAMS:
            return                # two were let in at the same moment: the client comes again
        self._listeners += 1
        try:
            seen = self._number
            self._looks = _LOOKS_PER_STATUS       # a newcomer gets a fresh one with the next look
            if self._producer is None:
                self._producer = asyncio.create_task(self._produce())
            await asyncio.wait_for_ms(write(b"retry: 3000\n\n"), _STALL_MS)
            while True:
                while seen == self._number:
                    await self._news.wait()
                seen = self._number
                if self._frame is None:
                    return        # the facts failed; the client comes again
                await asyncio.wait_for_ms(_send(write, self._frame), _STALL_MS)
        finally:
            self._listeners -= 1

    async def _produce(self):
        """Runs while somebody listens."""
        last, needed = None, self._role_to_look()
        try:
            while self._listeners and self._role_to_look() == needed:
                now = self._station.glance()
                if now != last or self._looks >= _LOOKS_PER_STATUS:
                    last = now
                    self._looks = 0
                    self._publish(await _frame(self._station.facts(personal=False)))   # one text for all listeners
                self._looks += 1
                await asyncio.sleep_ms(_LOOK_MS)
        except Exception as error:
            self._on_error("live stream", error)
        finally:
            self._producer = None
            self._publish(None)

    def _publish(self, frame):
        self._frame = frame
        self._number += 1
        self._news.set()
        self._news.clear()


async def _send(write, frame):
    for piece in frame:
        await write(piece)


async def _frame(facts):
    """Made in many turns: at once it would hold up the control tick of a device by tens of milliseconds."""
    pieces, out = [], Gathered()
    out.take(b"data: ", 0)
    made = 0
    for piece in json_pieces(in_order(NAMES, facts)):
        made += 1
        if made % BREATH == 0:
            await asyncio.sleep_ms(0)
        _gather(piece.encode(), out, pieces)
    _gather(b"\n\n", out, pieces)
    pieces.append(bytes(out.last()))
    return pieces


def _gather(data, out, pieces):
    done = out.take(data, 0)
    while done < len(data):
        pieces.append(bytes(out.full()))
        done = out.take(data, done)
