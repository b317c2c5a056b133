"""Faults by mail: what one mail holds, when it is tried again, and what the station's turn is spared."""
import asyncio
import unittest

from firmware.services.http_failure import HttpFailure
from firmware.services.publication import fault_mail as module
from firmware.services.publication.fault_mail import FaultMail

STEP_S = 2
WAITS_S = (60, 300, 900, 3600, 14400)


class Charger:
    """What the wiring lends."""

    def __init__(self):
        self.now_s = 1000
        self.worded = 0            # stamps put into words
        self.notes = []
        self.open = True           # the contactor

    def stamp(self):
        return 7, self.now_s, 0

    def when(self, stamp):
        self.worded += 1
        return "at %d" % stamp[1]

    def may_write(self):
        return self.open

    def utc_s(self):
        return 0

    def name(self):
        return "Garage"

    def note(self, code, detail):
        self.notes.append((code, detail))


class TestFaultMail(unittest.TestCase):
    def setUp(self):
        self.charger = Charger()
        self.security = "none"
        self.sent = []             # (second, subject, text) of each try
        self.failure = None
        self.during = lambda: None
        self.before = module.sender
        module.sender = lambda method: self._send
        self.mail = FaultMail(self.charger, None)
        self.switch(True)

    def tearDown(self):
        module.sender = self.before

    def switch(self, on):
        values = {"fault_mail.on": on, "fault_mail.host": "post.lan", "fault_mail.to": "ann@garage.lan",
                  "fault_mail.security": self.security}
        self.mail.apply(lambda key: values[key])

    async def _send(self, target, name, length, pieces, to_thread, subject, text, utc_s):
        self.assertEqual((target.host, target.to), ("post.lan", "ann@garage.lan"))
        self.sent.append((self.charger.now_s, subject, text))
        self.during()
        if self.failure is not None:
            raise self.failure

    def fault(self, code, event="fault"):
        self.mail.hear(event, {"code": code, "name": "f%d" % code, "kind": "fault"})

    def run_for(self, seconds):
        for _ in range(seconds // STEP_S):
            self.charger.now_s += STEP_S
            asyncio.run(self.mail.step())

    def test_what_comes_together_goes_in_one_mail_with_the_time_of_each(self):
        self.fault(11)
        self.run_for(4)
        self.fault(12)
        self.fault(11, "fault_end")
        self.assertEqual((self.sent, self.mail.fact()["state"], self.mail.fact()["waiting"]), ([], "waiting", 3))
        self.run_for(60)
        self.assertEqual(self.sent, [(1006, "Garage: began  11 f11",
                                      "at 1000  began  11 f11\nat 1004  began  12 f12\nat 1004  ended  11 f11\n")])
        self.assertEqual(self.mail.fact(), {"state": "idle", "result": "sent", "detail": None, "attempts": 1, "waiting": 0})

    def test_in_the_station_s_turn_nothing_is_put_into_words(self):
        self.fault(11)
        self.fault(11, "fault_end")
        self.assertEqual(self.charger.worded, 0)
        self.run_for(10)
        self.assertEqual(self.charger.worded, 2)

    def test_other_events_are_no_faults(self):
        for event in ("warning", "session_start", "overview"):
            self.fault(11, event)
        self.run_for(60)
        self.assertEqual(self.sent, [])

    def test_what_fails_is_tried_again_five_times_then_given_up_and_logged(self):
        self.failure = HttpFailure("refused", "no such mailbox")
        self.fault(11)
        self.run_for(6 + sum(WAITS_S) + 60)
        seconds = [row[0] for row in self.sent]
        self.assertEqual(tuple([after - before for before, after in zip(seconds, seconds[1:])]), WAITS_S)
        self.assertEqual(self.charger.notes, [("fault_mail_given_up", "refused")])
        self.assertEqual(self.mail.fact(), {"state": "idle", "result": "given_up", "detail": "no such mailbox", "attempts": 6,
                                            "waiting": 0})
        self.fault(12)             # the next one has all its tries again
        self.run_for(6 + WAITS_S[0])
        self.assertEqual(len(self.sent), 8)

    def test_what_comes_while_a_mail_waits_goes_with_it(self):
        self.failure = HttpFailure("timeout", "")
        self.fault(11)
        self.run_for(6)
        self.fault(12)
        self.failure = None
        self.run_for(60)
        self.assertEqual([row[2].count("\n") for row in self.sent], [1, 2])

    def test_what_comes_while_it_is_sent_goes_with_the_next(self):
        self.fault(11)
        self.during = lambda: self.fault(12) if len(self.sent) == 1 else None
        self.run_for(60)
        self.assertEqual([row[2].split("  ", 1)[1] for row in self.sent], ["began  11 f11\n", "began  12 f12\n"])

    def test_a_mail_has_sixteen_lines_and_the_number_of_those_left_out(self):
        for code in range(20):
            self.fault(code)
        self.assertEqual(self.mail.fact()["waiting"], 20)
        self.run_for(60)
        self.assertEqual(len(self.sent), 1)
        lines = self.sent[0][2].split("\n")
        self.assertEqual((len(lines), lines[15], lines[16]), (18, "at 1000  began  15 f15", "\u2026 and 4 more"))
        self.assertEqual(self.mail.fact()["waiting"], 0)

    def test_over_tls_it_waits_until_no_power_flows(self):
        self.security = "starttls"
        self.switch(True)
        self.charger.open = False
        self.fault(11)
        self.run_for(60)
        self.assertEqual((self.sent, self.mail.test(), self.mail.fact()["state"]), ([], "charging", "waiting"))
        self.charger.open = True
        self.run_for(2)
        self.assertEqual([row[2] for row in self.sent], ["at 1000  began  11 f11\n"])

    def test_while_off_nothing_is_kept_and_what_waited_is_dropped(self):
        self.fault(11)
        self.switch(False)
        self.fault(12)
        self.assertEqual(self.mail.test(), "off")
        self.switch(True)
        self.run_for(60)
        self.assertEqual((self.sent, self.mail.fact()["state"]), ([], "idle"))

    def test_a_press_sends_at_once_also_what_waits(self):
        self.failure = HttpFailure("refused", "")
        self.fault(11)
        self.run_for(6)
        self.failure = None
        self.assertIsNone(self.mail.test())
        self.run_for(2)
        self.assertEqual(self.sent[-1][2], "at 1000  began  11 f11\nat 1006  test\n")


if __name__ == "__main__":
    unittest.main()
