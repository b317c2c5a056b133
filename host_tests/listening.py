"""A listening socket for tests that run on both interpreters."""
import os
import socket


def listen():
    """(socket, address): MicroPython's sockets cannot say which port they got, so one is tried that is likely free."""
    for _ in range(50):
        server = socket.socket()
        seed = os.urandom(2)
        address = socket.getaddrinfo("127.0.0.1", 20_000 + (seed[0] * 256 + seed[1]) % 6_000 * 2)[0][-1]
        try:
            server.bind(address)
            server.listen(1)
            return server, address
        except OSError:
            server.close()
    raise OSError("no free port")
