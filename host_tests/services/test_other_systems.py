# cpython only: what CPython finds on systems of its users
"""The twin on a machine that has IPv6, or on macOS: addresses, error numbers and sizes are those of that system."""
import os
import socket
import unittest
from types import SimpleNamespace
from unittest import mock

from firmware.services import http_client, udp
from firmware.services.web.report_api import ReportApi

SIX = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 80, 0, 0))
FOUR = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))


def found(host, port, family=0, *_):
    """What a machine with both tells of localhost."""
    if host == "six.example":
        return [SIX]
    return [row for row in (SIX, FOUR) if family in (0, row[0])]


class OtherSystems(unittest.TestCase):
    def test_a_server_is_reached_by_ipv4_where_it_has_it_and_by_ipv6_where_it_has_nothing_else(self):
        with mock.patch.object(socket, "getaddrinfo", found):
            self.assertEqual(http_client._resolve("localhost", 80), FOUR)
            self.assertEqual(http_client._resolve("six.example", 80), SIX)

    def test_datagrams_go_to_ipv4(self):
        with mock.patch.object(socket, "getaddrinfo", found):
            self.assertEqual(udp.address_of("localhost", 80), ("127.0.0.1", 80))

    def test_a_port_at_which_nobody_listens_is_silence_on_linux_and_on_macos(self):
        link = udp.Datagrams()
        self.addCleanup(link.close)
        for number in (111, 61, 11, 35):
            with mock.patch.object(link, "_socket", mock.Mock(recvfrom=mock.Mock(side_effect=OSError(number, "x")))):
                self.assertIsNone(link.receive(10), number)
        with mock.patch.object(link, "_socket", mock.Mock(recvfrom=mock.Mock(side_effect=OSError(9, "x")))):
            self.assertRaises(OSError, link.receive, 10)

    def test_free_and_whole_flash_are_told_in_the_same_unit(self):
        """macOS counts in blocks of 4 kB, and likes to read a megabyte at once."""
        files = SimpleNamespace(damage=[], count=lambda: 0, last_number=lambda: 0, waiting=0)
        records = SimpleNamespace(events=files, life=files, stamper=files, failing=False, last_error=None)
        records.sessions = SimpleNamespace(**vars(files), log_damage=[])
        report = ReportApi(records, None, None, None, "/", {})
        with mock.patch.object(os, "statvfs", lambda path: (1 << 20, 4096, 1000, 500, 500, 0, 0, 0, 0, 255)):
            self.assertIn("2000 kB free of 4000 kB", "".join(report._machine()))
