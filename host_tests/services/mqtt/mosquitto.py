"""A real broker for tests: mosquitto in a process of its own, and somebody else's client beside it."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import paho.mqtt.client as paho

from host_tests.programs import program
from tools.twin.ports import free_port

MOSQUITTO = program("mosquitto")
PASSWD = program("mosquitto_passwd")       # of the same package
PATIENCE_S = 20
needs_mosquitto = unittest.skipUnless(MOSQUITTO, "no mosquitto (a package of Debian and Homebrew)")


def until(true, what):
    """Wait in real time until true() is; what: for the failure, or what makes it."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (PATIENCE_S, what() if callable(what) else what))
        time.sleep(0.005)


class Mosquitto:
    """lines: more lines of its configuration. users: {name: password}; acl: lines of its list of who may what."""

    def __init__(self, test, lines=(), users=None, acl=()):
        self.folder = tempfile.mkdtemp()
        self.port = free_port()
        self.started = 0            # how often
        self._process = None
        test.addCleanup(shutil.rmtree, self.folder)
        test.addCleanup(self.kill)
        config = ["listener %d 127.0.0.1" % self.port, "allow_anonymous %s" % ("false" if users else "true"), *lines]
        if os.getuid() == 0:
            config.append("user root")          # else it could not read what lies here
        if users:
            passwords = self.write("passwords", "".join("%s:%s\n" % user for user in users.items()))
            subprocess.run([PASSWD, "-U", passwords], check=True, capture_output=True)
            config.append("password_file " + passwords)
        if acl:
            config.append("acl_file " + self.write("acl", "\n".join(acl) + "\n"))
        self._config = self.write("mosquitto.conf", "\n".join(config) + "\n")
        self.start()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def start(self):
        self.started += 1
        self._log = open(os.path.join(self.folder, "log"), "a")
        self._process = subprocess.Popen([MOSQUITTO, "-c", self._config], stdout=self._log, stderr=self._log)
        until(lambda: self._listens() or self._process.poll() is not None, lambda: "mosquitto listens: " + self.log())
        if self._process.poll() is not None:
            raise AssertionError("mosquitto has ended: " + self.log())

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self):
        with open(os.path.join(self.folder, "log")) as file:
            return file.read()

    def signal(self, number):
        os.kill(self._process.pid, number)

    def freeze(self):
        """It goes on to exist, and so do its connections, but it says nothing any more."""
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        """At once, as in a power cut. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            self._log.close()


class Peer:
    """Somebody else at the broker: hears everything, and may say something; comes again when the broker does.

    To be made before the twin runs: a boot closes what was opened meanwhile in its thread. heard: [(topic, payload, retained)].
    """

    def __init__(self, test, broker, user=None, password=None, topics="#", tls=None):
        self.heard = []
        self._broker = broker
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if user:
            self.client.username_pw_set(user, password)
        if tls:
            self.client.tls_set(*tls)
        self.client.on_message = lambda client, data, message: self.heard.append(
            (message.topic, message.payload, bool(message.retain)))
        self._subscribed_at = 0     # which start of the broker it was
        self.client.reconnect_delay_set(1, 1)
        self.client._reconnect_min_delay = 0.05
        self.client._reconnect_max_delay = 0.05
        self.client.on_subscribe = lambda *args: setattr(self, "_subscribed_at", broker.started)
        self.client.on_disconnect = lambda *args: setattr(self, "_subscribed_at", 0)
        self.client.on_connect = lambda client, data, flags, code, properties: client.subscribe(topics, 1)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        test.addCleanup(self.close)
        self.is_there()

    def is_there(self):
        """Wait until it hears what is said at the broker as it was last started; that the one before has ended it may not know
        yet."""
        until(lambda: self._subscribed_at == self._broker.started, "the peer is subscribed")

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def say(self, topic, payload, retain=False):
        """Publish; the broker has it when this returns."""
        text = payload if isinstance(payload, (str, bytes)) else json.dumps(payload)
        said = self.client.publish(topic, text, 1, retain)
        said.wait_for_publish(PATIENCE_S)
        if not said.is_published():
            raise AssertionError("the broker did not take what was said to " + topic)

    def all(self, topic):
        """The payloads that came on a topic, oldest first; JSON where it is."""
        return [_plain(payload) for name, payload, _ in list(self.heard) if name == topic]

    def newest(self, topic):
        found = self.all(topic)
        return found[-1] if found else None

    def field(self, topic, name):
        """Of the newest document on a topic; None while there is none."""
        return (self.newest(topic) or {}).get(name)


def _plain(payload):
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
