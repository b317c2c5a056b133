"""One connection to a broker by umqtt.simple. These functions run in a worker: each takes its time, within the turn's budget."""

from micropython import const

from firmware.services.mqtt.deadline_socket import LinkError, Sockets
from firmware.services.mqtt.reasons import code_of

TURN_MS = const(10000)          # longest silence of the broker within a turn
KEEP_ALIVE_S = const(60)        # after 1.5 times that the broker publishes our last will
MAX_IN = const(8)               # messages taken in one turn
_LAST_PID = const(65535)


class Link:
    """What one worker call at a time works on. received: (topic, payload, retained) since the loop looked last."""

    def __init__(self, client, sockets):
        self.client = client
        self.sockets = sockets
        self.received = []

    def pending(self):
        """Something has come. For the loop, between two turns."""
        return self.sockets.sock.pending()


class Message:
    """topic and payload (bytes or Streamed)."""

    def __init__(self, topic, payload, retain=False, qos=0):
        self.topic = topic
        self.payload = payload
        self.retain = retain
        self.qos = qos


class Broker:
    """Where to connect and as whom. tls: None or (host name, CA, certificate, key); will: Message; topics: what to subscribe."""

    def __init__(self, host, port, client_id, user, password, tls, will, topics):
        self.host = host
        self.port = port
        self.client_id = client_id
        self.user = user
        self.password = password
        self.tls = tls
        self.will = will
        self.topics = topics


def open_link(simple, broker, turn_ms):
    """Connect and subscribe. simple: the module umqtt.simple. Returns (Link, "") or (None, why not)."""
    sockets = Sockets(broker.tls, turn_ms)
    try:
        simple.socket = sockets                 # in place of the module's own
        user = broker.user.encode() if broker.user else None
        client = simple.MQTTClient(broker.client_id.encode(), broker.host, broker.port, user,
                                   broker.password.encode() if user else None, KEEP_ALIVE_S)
        link = Link(client, sockets)
        client.set_callback(_take(link))
        client.set_last_will(broker.will.topic, broker.will.payload, broker.will.retain, broker.will.qos)
        client.connect()
        for topic in broker.topics:
            client.subscribe(topic, 1)
        sockets.sock.flush()
        return link, ""
    except Exception as error:                  # whatever a broker may make of it: the loop is told why
        if sockets.sock is not None:
            sockets.sock.close()
        return None, code_of(error)


def _take(link):
    def take(topic, payload):
        head = link.sockets.sock.head
        if head is not None and head & 4:
            raise LinkError("protocol")         # QoS 2, or none that there is: we never asked for it
        if len(link.received) < 2 * MAX_IN:     # more came with our acknowledgements than anybody sends to a charger
            link.received.append((topic, payload, head is None or head & 1 == 1))
    return take


def _check(first_byte):
    """umqtt.simple leaves the rest of a packet that it did not expect for the next one to stumble over."""
    if first_byte is not None and first_byte >> 4 != 3:
        raise LinkError("protocol")


def exchange(link, messages, ping):
    """Publish messages in order, then take what has come. ping: also ask the broker for a sign of life, and wait for it.

    Returns (how many were published: all or none, why the connection is lost or ""). One of QoS 1 stands last, if there is one.
    """
    sock, client = link.sockets.sock, link.client
    done = 0
    try:
        sock.begin_turn()
        for message in messages:
            if client.pid >= _LAST_PID:
                client.pid = 0                  # umqtt.simple counts on and on
            client.publish(message.topic, message.payload, message.retain, message.qos)
        sock.flush()
        done = len(messages)
        if ping:
            client.ping()
            while not sock.heard:
                _check(client.wait_msg())
        taken = 0
        while taken < MAX_IN and sock.pending():
            _check(client.check_msg())
            taken += 1
        sock.flush()
        return done, ""
    except Exception as error:                  # as in open_link
        return done, code_of(error)


def close_link(link, last):
    """Publish the last messages if that is possible, then leave in order: no last will."""
    try:
        link.sockets.sock.begin_turn()
        for message in last:
            link.client.publish(message.topic, message.payload, message.retain, message.qos)
        link.sockets.sock.write(b"\xe0\0")      # DISCONNECT
        link.sockets.sock.flush()
    except Exception as error:
        return code_of(error)                   # it is left either way
    finally:
        link.sockets.sock.close()
    return ""


def drop_link(link):
    """Leave at once; the broker publishes our last will."""
    link.sockets.sock.close()
