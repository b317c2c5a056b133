"""A TCP port for whoever starts a server beside a twin."""
import itertools
import os
import socket

# Below the ports that systems give to connections by themselves: none of those takes it before the server does.
FIRST, COUNT = 10_240, 9_700
APART = 97      # between the first ports of two processes
_turn = itertools.count()


def free_port():
    """The number of a port of this machine that nobody listens at just now; another one each time, and in another process."""
    for _ in range(COUNT):
        port = FIRST + (os.getpid() * APART + next(_turn)) % COUNT       # asked each time: who was forked has a turn like ours
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)      # what has just ended is free for a server too
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port from %d to %d" % (FIRST, FIRST + COUNT - 1))
