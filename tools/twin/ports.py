"""A TCP port for whoever starts a server beside a twin."""
import socket


def free_port():
    """The number of a port of this machine that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
