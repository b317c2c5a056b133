"""When updates are looked for, fetched and installed: by the clock and by a press."""
import asyncio
import unittest

from firmware.services import updates as module
from firmware.services.ota import record, work
from firmware.services.ota.refusal import UpdateError
from firmware.services.updates import MODES
from firmware.services.web.reply import HttpError
from host_tests.services.updates_case import Case
from host_tests.services.web.harness import run


class TestSchedule(Case):
    def test_without_a_clock_it_looks_some_time_after_the_start_and_then_once_a_day(self):
        self.updates = self.started(mode="notify")
        self.seconds(60 * 21)
        self.assertEqual(self.asked, [])
        self.seconds(2)
        self.assertEqual(self.asked, ["look"])
        self.assertEqual(self.state(), ("available", "1.1.0", None))
        self.updates._since_s = 86390
        self.seconds(20)
        self.assertEqual(self.asked, ["look", "look"])

    def test_with_a_clock_it_looks_in_its_minute_of_the_hour_once(self):
        self.updates = self.started(mode="notify")
        for minute in (0, 3 * 60 + 19, 4 * 60 + 20, 1439):
            self.charger.minute = minute
            self.seconds(3)
        self.assertEqual(self.asked, [])
        for minute in (3 * 60 + 20, 3 * 60 + 21, 4 * 60 + 19):
            self.charger.minute = minute
            self.seconds(60)
        self.assertEqual(self.asked, ["look"])
        self.updates._since_s = 80000
        self.charger.minute = 3 * 60 + 25
        self.seconds(1)
        self.assertEqual(self.asked, ["look", "look"])

    def test_each_mode_goes_as_far_as_it_says(self):
        self.charger.minute = 200
        for mode, asked, state in (("off", [], "idle"), ("notify", ["look"], "available"), ("download", ["look", "fetch"], "ready"),
                                   ("install", ["look", "fetch"], "restarting")):
            self.assertIn(mode, MODES)
            self.asked = []
            self.updates = self.started(mode=mode)
            self.seconds(5)
            self.assertEqual((self.asked, self.state()[0]), (asked, state))
            work.forget_ready(self.updates)
        self.assertEqual(self.charger.restarts, ["update 1.1.0"])
        self.assertEqual(self.charger.activated, 1)

    def test_without_a_server_nothing_is_asked(self):
        self.charger.minute = 200
        self.updates = self.started(url="")
        self.seconds(10)
        self.assertEqual((self.asked, self.state()[0]), ([], "off"))
        self.assertEqual(self.updates.check(), "no_server")
        self.assertEqual(self.updates.install(), "no_server")

    def test_a_vehicle_is_waited_for_and_what_it_interrupts_goes_on_without_a_word(self):
        self.charger.minute, self.charger.stop = 200, "vehicle"
        self.seconds(50)
        self.assertEqual((self.asked, self.state()[0]), (["look"], "available"))
        self.charger.stop = None
        self.fetching = UpdateError("vehicle")
        self.seconds(1)
        self.assertEqual(self.state(), ("available", "1.1.0", "vehicle"))
        self.fetching = None
        self.seconds(1)
        self.assertEqual(self.state()[0], "restarting")
        self.assertEqual(self.charger.notes, [("downloaded", "1.1.0")])

    def test_a_dead_server_is_asked_again_with_growing_waits_eight_times_a_day(self):
        self.charger.minute, self.server = 200, "no_answer"
        self.seconds(1)
        self.charger.minute = 1000
        self.assertEqual(self.state(), ("idle", None, "no_answer"))
        times = []

        async def main():
            for second in range(9 * 3700):
                before = len(self.asked)
                await self.updates.step()
                if len(self.asked) > before:
                    times.append(second)
        run(main())
        self.assertEqual(len(times), 8)
        waits = [times[index + 1] - times[index] for index in range(7)]
        self.assertEqual(waits, sorted(waits))
        self.assertTrue(299 <= times[0] <= 400 and 3600 <= waits[-1] <= 3700)
        self.assertEqual(len(record.log(self.root)), 1)      # one line, not one a try

    def test_a_package_that_is_refused_is_not_fetched_again_and_again(self):
        self.charger.minute = 200
        for refused in (UpdateError("no_space"), UpdateError("bad_signature")):
            self.asked, self.fetching = [], refused
            self.updates = self.started()
            self.seconds(2)
            self.charger.minute = 1000
            self.seconds(5000)
            self.assertEqual(self.asked, ["look", "fetch"])
            self.assertEqual(self.state()[2], refused.code)
            self.charger.minute = 200


