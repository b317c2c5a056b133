"""The board's sockets, on CPython: a table of ten, names that the world knows, and servers that live in virtual time.

Everything else goes out through the host's own sockets. Only the board's thread is concerned.
"""

import errno
import socket
import threading
import weakref

MOST = 10                       # CONFIG_LWIP_MAX_SOCKETS of the stock port
AWAY_US = 20_000                # to a server in the world and back
WORLD = "10.77.0."              # addresses of the world's servers


class BoardSockets:
    """Stands in for the host's sockets from `install()` to `remove()`. world: tools.twin.world.World; strict: unknown names are
    unknown, as nobody waits for the host's name server in virtual time."""

    def __init__(self, clock, world, strict):
        self._clock = clock
        self._world = world
        self._strict = strict
        self._thread = threading.get_ident()
        self._plain = self._names = None
        self.opened = weakref.WeakSet()

    def install(self):
        """Put the board's own in the place of the host's."""
        self._plain, self._names = socket.socket, socket.getaddrinfo
        socket.socket = self._class(self._plain)
        socket.getaddrinfo = self._getaddrinfo

    def remove(self):
        """Give the host's own back, and close what the board held open."""
        socket.socket, socket.getaddrinfo = self._plain, self._names
        for one in list(self.opened):
            one.close()

    def _getaddrinfo(self, host, port, *args, **kwargs):
        if threading.get_ident() != self._thread or not isinstance(host, str):
            return self._names(host, port, *args, **kwargs)
        address = self._world.air.name(host)
        if address is None and self._strict and host != "localhost" and not host.replace(".", "").isdigit():
            raise OSError(-2, "no such name")
        return self._names(address or host, port, *args, **kwargs)

    def _class(sockets, plain):
        class BoardSocket(plain):
            """One of ten; a datagram to a server of the world is answered in virtual time."""

            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self._came = []
                if threading.get_ident() != sockets._thread or self.family != socket.AF_INET:
                    return
                if sum(one.fileno() != -1 for one in sockets.opened) >= MOST:
                    self.close()
                    raise OSError(errno.ENFILE, "the board has %d sockets" % MOST)
                sockets.opened.add(self)

            def sendto(self, data, *where):
                address = where[-1]
                if not address[0].startswith(WORLD):
                    return super().sendto(data, *where)
                answer = sockets._world.air.datagram(bytes(data), address)
                if answer is not None:
                    sockets._clock.after(AWAY_US, lambda: self._came.append((answer, address)))
                return len(data)

            def recvfrom(self, most, *flags):
                if self._came:
                    answer, address = self._came.pop(0)
                    return answer[:most], address
                return super().recvfrom(most, *flags)
        return BoardSocket
