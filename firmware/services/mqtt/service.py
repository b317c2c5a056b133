"""MQTT: tells a broker what the charger does and takes commands from it.

Topics, below `<mqtt.base>/<serial>/`:
    online                              online, or offline by last will; retained
    status meter session faults diagnostics     JSON of facts, retained (documents.py)
    record                              a finished session, QoS 1, until it is acknowledged (sessions_out.py)
    event                               what happens, as it happens
    cmd/<name>, result                  commands and their answers (orders.py)
"""

import asyncio
import json
import os

from micropython import const
from umqtt import simple

from firmware.charging.facts import NAMES
from firmware.charging.sources import DEFAULT_TIMEOUT_MS
from firmware.on_demand import forget
from firmware.services.mqtt.deadline_socket import Streamed
from firmware.services.mqtt.documents import LOOK_MS, Documents
from firmware.services.mqtt.link import KEEP_ALIVE_S, TURN_MS, Broker, Message, close_link, drop_link, exchange, open_link
from firmware.services.mqtt.orders import SOURCE, Orders
from firmware.services.mqtt.sessions_out import SessionsOut
from firmware.services.tls_context import pem

QUEUED_MOST = const(32)         # events and answers that wait; the oldest gives way
BATCH = const(8)                # messages of one turn
POLL_MS = const(100)
_PAUSE_MS = const(250)
_FIRST_WAIT_MS = const(1000)
_LONGEST_WAIT_MS = const(60000)
_HANDSHAKE_MS = const(60000)    # a TLS handshake stalls a device: while power flows at most one a minute
_STEADY_MS = const(60000)       # a connection that lasted so long: the next wait is short again
_LEAVE_MS = const(2000)
_COUNT_MS = const(60000)
_ANNOUNCE_MS = const(5000)      # all chargers of a house hear Home Assistant's birth at once: each waits up to so long
_MASK = const(0x3FFFFFFF)


