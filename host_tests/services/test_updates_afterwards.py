"""What is remembered of an update: that it proved itself, was rolled back, or waits; a damaged record."""
import unittest

from firmware.services.ota import record, work
from host_tests.services.updates_case import Case


class TestAfterwards(Case):
    def switched(self):
        self.updates.install()
        self.seconds(1)
        self.assertEqual(self.charger.restarts, ["update 1.1.0"])

    def results(self):
        return [entry["result"] for entry in record.log(self.root)]

    def test_the_new_version_is_logged_once_it_has_proved_itself(self):
        self.switched()
        self.charger.version, self.charger.trial = "1.1.0", True
        self.server = "not_newer"
        self.updates = self.started()
        self.seconds(3)
        self.assertEqual(self.results(), ["downloaded"])
        self.charger.trial = False
        self.seconds(3)
        self.assertEqual(self.results(), ["installed", "downloaded"])
        self.updates = self.started()
        self.seconds(3)
        self.assertEqual(self.results(), ["installed", "downloaded"])

    def test_one_that_was_rolled_back_is_logged_and_not_tried_by_itself_again_but_by_a_press(self):
        self.switched()
        self.charger.rolled_back = True
        self.updates = self.started()
        self.assertEqual((self.results()[0], self.state()), ("rolled_back", ("idle", None, "rolled_back")))
        self.charger.minute = 200
        self.seconds(20)
        self.assertEqual((self.state()[2], len(self.charger.restarts)), ("failed_before", 1))
        self.updates.install(True)
        self.seconds(1)
        self.assertEqual(len(self.charger.restarts), 2)

    def test_a_power_cut_before_the_switch_is_no_roll_back(self):
        self.switched()
        self.updates = self.started()
        self.assertEqual((self.results(), self.state()[0]), (["downloaded"], "idle"))
        self.assertEqual(self.updates.kept["failed"], [])

    def test_what_was_fetched_is_still_ready_after_a_restart_unless_the_slot_is_damaged(self):
        self.updates = self.started(mode="download")
        self.charger.minute = 200
        self.seconds(5)
        self.updates = self.started(mode="off")
        self.assertEqual(self.state(), ("ready", "1.1.0", None))
        self.updates.install()
        self.seconds(1)
        self.assertEqual((self.asked, self.charger.activated), (["look", "fetch"], 1))
        self.updates.kept["ready"] = "1.1.0"
        work.save(self.updates)
        self.charger.whole = False
        self.updates = self.started()
        self.assertEqual(self.state()[0], "idle")

    def test_a_damaged_record_is_forgotten(self):
        record._file(self.root).write(b"{")
        self.updates = self.started()
        self.assertEqual(record.log(self.root), [])
        record.write(self.root, {"log": None})
        self.assertEqual(record.log(self.root), [])

    def test_the_log_is_bounded(self):
        for number in range(40):
            work.save(self.updates, ("no_answer", "1.%d.0" % number, ""))
        self.assertEqual(len(record.log(self.root)), 16)
        self.assertEqual(record.log(self.root)[0]["version"], "1.39.0")


if __name__ == "__main__":
    unittest.main()
