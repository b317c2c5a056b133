"""The clock out of the network: what a time server may say, what is not believed, and how long is waited."""
import asyncio
import os
import struct
import unittest

from firmware.services.network import ntp
from firmware.services.network.clock_sync import FAULT_MS, ClockSync
from firmware.services.udp import Datagrams
from host_tests.services.web.harness import run

NONCE = b"8 random"
NOW = 1795176000
MASK = 0x3FFFFFFF


def answer(nonce=NONCE, utc_s=NOW, fraction=0, first=0x24, stratum=2, letters=b"\0\0\0\0"):
    seconds = (utc_s + 2208988800) & 0xFFFFFFFF
    head = bytes((first, stratum, 6, 236)) + bytes(8) + letters + bytes(8)
    return head + nonce + bytes(8) + struct.pack(">II", seconds, fraction)


class Answers(unittest.TestCase):
    def refused(self, data):
        try:
            ntp.utc_from_answer(data, NONCE)
        except ntp.NtpError as error:
            return error.code
        return None

    def test_the_time_is_read_with_its_thousandths(self):
        self.assertEqual(ntp.utc_from_answer(answer(fraction=1 << 31), NONCE), (NOW, 500))
        self.assertEqual(ntp.utc_from_answer(answer(fraction=0xFFFFFFFF) + b"more", NONCE), (NOW, 999))

    def test_it_goes_on_after_2036(self):
        self.assertEqual(ntp.utc_from_answer(answer(utc_s=2085978500), NONCE), (2085978500, 0))

    def test_what_is_no_answer_to_us_is_refused(self):
        for data, code in ((b"", "short"), (answer()[:47], "short"), (answer(first=0x23), "mode"), (answer(first=0x25), "mode"),
                           (answer(first=0x0C), "mode"), (answer(nonce=bytes(8)), "origin"),
                           (answer(first=0xE4), "unsynchronised"), (answer(stratum=16), "stratum"),
                           (answer(stratum=255), "stratum"), (answer(stratum=0, letters=b"DENY"), "kiss_of_death"),
                           (answer(utc_s=-2208988800), "no_time"), (answer(utc_s=1000000000), "year"),
                           (answer(utc_s=1735689599), "year")):
            self.assertEqual(self.refused(data), code)

    def test_our_question_tells_nothing_about_us(self):
        self.assertEqual(ntp.question(NONCE), b"\x23" + bytes(39) + NONCE)


class Clock:
    """ticks that pass with the loop, and a wall clock."""

    def __init__(self, utc_s=0):
        self.now_s = utc_s
        self.ms = 0
        self.step = 100

    def ticks_ms(self):
        self.ms = (self.ms + self.step) & MASK     # who looks at the clock spends time
        return self.ms

    def utc_s(self):
        return self.now_s


class Server:
    """A small time server; `how` makes the datagrams that answer one question."""

    def __init__(self, how):
        self.how = how
        self.asked = 0
        for _ in range(20):
            self.port = 20000 + int.from_bytes(os.urandom(2), "little") % 6000 * 2
            try:
                self.link = Datagrams("127.0.0.1", self.port)
                return
            except OSError as error:
                failed = error
        raise failed

    async def serve(self):
        while True:
            found = self.link.receive(100)
            if found is not None:
                self.asked += 1
                for data in self.how(found[0][40:48]):
                    self.link.send(data, found[1])
            await asyncio.sleep_ms(1)


