# cpython only: the firmware runs in the twin's own process
"""Boots of a small firmware: what ends them, what outlives them, and what the flash keeps."""
import json
import os
import tempfile
import textwrap
import unittest
from pathlib import Path

from tools.twin import costs
from tools.twin.boot_cpython import run_firmware
from tools.twin.clock import VirtualClock
from tools.twin.hal import Hal

BOARD = json.loads((Path(__file__).resolve().parents[2] / "board_configs" / "twin.json").read_text())


class Booting(unittest.TestCase):
    def setUp(self):
        self.clock = VirtualClock()
        self.addCleanup(self.clock.close)
        self.hal = Hal(BOARD, self.clock)
        self.outputs = []
        self.hal.on_output = lambda *event: self.outputs.append(event)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.flash = Path(folder.name)

    def boot(self, text):
        (self.flash / "boot.py").write_text(textwrap.dedent(text))
        return run_firmware(self.clock, self.hal, str(self.flash))

    def said(self):
        return json.loads((self.flash / "said.json").read_text())

    def last(self, signal, key):
        return [e[2] for e in self.outputs if e[:2] == (signal, key)][-1]


class Ends(Booting):
    def test_a_wanted_reset(self):
        self.assertEqual(self.boot("import machine; machine.reset()"), "reset:hard")

    def test_a_soft_reset_and_an_exit_are_one(self):
        self.assertEqual(self.boot("import machine; machine.soft_reset()"), "reset:soft")
        self.assertEqual(self.boot("import sys; sys.exit()"), "reset:soft")

    def test_a_power_cut(self):
        self.clock.at(2_000_000, self.hal.power_cut)
        self.assertEqual(self.boot("import time\nwhile True: time.sleep_ms(100)"), "power_cut")
        self.assertEqual(self.clock.now_us, 2_000_000)

    def test_ctrl_c(self):
        self.assertEqual(self.boot("raise KeyboardInterrupt"), "exit")

    def test_a_hungry_watchdog(self):
        self.assertEqual(self.boot("""
            import machine, time
            wdt = machine.WDT(timeout=1000)
            for _ in range(5):
                time.sleep_ms(900)
                wdt.feed()
            while True:
                time.sleep_ms(10)
        """), "reset:watchdog")
        self.assertLess(abs(self.clock.now_us - costs.BOOT_US - 5_500_000), 1000)

    def test_the_prompt_when_the_program_is_over_and_the_watchdog_there_too(self):
        self.assertEqual(self.boot("pass"), "stopped")
        self.assertEqual(self.boot("import machine; machine.WDT(timeout=1000)"), "reset:watchdog")

    def test_nothing_catches_the_end(self):
        self.clock.at(2_000_000, self.hal.power_cut)
        self.assertEqual(self.boot("""
            import asyncio, time
            async def stubborn():
                while True:
                    try:
                        await asyncio.sleep_ms(50)
                        time.sleep_ms(50)
                    except Exception:
                        continue
            async def main():
                asyncio.create_task(stubborn())
                await asyncio.gather(stubborn())
            asyncio.run(main())
        """), "power_cut")


