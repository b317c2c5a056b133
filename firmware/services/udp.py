"""A UDP socket that never blocks, the same on both interpreters. Whoever waits for an answer looks again a moment later."""
import errno
import socket
import sys

AGAIN = (errno.EAGAIN, 11, 35)       # 35: BSD and macOS, where CPython's twin may run
_NO_SUCH_PORT = (111, 61)            # at whom we asked; 61: there

if sys.implementation.name == "micropython":
    def ip_of(address):
        """The sender's address as text."""
        if isinstance(address, tuple):
            return address[0]
        family, packed, _port = socket.sockaddr(address)      # the unix port's opaque form
        return socket.inet_ntop(family, packed)
else:
    def ip_of(address):
        """The sender's address as text."""
        return address[0]


def address_of(name, port):
    """Where a name or a numeric address is (IPv4), as sendto takes it. Blocks while a name is looked up: for a worker. OSError."""
    return socket.getaddrinfo(name, port, socket.AF_INET)[0][-1]


class Datagrams:
    """Bound to port of host (0: any free one). Raises OSError when it cannot be had."""

    def __init__(self, host="0.0.0.0", port=0):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            if port:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._socket.bind(address_of(host, port))
        except OSError:
            self._socket.close()
            raise

    def join(self, group, own):
        """Hear a multicast group (4 bytes) at our address (4 bytes). OSError where the port or the network has none."""
        self._socket.setsockopt(getattr(socket, "IPPROTO_IP", 0), getattr(socket, "IP_ADD_MEMBERSHIP", 35), group + own)

    def send(self, data, address):
        """Send one datagram; what cannot be sent is lost, as the network loses some. False then."""
        try:
            self._socket.sendto(data, address)
        except OSError:
            return False
        return True

    def receive(self, most):
        """(data, sender's address) of the next datagram, cut at `most` bytes; None while there is none."""
        try:
            return self._socket.recvfrom(most)
        except OSError as error:
            if error.errno in AGAIN or error.errno in _NO_SUCH_PORT:
                return None
            raise

    def close(self):
        """Give the socket back."""
        self._socket.close()
