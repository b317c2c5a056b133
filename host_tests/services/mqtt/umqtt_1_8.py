"""A second shape of umqtt.simple, as its versions from 1.5 to 1.8 show themselves to who uses them; the first is the fetched 1.3.4.

What differs: connect() takes a time-out and sets it on the socket, TLS is a context that wraps it, wait_msg() returns the packet's
first byte for messages too, a short CONNACK is an MQTTException, unsubscribe(). Written for tests; the real one is in MicroPython's
images for the ESP32.
"""
import socket

from umqtt import simple

MQTTException = simple.MQTTException


def _text(value):
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2, "big") + data


class MQTTClient(simple.MQTTClient):
    def __init__(self, client_id, server, port=0, user=None, password=None, keepalive=0, ssl=None):
        super().__init__(client_id, server, port or (8883 if ssl else 1883), user, password, keepalive)
        self.context = ssl

    def connect(self, clean_session=True, timeout=None):
        self.sock = socket.socket()
        self.sock.settimeout(timeout)
        self.sock.connect(socket.getaddrinfo(self.server, self.port)[0][-1])
        if self.context:
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.server)
        flags = 2 if clean_session else 0
        body = _text(self.client_id)
        if self.lw_topic:
            flags |= 4 | self.lw_qos << 3 | (32 if self.lw_retain else 0)
            body += _text(self.lw_topic) + _text(self.lw_msg)
        if self.user:
            flags |= 192
            body += _text(self.user) + _text(self.pswd)
        body = _text("MQTT") + bytes((4, flags)) + self.keepalive.to_bytes(2, "big") + body
        length = bytes((len(body),)) if len(body) < 128 else bytes((len(body) & 127 | 128, len(body) >> 7))
        self.sock.write(b"\x10" + length + body)
        answer = self.sock.read(4)
        if not answer or len(answer) < 4:
            raise MQTTException(-1)
        if answer[0] != 0x20 or answer[1] != 2 or answer[3]:
            raise MQTTException(answer[3])
        return answer[2] & 1

    def unsubscribe(self, topic):
        self.pid += 1
        body = self.pid.to_bytes(2, "big") + _text(topic)
        self.sock.write(b"\xa2" + bytes((len(body),)) + body)
        while self.wait_msg() != 0xB0:
            continue
        self.sock.read(3)

    def wait_msg(self):
        first = self.sock.read(1)
        self.sock.setblocking(True)
        if first is None:
            return None
        if first == b"":
            raise OSError(-1)
        if first == b"\xd0":
            if self.sock.read(1)[0]:
                raise MQTTException("a PINGRESP is empty")
            return None
        if first[0] >> 4 != 3:
            return first[0]
        left = self._recv_len()
        length = self.sock.read(2)
        length = length[0] << 8 | length[1]
        topic = self.sock.read(length)
        left -= length + 2
        number = None
        if first[0] & 6:
            number = self.sock.read(2)
            left -= 2
        self.cb(topic, self.sock.read(left))
        if first[0] & 6 == 2:
            self.sock.write(b"\x40\x02" + number)
        elif first[0] & 6:
            raise MQTTException("QoS 2")
        return first[0]

    def check_msg(self):
        self.sock.setblocking(False)
        return self.wait_msg()
