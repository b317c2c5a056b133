# cpython only: a tool of the host
"""Ports for those who start a server: another one each time."""
import os
import socket
import unittest

from tools.twin.ports import COUNT, FIRST, free_port


class FreePorts(unittest.TestCase):
    def test_each_time_another_one_that_a_server_can_take(self):
        ports = [free_port() for _ in range(20)]
        self.assertEqual(len(set(ports)), 20)
        for port in ports:
            self.assertTrue(FIRST <= port < FIRST + COUNT)
        with socket.create_server(("127.0.0.1", ports[0])):
            self.assertNotIn(ports[0], [free_port() for _ in range(COUNT)])

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_processes_that_were_forked_get_others_than_their_parent_and_their_twins(self):
        # stories side by side once served on the same port: the page's task died in all but one
        told = [free_port()]
        for _ in range(3):
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.write(writing, b"%d" % free_port())
                os._exit(0)
            os.waitpid(child, 0)
            os.close(writing)
            with open(reading, "rb") as pipe:
                told.append(int(pipe.read()))
        self.assertEqual(len(set(told)), 4, told)


if __name__ == "__main__":
    unittest.main()
