"""The MQTT broker beside the twin, for this machine only: `python -m tools.twin.broker PORT`, until its input ends."""
import asyncio
import logging
import socket
import subprocess
import sys
import time

HOST = "127.0.0.1"
START_S = 10


def answers(port):
    """True when something listens at that port already."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


class BrokerProcess:
    """Runs the broker in a process of its own until stop(), unless one listens there already. Returns at once: the charger tries
    again until it is there. says: a line about it for people."""

    def __init__(self, port):
        self._process = None
        if answers(port):
            self.says = "mqtt://%s:%d, which was there already" % (HOST, port)
            return
        self.says = "mqtt://%s:%d" % (HOST, port)
        self._process = subprocess.Popen([sys.executable, "-m", "tools.twin.broker", str(port)], stdin=subprocess.PIPE,
                                         start_new_session=True)    # ours to end, and gone with us however we end
        end = time.monotonic() + START_S
        while not answers(port):
            if self._process.poll() is not None or time.monotonic() > end:
                self.says = "none: it did not start on port %d" % port
                return
            time.sleep(0.05)

    def stop(self):
        """End it, where it is ours."""
        if self._process is not None:
            self._process.kill()                # it has nothing to keep
            self._process.wait()
            self._process.stdin.close()


async def serve(port):
    """A broker until the process is told to end."""
    from amqtt.broker import Broker
    broker = Broker({"listeners": {"default": {"type": "tcp", "bind": "%s:%d" % (HOST, port)}},
                     "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}})
    await broker.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)     # nobody writes: readable is its end
    await ended.wait()
    await broker.shutdown()


def main(argv):
    logging.disable(logging.CRITICAL)       # a broker that is told everything has much to say
    asyncio.run(serve(int(argv[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
