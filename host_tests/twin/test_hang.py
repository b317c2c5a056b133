# cpython only: the whole firmware on the twin in one process
"""A task that never gives the processor back, a crash, a wanted restart: the contactor opens, and the next start says why."""

import time
import unittest

from host_tests.twin.charger import Charger
from tools.twin.runner import NotNow


class Restarts(unittest.TestCase):
    def setUp(self):
        self.charger = Charger(self)
        self.found = {}

    def charge(self):
        """Charging from the fifth second."""
        self.charger.at(2, self.charger.ev(plugged=True, state="C"))

    def at_once(self, call):
        """Have the charger run call() in its next look at the front panel, in the task "ui"."""
        panel = self.charger.app.panel
        panel.tick = lambda now_ms: call()

    def hog(self):
        while True:
            time.sleep_ms(10)

    def note(self):
        fact = self.charger.fact
        self.found.update(cause=fact("reset_cause"), detail=fact("reset_detail"))
        records = self.charger.app.records
        self.found["event"] = [(event["code"], event["detail"]) for event in
                               records.events.newest_first(records.stamper.references()) if event["kind"] == "boot"][:1]

    def edges(self, signal):
        return [(t_us, value) for t_us, name, value in self.charger.trace.edges() if name == signal]

    def test_a_loop_that_stands_still_opens_the_contactor_at_once_and_the_next_start_names_the_task(self):
        self.charge()
        self.charger.at(10, lambda: self.found.update(before=self.charger.fact("contactor")))
        self.charger.at(12, lambda: self.at_once(self.hog))
        self.charger.at(25, self.note)
        self.charger.run(26)
        self.assertEqual(self.found["before"], "closed")
        opened = [t_us for t_us, value in self.edges("coil") if not value and t_us > 12_000_000]
        self.assertLess(opened[0], 12_200_000)
        self.assertIn("firmware ended: reset:watchdog", self.charger.told)
        self.assertEqual((self.found["cause"], self.found["detail"]), ("watchdog", "hang in ui"))
        self.assertEqual(self.found["event"], [("watchdog", "hang in ui")])

    def test_a_critical_task_that_died_is_named_by_the_next_start_whatever_hung_before(self):
        """The watchdog bites before the flash is free for the log."""
        def hog_a_while():
            del self.charger.app.panel.tick
            time.sleep_ms(1500)
        self.charge()
        self.charger.at(8, lambda: self.at_once(hog_a_while))
        self.charger.at(12, lambda: self.found.update(words=bytes(self.charger.twin.hal.rtc_memory)))
        self.charger.at(12, lambda: self.charger.app.supervisor.tasks[0].task.cancel())
        self.charger.at(30, self.note)
        self.charger.run(31)
        self.assertNotIn(b"hang", self.found["words"])
        self.assertEqual((self.found["cause"], self.found["detail"]), ("watchdog", "control: cancelled"))

    def test_what_crashed_is_named(self):
        def crash():
            self.charger.app.supervisor.check = None        # the supervisor itself: nobody restarts it
        self.charge()
        self.charger.at(12, crash)
        self.charger.at(25, self.note)
        self.charger.run(26)
        self.assertEqual(self.found["cause"], "crash")
        self.assertIn("TypeError", self.found["detail"])
        self.assertEqual(self.found["event"][0][0], "crash")

    def test_a_wanted_restart_tells_who_wanted_it(self):
        self.charger.at(5, lambda: self.at_once(lambda: self.charger.app.request_restart("update 1.4.0")))
        self.charger.at(15, self.note)
        self.charger.run(16)
        self.assertEqual((self.found["cause"], self.found["detail"]), ("restart", "update 1.4.0"))

    def test_it_is_back_within_three_seconds_of_the_press(self):
        """By what device calls and flash cost; the interpreter itself costs nothing here."""
        times = []

        def look():
            try:
                back = self.charger.fact("reset_cause") == "restart" and self.charger.fact("cp_state") is not None
            except NotNow:
                back = False
            if back:
                times.append(self.charger.clock.now_us)
            else:
                self.charger.clock.after(50_000, look)
        self.charger.at(5, lambda: self.at_once(self.charger.app.request_restart))
        self.charger.at(5.2, look)
        self.charger.run(12)
        self.assertLess(times[0], 8_000_000)

    def test_a_cold_start_says_nothing_more(self):
        self.charger.at(15, self.note)
        self.charger.run(16)
        self.assertEqual((self.found["cause"], self.found["detail"]), ("power_on", None))


if __name__ == "__main__":
    unittest.main()