class Sync(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.done = []
        self.faults = {}
        self.connected = True

    def sync(self, port, servers="127.0.0.1"):
        async def inline(fn, *args):
            return fn(*args)
        made = ClockSync(lambda: self.connected, self.clock, lambda *args: self.done.append(args), inline,
                         lambda name, on: self.faults.update({name: on}), port)
        made.apply(lambda key: {"time.servers": servers, "time.ntp": True}[key])
        return made

    def ask(self, how, times=1, servers="127.0.0.1"):
        """(sync, waits) after so many questions to a server that answers so."""
        waits = []

        async def main():
            server = Server(how)
            task = asyncio.create_task(server.serve())
            self.made = self.sync(server.port, servers)
            for _ in range(times):
                waits.append(await self.made.ask())
            self.asked = server.asked
            task.cancel()
            server.link.close()
        run(main())
        return self.made, waits

    def test_a_clock_that_is_not_set_takes_the_first_good_answer(self):
        sync, waits = self.ask(lambda nonce: [answer(nonce)])
        self.assertEqual((self.done[0][1], sync.error, sync.server, waits), ("ntp", None, "127.0.0.1", [3600000]))
        self.assertIn(self.done[0][0] - NOW, (0, 1))

    def test_a_forged_or_stale_answer_before_the_true_one_is_passed_over(self):
        sync, _ = self.ask(lambda nonce: [answer(bytes(8), NOW + 999999), answer(NONCE, NOW + 5), answer(nonce)])
        self.assertIn(self.done[0][0] - NOW, (0, 1))

    def test_forged_answers_alone_are_told(self):
        sync, waits = self.ask(lambda nonce: [answer(bytes(8))])
        self.assertEqual((self.done, sync.error, waits), ([], "origin", [15000]))

    def test_silence_makes_the_waits_longer_up_to_an_hour(self):
        self.clock.step = 1000
        sync, waits = self.ask(lambda nonce: [], times=11)
        self.assertEqual((sync.error, waits[:4], waits[-1]), ("no_answer", [15000, 30000, 60000, 120000], 3600000))

    def test_a_server_that_says_deny_is_never_asked_again_and_one_that_says_rate_is_left_alone_longer(self):
        sync, waits = self.ask(lambda nonce: [answer(nonce, stratum=0, letters=b"DENY")], times=3)
        self.assertEqual((sync.error, self.asked, waits[1:]), ("no_servers", 1, [3600000, 3600000]))
        sync, waits = self.ask(lambda nonce: [answer(nonce, stratum=0, letters=b"RATE")], times=3)
        self.assertEqual((sync.error, self.asked, waits), ("kiss_of_death", 3, [15000, 30000, 60000]))
        self.assertEqual(self.done, [])

    def test_a_set_clock_is_moved_by_hours_only_when_two_answers_agree(self):
        self.clock.now_s = NOW
        said = [NOW + 86400, NOW + 7200, NOW + 7200]
        sync, waits = self.ask(lambda nonce: [answer(nonce, said.pop(0))], times=3)
        self.assertEqual((len(self.done), waits), (1, [15000, 15000, 3600000]))
        self.assertIn(self.done[0][0] - NOW - 7200, (0, 1))

    def test_a_clock_that_is_right_is_left_alone(self):
        self.clock.now_s = NOW
        self.ask(lambda nonce: [answer(nonce)])
        self.assertEqual(self.done, [(NOW, "ntp")])

    def test_the_next_server_is_asked_when_one_has_no_name(self):
        sync, waits = self.ask(lambda nonce: [answer(nonce)], times=2, servers="no-such-name.invalid 127.0.0.1")
        self.assertEqual((sync.error, sync.server, waits), (None, "127.0.0.1", [15000, 3600000]))

    def test_the_fault_wants_a_network_and_a_quarter_of_an_hour(self):
        sync = self.sync(1)
        sync.error = "no_answer"
        sync._judge()
        self.clock.ms += FAULT_MS - 1000
        sync._judge()
        self.assertFalse(self.faults["ntp"])
        self.clock.ms += 2000
        sync._judge()
        self.assertTrue(self.faults["ntp"])
        for _ in range(14 * 1440):                 # two weeks: the ticks begin again meanwhile
            self.clock.ms = (self.clock.ms + 60000) & 0x3FFFFFFF
            sync._judge()
            self.assertTrue(self.faults["ntp"])
        self.connected = False
        sync._judge()
        self.assertFalse(self.faults["ntp"])


if __name__ == "__main__":
    unittest.main()
