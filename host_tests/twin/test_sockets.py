# cpython only: the board's sockets are patched into CPython's
"""The board's socket table: ten and no more, also after some were closed; names and time servers of the world."""
import socket
import struct
import threading
import unittest

from tools.twin.clock import VirtualClock
from tools.twin.sockets import MOST, BoardSockets
from tools.twin.world import World


class SocketsTest(unittest.TestCase):
    def setUp(self):
        from host_tests.twin.probe_board import BOARD
        self.clock = VirtualClock()
        self.addCleanup(self.clock.close)
        self.world = World(self.clock, None, BOARD)
        self.board = BoardSockets(self.clock, self.world, True)
        self.board.install()
        self.addCleanup(self.board.remove)

    def test_the_eleventh_is_refused_and_a_closed_one_makes_room(self):
        held = [socket.socket() for _ in range(MOST)]
        with self.assertRaises(OSError):
            socket.socket()
        held.pop().close()
        held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        with self.assertRaises(OSError):
            socket.socket()

    def test_other_threads_have_the_hosts_sockets(self):
        held = [socket.socket() for _ in range(MOST)]
        made = []
        thread = threading.Thread(target=lambda: made.append(socket.socket()))
        thread.start()
        thread.join()
        made[0].close()
        self.assertEqual((len(held), len(made)), (MOST, 1))

    def test_names_are_those_of_the_world_and_addresses_are_addresses(self):
        self.assertEqual(socket.getaddrinfo("pool.ntp.org", 123)[0][-1][0], "10.77.0.1")
        self.assertEqual(socket.getaddrinfo("127.0.0.1", 80)[0][-1][0], "127.0.0.1")
        with self.assertRaises(OSError):
            socket.getaddrinfo("no.such.name.example", 80)

    def test_a_time_server_of_the_world_answers_in_virtual_time(self):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.sendto(b"\x23" + bytes(39) + b"8 random", ("10.77.0.1", 123))
        with self.assertRaises(BlockingIOError):
            sock.recvfrom(100)
        self.clock.spend_us(30_000)
        data, _ = sock.recvfrom(100)
        self.assertEqual(data[24:32], b"8 random")
        self.assertEqual(struct.unpack(">I", data[40:44])[0] - 2_208_988_800, self.clock.utc_s())


if __name__ == "__main__":
    unittest.main()