class TestPresses(Case):
    def test_a_press_looks_and_a_press_installs(self):
        self.updates = self.started(mode="off")
        self.assertEqual(self.updates.check(), None)
        self.assertEqual(self.updates.check(), "busy")
        self.seconds(1)
        self.assertEqual(self.state(), ("available", "1.1.0", None))
        self.assertEqual(self.updates.fact()["notes"], "Better.")
        self.assertEqual(self.updates.install(), None)
        self.seconds(1)
        self.assertEqual(self.charger.restarts, ["update 1.1.0"])
        self.assertEqual(self.updates.install(), "busy")
        self.assertEqual(self.charger.shown[-1], True)

    def test_nothing_newer_is_no_failure(self):
        self.server = "not_newer"
        self.updates.check()
        self.seconds(1)
        self.assertEqual((self.state(), record.log(self.root)), (("idle", None, None), []))

    def test_a_press_is_refused_while_a_vehicle_is_there(self):
        self.charger.stop = "vehicle"
        self.assertEqual(self.updates.install(), "vehicle")
        self.charger.stop, self.charger.trial = None, True
        self.updates.install()
        self.seconds(1)
        self.assertEqual(self.state()[2], "on_trial")

    def test_an_upload_that_takes_too_long_does_not_go_on_downloading_for_ever(self):
        self.updates = self.started(mode="off")

        async def hanging(source, *rest):
            while True:
                await asyncio.sleep_ms(0)

        async def main():
            upload = asyncio.create_task(self.updates.upload(None, False))
            for _ in range(3):
                await asyncio.sleep_ms(0)
            self.assertEqual(self.state()[0], "downloading")
            upload.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await upload
        work.fetch = hanging
        run(main())
        self.assertEqual(self.state(), ("idle", None, "interrupted"))
        work.fetch = self.fetch
        self.updates.check()
        self.seconds(1)
        self.assertEqual(self.state(), ("available", "1.1.0", None))

    def test_regression_an_upload_whose_bytes_stop_coming_leaves_a_reason_of_the_table(self):
        """The web server's own code got into fact and log: no language had words for it."""
        self.updates = self.started(mode="off")

        async def silent(source, *rest):
            raise HttpError(408, "request_timeout", "the body did not come in time")
        work.fetch = silent
        with self.assertRaises(HttpError):
            run(self.updates.upload(None, False))
        self.assertEqual(self.state()[2], "interrupted")
        self.assertEqual(record.log(self.root)[0]["result"], "interrupted")

    def test_modules_are_forgotten_after_an_upload_that_is_refused_or_finds_no_memory(self):
        self.updates, forgotten = self.started(mode="off"), []
        module.OnDemand.forget = lambda parts: forgotten.append(1)
        self.charger.stop = "vehicle"
        with self.assertRaises(UpdateError) as caught:
            run(self.updates.upload(None, False))
        self.assertEqual((caught.exception.code, len(forgotten)), ("vehicle", 1))
        self.charger.stop = None

        async def no_memory(parts):
            raise MemoryError("no memory")
        load, module.OnDemand.load = module.OnDemand.load, no_memory
        try:
            with self.assertRaises(MemoryError):
                run(self.updates.upload(None, False))
            self.updates.check()
            with self.assertRaises(MemoryError):
                self.seconds(1)
        finally:
            module.OnDemand.load = load
        self.assertEqual(len(forgotten), 3)
        self.updates.check()
        self.seconds(1)
        self.assertEqual((self.state(), len(forgotten)), (("available", "1.1.0", None), 4))

    def test_modules_are_not_forgotten_under_somebody_who_works_with_them(self):
        self.updates, forgotten = self.started(mode="off"), []
        module.OnDemand.forget = lambda parts: forgotten.append(1)
        waiting = [1]

        async def slow(*args):
            while waiting:
                await asyncio.sleep_ms(0)
            raise UpdateError("bad_signature")

        async def main():
            first = asyncio.create_task(self.updates.upload(None, False))
            for _ in range(3):
                await asyncio.sleep_ms(0)
            with self.assertRaises(UpdateError) as caught:
                await self.updates.upload(None, False)
            self.assertEqual((caught.exception.code, forgotten), ("busy", []))
            waiting.clear()
            with self.assertRaises(UpdateError) as caught:
                await first
            self.assertEqual((caught.exception.code, forgotten), ("bad_signature", [1]))
        work.fetch = slow
        run(main())

    def test_a_pointer_that_cannot_be_written_leaves_everything_ready(self):
        self.updates = self.started(mode="download")
        self.charger.refuse = OSError(5)
        self.updates.install()
        self.seconds(1)
        self.assertEqual(self.state(), ("ready", "1.1.0", "flash_failed"))
        self.charger.refuse = None
        self.updates.install()
        self.seconds(1)
        self.assertEqual(self.charger.restarts, ["update 1.1.0"])


if __name__ == "__main__":
    unittest.main()