class Survivors(Booting):
    HOLD = """
        import machine
        print(machine.reset_cause())
        machine.Pin(25, machine.Pin.OUT, value=1)
        machine.PWM(machine.Pin(33), freq=1000, duty_u16=65536 // 2)
        machine.RTC().memory(b"marker")
        """
    LOOK = """
        import json, machine
        json.dump([machine.reset_cause(), machine.Pin(25).value(), list(machine.RTC().memory())], open(ROOT + "said.json", "w"))
        """

    LOOK = LOOK.replace('json.dump(', 'f = open(ROOT + "said.json", "w"); f.write(json.dumps(').replace(
        ', open(ROOT + "said.json", "w"))', ')); f.close()')

    def test_pins_pwm_and_rtc_memory_outlive_every_reset_but_a_power_cut(self):
        self.boot(self.HOLD + "machine.reset()")
        self.assertEqual(self.last("pin", 25), 1)
        self.assertEqual(self.last("pwm", 33), (1000, 500_000))
        self.boot(self.LOOK)
        self.assertEqual(self.said(), [2, 1, list(b"marker")])
        self.hal.power_cut()
        self.assertEqual((self.last("pin", 25), self.last("pwm", 33)), (None, None))
        self.boot(self.LOOK)
        self.assertEqual(self.said(), [1, 0, []])

    def test_a_watchdog_reset_keeps_the_coil_on_until_the_new_boot_writes_it(self):
        self.boot(self.HOLD + "machine.WDT(timeout=100)\n        while True: machine.idle()")
        bitten_us = self.clock.now_us
        self.boot("import machine; machine.Pin(25, machine.Pin.OUT, value=0)")
        when = [t for signal, key, value, t in self.outputs if (signal, key, value) == ("pin", 25, 0)]
        self.assertGreaterEqual(when[0] - bitten_us, costs.BOOT_US)

    def test_a_soft_reset_stops_pwm_and_keeps_pins(self):
        self.boot(self.HOLD + "machine.soft_reset()")
        self.boot(self.LOOK)
        self.assertEqual(self.last("pwm", 33), None)
        self.assertEqual(self.said()[:2], [5, 1])

    def test_timers_and_interrupts_end_with_their_boot(self):
        self.boot("""
            import machine
            pin = machine.Pin(25, machine.Pin.OUT)
            machine.Timer(0, period=10, callback=lambda t: pin.toggle())
            machine.Pin(21, machine.Pin.IN).irq(lambda p: pin.toggle())
            machine.reset()
        """)
        before = len(self.outputs)
        self.hal.set_pin(21, 1)
        self.boot("import time; time.sleep_ms(100)")
        self.assertEqual(len(self.outputs), before)

    def test_no_cleanup_of_a_stopped_task_reaches_the_next_boot(self):
        self.clock.at(2_000_000, self.hal.power_cut)
        self.boot("""
            import asyncio, machine
            async def main():
                try:
                    await asyncio.sleep_ms(10_000)
                finally:
                    machine.Pin(25, machine.Pin.OUT, value=1)
                    open(ROOT + "left", "w").close()
            asyncio.run(main())
        """)
        self.assertEqual([e for e in self.outputs if e[0] == "pin"], [])
        self.assertFalse((self.flash / "left").exists())

    def test_every_boot_imports_the_application_anew(self):
        (self.flash / "counter_of_test.py").write_text("count = []\n")
        text = """
            import sys
            sys.path.insert(0, ROOT)
            import counter_of_test as c
            c.count.append(1)
            f = open(ROOT + "said.json", "w"); f.write(str(len(c.count))); f.close()
            """
        self.boot(text)
        self.boot(text)
        self.assertEqual(self.said(), 1)


class Flash(Booting):
    def test_a_file_is_there_whole_once_closed_and_its_write_takes_time(self):
        self.boot("""
            import time
            start = time.ticks_ms()
            with open(ROOT + "log", "ab") as f:
                f.write(bytes(1000))
            with open(ROOT + "said.json", "w") as f:
                f.write(str(time.ticks_diff(time.ticks_ms(), start)))
        """)
        self.assertEqual((self.flash / "log").stat().st_size, 1000)
        self.assertGreaterEqual(self.said(), 49)

    def test_a_power_cut_during_a_write_leaves_the_old_file(self):
        (self.flash / "settings").write_text("old")
        self.boot_and_cut("""
            with open(ROOT + "settings", "w") as f:
                f.write("new" * 1000)
            """, after_us=10_000)
        self.assertEqual((self.flash / "settings").read_text(), "old")

    def test_a_power_cut_before_a_rename_is_done_leaves_both(self):
        self.boot_and_cut("""
            import os
            with open(ROOT + "new", "w") as f:
                f.write("x")
            os.rename(ROOT + "new", ROOT + "old")
            """, after_us=costs.FLASH_METADATA_US * 2 + 100)
        self.assertEqual(sorted(os.listdir(self.flash)), ["boot.py", "new"])

    def boot_and_cut(self, text, after_us):
        self.clock.at(costs.BOOT_US + after_us, self.hal.power_cut)
        self.assertEqual(self.boot(text), "power_cut")

    def test_a_full_flash_refuses_writes_and_still_reads(self):
        (self.flash / "settings").write_text("old")
        self.hal.flash_full = True
        self.boot("""
            import errno
            assert open(ROOT + "settings").read() == "old"
            try:
                with open(ROOT + "settings", "w") as f:
                    f.write("new")
            except OSError as e:
                assert e.errno == errno.ENOSPC
                raise KeyboardInterrupt
        """)
        self.assertEqual((self.flash / "settings").read_text(), "old")

    def test_a_file_nobody_closed_is_not_written(self):
        self.boot("open(ROOT + 'lost', 'w').write('data')")
        self.assertEqual((self.flash / "lost").read_text(), "")

    def test_reading_back_and_appending_in_text_and_bytes(self):
        self.assertEqual(self.boot("""
            with open(ROOT + "t", "w") as f:
                f.write("one\\n")
            with open(ROOT + "t", "a") as f:
                assert f.write("two\\n") == 4
            with open(ROOT + "t", "r+b") as f:
                f.seek(1)
                f.write(b"N")
            raise KeyboardInterrupt if open(ROOT + "t").read() == "oNe\\ntwo\\n" else ValueError
        """), "exit")
