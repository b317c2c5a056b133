# cpython only: the world's end of the lock-step, with the firmware's end in a MicroPython process
"""Firmware on MicroPython in virtual time: the same in every run whatever the host does, and everything that ends a boot."""
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from firmware.records.session_log import SessionLog
from host_tests.twin.on_vm import BOARD, HOLD, LOOK, SECOND, OnVm, command
from tools.twin import costs
from tools.twin.clock import VirtualClock
from tools.twin.ports import free_port
from tools.twin.runner import NotNow, Twin
from tools.twin.scenario import Play, read
from tools.twin.vm_lockstep import LockstepLink, LockstepProcess
from tools.twin.vm_runner import HEAP_KB, VmTwin

ROOT = Path(__file__).resolve().parents[2]
STORIES = ROOT / "host_tests" / "scenarios" / "vm"
BURNERS = 4


class Questions(unittest.TestCase):
    def test_a_firmware_that_dies_while_it_is_asked_has_no_answer(self):
        clock = VirtualClock()
        self.addCleanup(clock.close)
        link = LockstepLink(BOARD, clock)
        here, there = socket.socketpair()
        there.close()
        link._conn, link._asked_us = here, 0
        self.assertIsNone(link.fact("cp_state"))


class Stories(unittest.TestCase):
    def setUp(self):
        self.command = command(self, HEAP_KB)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.runs = 0

    def twin(self, seed=1):
        self.runs += 1
        self.port = port = free_port()
        self.flash = self.folder / str(self.runs)
        self.events = []
        twin = VmTwin(self.flash, port, self.command, virtual=True, seed=seed, event=self.events.append)
        self.addCleanup(twin.close)
        return twin

    def play(self, story, seed=1):
        """(failure, every output with its time, every edge with its time)"""
        twin = self.twin(seed)
        outputs, results = [], []
        take = twin.world.on_output

        def output(*event):
            outputs.append(event)
            self.assertEqual(event[3], twin.clock.now_us)  # the world never learns of it late
            take(*event)

        def done(failure):
            results.append(failure)
            twin.end()
        twin.world.on_output = output
        Play(twin, read(story), done).start()
        twin.run()
        return results[0], outputs, twin.world.trace.edges()

    def burn(self):
        """A host that has other things to do."""
        for _ in range(BURNERS):
            process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)

    def test_the_same_seed_gives_the_same_run_on_an_idle_and_on_a_busy_host(self):
        story = STORIES / "whole_charge.scn"
        quiet = self.play(story)
        self.assertIsNone(quiet[0])
        self.assertGreater(len(quiet[1]), 1000)
        self.burn()
        self.assertEqual(self.play(story), quiet)
        self.assertNotEqual(self.play(story, seed=2)[1], quiet[1])

    def test_both_interpreters_live_through_the_same_edges_a_few_ticks_apart(self):
        story = STORIES / "whole_charge.scn"
        _, _, on_vm = self.play(story)
        twin = Twin(self.folder / "cpython", self.port)
        self.addCleanup(twin.close)
        Play(twin, read(story), lambda failure: twin.end()).start()
        twin.run()
        on_cpython = twin.world.trace.edges()
        self.assertEqual([edge[1:] for edge in on_vm], [edge[1:] for edge in on_cpython])
        for here, there in zip(on_vm, on_cpython, strict=True):
            self.assertLess(abs(here[0] - there[0]), SECOND // 4, here)

    def test_after_a_power_cut_the_interrupted_session_is_recorded_with_the_meters_energy(self):
        failure, outputs, _ = self.play(STORIES / "power_cut.scn")
        self.assertIsNone(failure)
        self.assertIn("firmware ended: power_cut", self.events)
        log = SessionLog(str(self.flash / "data") + "/")
        log.start()
        sessions = log.page(0, 10, {})
        self.assertEqual([one["number"] for one in sessions], [1])
        self.assertEqual(sessions[0]["end_reason"], "power_cut")
        self.assertGreater(sessions[0]["energy_wh"], 450)
        self.assertEqual(log.unfinished["number"], 2)

    def test_the_page_is_served_beside_the_story(self):
        twin = self.twin()
        answers = []

        def ask():
            end = time.monotonic() + 60
            while time.monotonic() < end and not answers:
                try:
                    client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                    client.request("GET", "/api/v1/status")
                    answers.append(json.loads(client.getresponse().read()))
                    client.close()
                except (OSError, ValueError, http.client.HTTPException):
                    time.sleep(0.05)
            twin.end()
        asker = threading.Thread(target=ask)
        asker.start()
        twin.run()
        asker.join()
        self.assertEqual(answers[0]["boot_number"], 1)

    def test_facts_are_those_of_the_running_firmware_and_of_none_without_power(self):
        twin = self.twin()
        seen = []

        def look(name="boot_number"):
            try:
                seen.append(twin.facts(name))
            except (NotNow, ValueError) as error:
                seen.append(type(error).__name__)
        clock = twin.clock
        clock.at(100_000, look)  # the chip still starts
        clock.at(3 * SECOND, look)
        clock.at(3 * SECOND, lambda: look("no_such_fact"))
        clock.at(4 * SECOND, lambda: twin.world.set_fault("power_cut", True))
        clock.at(5 * SECOND, look)
        clock.at(6 * SECOND, lambda: twin.world.set_fault("power_cut", False))
        clock.at(9 * SECOND, look)
        clock.at(9 * SECOND, lambda: twin.world.reset("soft"))
        clock.at(12 * SECOND, look)
        clock.at(12 * SECOND, lambda: look("reset_cause"))
        clock.at(12 * SECOND, twin.end)
        self.assertEqual(twin.run(), "ended")
        self.assertEqual(seen[:6], ["NotNow", 1, "ValueError", "NotNow", 2, 3])
        self.assertIsInstance(seen[6], str)
        self.assertEqual(clock.now_us, 12 * SECOND)


class InVirtualTime(OnVm):
    Link, Process = LockstepLink, LockstepProcess


class Time(InVirtualTime):
    def test_device_calls_cost_what_they_cost_and_sleeps_are_exact(self):
        self.assertEqual(self.boot("""
            import machine, time
            pin = machine.Pin(25, machine.Pin.OUT, value=0)
            time.sleep_ms(2_000_000)
            pin.value(1)
            adc = machine.ADC(machine.Pin(34))
            for _ in range(100):
                adc.read_uv()
            pin.value(0)
            machine.reset()
        """, 3000), "reset:hard")
        at = [e[3] for e in self.outputs if e[:2] == ("pin", 25)]
        self.assertEqual(at[0], costs.BOOT_US + costs.PIN_INIT_US)
        self.assertEqual(at[1] - at[0], 2_000_000_000 + costs.PIN_US)
        self.assertEqual(at[2] - at[1], 100 * costs.ADC_READ_US + costs.PIN_US)

    def test_the_firmware_is_not_let_past_what_it_was_granted(self):
        self.start("""
            import machine, time
            while True:
                time.sleep_ms(1)
                machine.Pin(25, machine.Pin.OUT, value=1)
                machine.Pin(25, machine.Pin.OUT, value=0)
        """)
        for limit_us in (700_000, 700_001, 733_333):
            self.assertIsNone(self.process.wait(limit_us))
            self.assertEqual(self.clock.now_us, limit_us)
            self.assertLessEqual(self.outputs[-1][3], limit_us)
        self.assertGreater(len(self.outputs), 200)

    def test_an_input_changes_at_its_own_microsecond(self):
        self.clock.at(SECOND + 123_456, lambda: self.link.set_pin(21, 1))
        self.clock.at(SECOND + 123_457, lambda: self.link.uart_rx(1, b"\x07"))
        self.clock.at(SECOND + 200_000, lambda: self.link.set_adc(34, 1_500_000))
        self.boot("""
            import machine, time
            machine.Pin(25, machine.Pin.OUT, value=0)
            button = machine.Pin(21, machine.Pin.IN)
            button.irq(lambda p: seen.append(time.ticks_us()), machine.Pin.IRQ_RISING)
            uart = machine.UART(1, 9600, tx=14, rx=5)
            adc = machine.ADC(machine.Pin(34))
            seen = []
            time.sleep_ms(1500)
            seen.extend([uart.any(), adc.read_uv()])
            with open(ROOT + "said.json", "w") as f:
                f.write(repr(seen))
            machine.reset()
        """)
        self.assertEqual(self.said(), [SECOND + 123_456 + costs.TICKS_US, 1, 1_500_000])

    def test_what_an_output_causes_at_once_is_seen_by_the_next_read(self):
        def wire(signal, key, value, t_us):
            if (signal, key) == ("pin", 25):
                self.clock.after(0, lambda: self.link.set_pin(21, value))
        self.link.on_output = wire
        self.boot("""
            import machine
            out, back = machine.Pin(25, machine.Pin.OUT, value=0), machine.Pin(21, machine.Pin.IN)
            seen = []
            for level in (1, 0, 1, 1, 0):
                out.value(level)
                seen.append(back.value())
            with open(ROOT + "said.json", "w") as f:
                f.write(repr(seen))
            machine.reset()
        """)
        self.assertEqual(self.said(), [1, 0, 1, 1, 0])

    def test_the_pilot_keeps_its_phase_where_the_30_bit_microseconds_begin_anew(self):
        self.link.set_pilot(9000, -12_000)
        self.boot("""
            import machine, time
            pwm = machine.PWM(machine.Pin(%d), freq=1000, duty_u16=16384)
            adc = machine.ADC(machine.Pin(%d))
            time.sleep_us((1 << 30) - 20_000 - time.ticks_us())
            seen = []
            for _ in range(400):
                tick = time.ticks_us()
                seen.append([tick, adc.read_uv() > 1_000_000])
                time.sleep_us(39)
            with open(ROOT + "said.json", "w") as f:
                f.write(repr(seen).replace("True", "true").replace("False", "false"))
            machine.reset()
        """ % (BOARD["pins"]["cp_pwm"], BOARD["pins"]["cp_adc"]), 2000)
        started_us = next(e[3] for e in self.outputs if e[0] == "pwm")
        wrong = []
        after = 0
        for tick, high in self.said():
            after += tick < 1 << 29
            t_us = tick + (1 << 30 if tick < 1 << 29 else 0)
            if high != ((t_us - started_us) % 1000 < 250):
                wrong.append((tick, high))
        self.assertEqual((wrong, 150 < after < 250), ([], True))

    def test_flash_writes_take_their_time_and_what_nobody_closed_is_not_written(self):
        self.boot("""
            import machine, os, time
            took = []

            def took_us(fn):
                start = time.ticks_us()
                fn()
                took.append(time.ticks_diff(time.ticks_us(), start) - 2)

            def write(name, data, mode="wb"):
                with open(ROOT + name, mode) as f:
                    f.write(data)
                    assert f.tell() >= len(data)
            took_us(lambda: write("small", b"x" * 40))
            took_us(lambda: write("small", b"y" * 40))
            took_us(lambda: write("large", b"z" * 5000))
            took_us(lambda: write("large", b"a" * 10, "ab"))
            took_us(lambda: os.rename(ROOT + "large", ROOT + "renamed"))
            left = open(ROOT + "left", "wb")
            left.write(b"lost")
            try:
                os.remove(ROOT + "missing")
            except OSError as error:
                took.append(error.errno)
            machine.Timer(0, period=1, callback=lambda t: beats.append(time.ticks_us()))
            beats = []
            start = time.ticks_us()
            write("small", b"x")
            took.append(all([time.ticks_diff(t, start) >= 3000 for t in beats]))
            write("said.json", repr(took).replace("True", "true"), "w")
            machine.reset()
        """)
        entry = costs.FLASH_METADATA_US
        self.assertEqual(self.said(), [
            2 * entry, entry, 2 * entry + 2 * costs.FLASH_ERASE_US + 20 * costs.FLASH_PROGRAM_US,
            entry + costs.FLASH_ERASE_US + costs.FLASH_PROGRAM_US, entry, 2, True])
        self.assertEqual((self.flash / "left").read_bytes(), b"")
        self.assertEqual((self.flash / "renamed").read_bytes(), b"z" * 5000 + b"a" * 10)
        self.assertEqual((self.flash / "small").read_bytes(), b"x")

    def test_a_power_cut_while_the_flash_erases_leaves_the_file_as_it_was(self):
        (self.flash / "kept").write_bytes(b"old")
        self.clock.at(SECOND, self.link.power_cut)
        self.boot("""
            import machine, time
            time.sleep_us(999_000 - time.ticks_us())
            with open(ROOT + "kept", "wb") as f:
                f.write(b"n" * 1000)
        """)
        self.assertEqual((self.flash / "kept").read_bytes(), b"old")

    def test_random_bytes_are_the_seeds(self):
        def draw(seed):
            self.link.seed = seed
            self.link._boots = 0
            self.boot("""
                import os, machine
                with open(ROOT + "said.json", "w") as f:
                    f.write(repr(list(os.urandom(40))))
                machine.reset()
            """)
            return self.said()
        first = draw(1)
        self.assertEqual((len(first), draw(1)), (40, first))
        self.assertNotEqual(draw(2), first)


class Ends(InVirtualTime):
    def test_resets_have_their_causes_and_the_chip_keeps_its_state(self):
        self.assertEqual(self.boot(HOLD % "reset"), "reset:hard")
        self.assertEqual(self.boot(LOOK), "stopped")
        self.assertEqual(self.said(), [2, 1, list(b"marker")])
        self.process.kill()
        self.assertEqual(self.process.wait(), "power_cut")
        self.boot(LOOK)
        self.assertEqual(self.said(), [1, 0, []])
        self.process.kill()
        self.assertEqual(self.boot(HOLD % "soft_reset"), "reset:soft")
        self.boot(LOOK)
        self.assertEqual(self.said()[0], 5)

    def test_the_watchdog_bites_at_its_time_and_not_one_that_feeds(self):
        self.assertEqual(self.boot("""
            import machine, time
            wdt = machine.WDT(timeout=300)
            for _ in range(10):
                time.sleep_ms(100)
                wdt.feed()
            time.sleep_ms(10_000)
        """), "reset:watchdog")
        fed = [e[3] for e in self.outputs if e[0] == "wdt_feed"]
        self.assertEqual((len(fed), self.clock.now_us - fed[-1]), (10, 300_000))

    def test_a_program_that_hangs_without_asking_for_time_is_bitten_too(self):
        self.link.silence_s = 1
        self.assertEqual(self.boot("""
            import machine
            machine.WDT(timeout=300)
            while True:
                pass
        """), "reset:watchdog")

    def test_a_power_cut_ends_the_process_at_its_microsecond(self):
        self.clock.at(2 * SECOND + 5, self.link.power_cut)
        self.assertEqual(self.boot("""
            import machine, time
            pin = machine.Pin(25, machine.Pin.OUT, value=1)
            while True:
                time.sleep_us(1)
        """), "power_cut")
        self.assertEqual(self.clock.now_us, 2 * SECOND + 5)
        self.assertEqual(self.values("pin", 25), [1, None])

    def test_ctrl_c_ends_it_in_order(self):
        self.start("""
            import machine, time
            pin = machine.Pin(25, machine.Pin.OUT, value=1)
            try:
                while True:
                    time.sleep_ms(10)
            except KeyboardInterrupt:
                pin.value(0)
                raise
        """)
        self.process.wait(SECOND)
        self.process.interrupt()
        self.assertEqual(self.process.wait(), "exit")
        self.assertEqual(self.values("pin", 25), [1, 0])

    def test_a_program_that_fails_stops_with_its_pins_as_they_are(self):
        self.assertEqual(self.boot("import machine\nmachine.Pin(25, machine.Pin.OUT, value=1)\n1 // 0"), "stopped")
        self.assertEqual(self.link.driven[25], 1)

    def test_an_interpreter_that_dies_is_called_a_crash(self):
        self.assertEqual(self.boot("import sys\nclass Odd(BaseException): pass\nraise Odd"), "crash:1")