class Mqtt:
    """station, keeper (records.keeper.Keeper), clock (drivers.clock), workers (services.worker.Workers).

    serial(): what names this charger in topics.
    contactor_open(): no power flows. install(): see Orders.
    """

    def __init__(self, station, keeper, clock, workers, prefix, serial, contactor_open, install):
        self._station = station
        self._clock = clock
        self._workers = workers
        self._serial = serial
        self._contactor_open = contactor_open
        self._documents = Documents(NAMES)
        self._orders = Orders(station, install)
        self.sessions = SessionsOut(prefix, keeper)
        self._queue = []           # (topic's last part, payload): events and answers
        self._dropped = 0
        self._state = "off"        # off, connecting, connected, waiting
        self._reason = "off"
        self._settings = None      # those of the broker as a tuple; None: MQTT is off
        self._announce_ms = None   # when discovery is due; None: it was sent
        self._personal = False
        self._page = "http"        # how the page is reached
        self._looked_ms = 0
        self._counted_ms = 0
        self._glance = None
        self._wait_ms = _FIRST_WAIT_MS
        self._shaken_ms = None     # when the newest handshake began
        self._began_ms = 0         # the newest try
        self._ping_ms = DEFAULT_TIMEOUT_MS // 3
        self.base = ""
        self.prefix = ""           # of discovery; "" for none
        station.subscribe(self._hear, "mqtt")
        keeper.also_flush(self.sessions.save)

    # ---- wiring

    def tasks(self):
        """Row of the table of tasks."""
        return (("mqtt", self.run, False, 0),)

    def facts(self):
        """{fact: provider}."""
        return {"mqtt": self.fact}

    def fact(self):
        """state: off, connecting, connected, waiting; reason: see reasons.REASONS; queued and dropped messages."""
        return {"state": self._state, "reason": self._reason, "queued": len(self._queue) + self.sessions.left(),
                "dropped": self._dropped}

    def apply(self, get):
        """Settings that act at once: where to connect (the connection is made anew), and what is told."""
        wanted = None
        if get("mqtt.enabled") and get("mqtt.host"):
            wanted = tuple([get("mqtt." + name) for name in (
                "host", "port", "user", "password", "tls", "ca", "certificate", "key", "base", "discovery")])
        if wanted != self._settings:
            self._settings = wanted
            self._wait_ms = _FIRST_WAIT_MS
        page = "http" if get("web.http") else "https"
        if self._orders.admin != get("mqtt.admin") or self._page != page:
            self._orders.admin, self._page = get("mqtt.admin"), page
            self.announce()        # it has more buttons now, or fewer, or another address
        if self._personal != get("mqtt.personal"):
            self._personal = self.sessions.personal = get("mqtt.personal")
            self._documents.forget()
        timeout_ms = get("sources.timeout_s") * 1000 or DEFAULT_TIMEOUT_MS
        self._ping_ms = min(KEEP_ALIVE_S * 500, max(1000, timeout_ms // 3))

    def announce(self):
        """Let Home Assistant hear everything again, soon."""
        self._announce_ms = (self._clock.ticks_ms() + _random(_ANNOUNCE_MS)) & _MASK

    async def leave(self):
        """Say goodbye, so that nobody has to wait for the last will; within _LEAVE_MS, whatever the broker does."""
        self._settings = None
        waited_ms = 0
        while self._state == "connected" and waited_ms < _LEAVE_MS:
            await asyncio.sleep_ms(POLL_MS)
            waited_ms += POLL_MS

    # ---- what happens in the charger

    def _hear(self, event, data):
        if event == "session_end":
            self.sessions.changed()            # also while MQTT is off: its record waits in the log until it is on
        if self._settings is None:
            return
        told = {"event": event, "utc": self._clock.rfc3339(self._clock.utc_s())}
        if event in ("fault", "fault_end"):
            told["name"], told["code"], told["kind"] = data["name"], data["code"], data["kind"]
        elif event in ("session_start", "session_end"):
            session = data["session"]
            told["number"], told["energy_wh"] = session.number, session.energy_wh()
            if event == "session_end":
                told["end_reason"] = session.end_reason
        elif event == "overview":
            told["overview_state"] = data["overview_state"]
        elif event == "service_mode":
            told["mode"] = data["mode"]
        else:
            return
        self._enqueue("event", told)

    def _enqueue(self, topic, told):
        if len(self._queue) >= QUEUED_MOST:
            self._queue.pop(0)
            self._dropped += 1
        self._queue.append((topic, json.dumps(told).encode()))

    # ---- the task

    async def run(self, beat):
        """Task: connected whenever that is possible."""
        while True:
            settings = self._settings
            if settings is None:
                self._state = self._reason = "off"
                await asyncio.sleep_ms(_FIRST_WAIT_MS)
                continue
            self._state = "connecting"
            self._began_ms = self._clock.ticks_ms()
            self._reason = await self._connected(settings)
            if self._settings is not settings:
                continue                      # changed: at once
            if (self._clock.ticks_ms() - self._began_ms) & _MASK > _STEADY_MS:
                self._wait_ms = _FIRST_WAIT_MS
            self._state = "waiting"
            await self._pause(settings)

    async def _pause(self, settings):
        """Wait longer each time, and never exactly as long as the neighbour; new settings end it."""
        left_ms = self._wait_ms + _random(self._wait_ms >> 2)
        self._wait_ms = min(self._wait_ms * 2, _LONGEST_WAIT_MS)
        waited_ms = 0
        while self._settings is settings and waited_ms < left_ms:
            await asyncio.sleep_ms(_PAUSE_MS)
            waited_ms += _PAUSE_MS

    async def _calm(self, settings):
        """Wait until a handshake may stall the charger; new settings end it."""
        while self._settings is settings and not self._contactor_open() and self._shaken_ms is not None and (
                self._clock.ticks_ms() - self._shaken_ms) & _MASK < _HANDSHAKE_MS:
            await asyncio.sleep_ms(_PAUSE_MS)

    async def _connected(self, settings):
        """One connection from its beginning to its end; returns why it ended."""
        tls = settings[4]
        if tls and not self._clock.utc_s():
            return "clock_unknown"
        if tls:
            await self._calm(settings)
            if self._settings is not settings:
                return ""
            self._shaken_ms = self._began_ms = self._clock.ticks_ms()
        self.base = "%s/%s/" % (settings[8], _level(self._serial()))
        self.prefix = settings[9]
        link, code = await self._workers.to_thread(open_link, simple, self._broker(settings), TURN_MS)
        if link is None:
            return code
        self._state, self._reason = "connected", ""
        self._station.sources.heard(SOURCE, self._clock.ticks_ms())
        self._documents.forget()
        self.sessions.changed()
        self._announce_ms = self._clock.ticks_ms()
        code = "closed"
        try:
            code = await self._serve(link, settings)
        finally:
            if code:
                drop_link(link)
        if not code:
            last = [Message(self._topic("online"), b"offline", True)]
            now = self._settings
            if settings[9] and (now is None or now[9] != settings[9]):
                last.append(Message(self._discovery_topic(settings[9]), b"", True))     # Home Assistant forgets the device
            code = await self._workers.to_thread(close_link, link, last)
        return code

    def _broker(self, settings):
        host, port, user, password, tls, ca, certificate, key, base, prefix = settings
        topics = [self._topic("cmd/+")]
        if prefix:
            topics.append((prefix + "/status").encode())
        secure = (host, pem(ca), pem(certificate), pem(key)) if tls else None
        return Broker(host, port, "mode3-" + _level(self._serial()), user, password, secure,
                      Message(self._topic("online"), b"offline", True, 1), topics)

    def _topic(self, name):
        return (self.base + name).encode()

    async def _serve(self, link, settings):
        """Until the connection breaks (returns the code) or the settings change (returns "")."""
        heard_ms = self._clock.ticks_ms()
        online = False
        while self._settings is settings:
            batch = []             # (Message, what has arrived then: see _sent)
            if not online:
                batch.append((Message(self._topic("online"), b"online", True), None))
            await self._gather(batch)
            now_ms = self._clock.ticks_ms()
            ping = (now_ms - heard_ms) & _MASK >= self._ping_ms
            if not batch and not ping and not link.pending():
                await asyncio.sleep_ms(POLL_MS)
                continue
            done, code = await self._workers.to_thread(exchange, link, [row[0] for row in batch], ping)
            for _, entry in batch[:done]:
                self._sent(entry)
            if code:
                return code
            online = True
            now_ms = self._clock.ticks_ms()
            if link.sockets.sock.heard:
                heard_ms = now_ms
                self._station.sources.heard(SOURCE, now_ms)
            await self._take_received(link)
            await asyncio.sleep_ms(0 if self._queue and not link.pending() else POLL_MS)      # answers at once, but no flood
        return ""

    # ---- out

    async def _gather(self, batch):
        now_ms = self._clock.ticks_ms()
        if self._announce_ms is not None and (now_ms - self._announce_ms) & _MASK < _MASK >> 1:
            self._announce_ms = None
            if self.prefix:
                batch.append((Message(self._discovery_topic(self.prefix), await self._discovery(), True), None))
            self._documents.forget()
        glance = self._station.glance()
        hurry = glance != self._glance
        if hurry or self._documents.fresh() or (now_ms - self._looked_ms) & _MASK >= LOOK_MS:
            self._glance, self._looked_ms = glance, now_ms
            facts = self._station.facts(personal=self._personal)
            for document in self._documents.due(facts, now_ms, hurry):
                if document is not None:
                    batch.append((Message(self._topic(document[0]), document[1], True), None))
                await asyncio.sleep_ms(0)     # others run between two documents
        for entry in self._queue[:BATCH]:
            batch.append((Message(self._topic(entry[0]), entry[1]), entry))
        if (now_ms - self._counted_ms) & _MASK >= _COUNT_MS:
            self._counted_ms = now_ms
            self.sessions.changed()           # also one whose record had to wait for the flash
        try:
            oldest = await self.sessions.oldest()
        except OSError:
            oldest = None                     # the flash fails, which others tell: everything else goes on
        if oldest is not None:
            batch.append((Message(self._topic("record"), oldest[1], False, 1), oldest[0]))

    def _discovery_topic(self, prefix):
        return ("%s/device/mode3-%s/config" % (prefix, _level(self._serial()))).encode()

    async def _discovery(self):
        """Home Assistant's discovery message, made while it is sent; its table is then forgotten. It is made once before, for its
        length: others run meanwhile."""
        from firmware.services.mqtt import entities
        forget(("firmware.services.mqtt.entities",))
        station = self._station
        facts = station.facts(personal=False)
        serial = _level(self._serial())
        ip = (facts["network"] or {}).get("ip")
        own = [row["limit_ma"] for row in facts["ceilings"] if row["source"] in ("board", "installation", "cable")]
        has = []
        for name, there in (("three_phases", station.core.fitted.phases == 3), ("phase_switching", station.has_phase_switching),
                            ("lock", station.has_lock), ("admin", self._orders.admin)):
            if there:
                has.append(name)
        device = entities.Device(serial, facts["station_name"] or "Mode3 " + serial, facts["version"], self.base,
                                 "%s://%s/" % (self._page, ip) if ip else None,
                                 min(own) // 1000, has)
        length = 0
        for piece in entities.pieces(device):
            length += len(piece.encode())
            await asyncio.sleep_ms(0)
        return Streamed(lambda: entities.pieces(device), length)

    def _sent(self, entry):
        """An event or answer has left, or the session of that number was acknowledged; None: a document."""
        if type(entry) is int:
            self.sessions.acknowledge(entry)
        elif entry in self._queue:            # a full queue may have let go of it meanwhile
            self._queue.remove(entry)

    # ---- in

    async def _take_received(self, link):
        received, link.received = link.received, []
        for topic, payload, retained in received:
            self._take(topic, payload, retained)
            await asyncio.sleep_ms(0)         # others run between two commands

    def _take(self, topic, payload, retained):
        try:
            topic = topic.decode()
        except (ValueError, RuntimeError):
            return                            # not UTF-8: no topic of ours
        orders = self.base + "cmd/"
        if topic.startswith(orders):
            if payload or not retained:       # an empty retained one is none: it takes a retained message away
                self._enqueue("result", self._orders.take(topic[len(orders):], payload, retained))
        elif self.prefix and topic == self.prefix + "/status" and payload == b"online" and not retained:
            self.announce()


def _level(serial):
    """A serial number as one level of a topic."""
    level = "".join([char if char not in "/+# $" and 0x20 < ord(char) < 0x7F else "-" for char in serial or ""])
    return level or "unknown"


def _random(most_ms):
    return int.from_bytes(os.urandom(2), "big") * most_ms // 65535
