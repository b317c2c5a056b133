# cpython only: the world's end of the link, with the firmware's end in a MicroPython process
"""Firmware on MicroPython in its own process: both directions of the link, time, and everything that ends a boot."""
import socket
import sys
from unittest import mock

from host_tests.twin.on_vm import HOLD, LOOK, SECOND, OnVm
from tools.twin.vm_link import VmLink, VmProcess


class InRealTime(OnVm):
    Link, Process = VmLink, VmProcess
    speed = 1
    limit_s = 60                # real seconds, for a machine that does much else

    def run_until(self, done, limit_s=60):
        limit = self.clock.now_us + limit_s * SECOND
        self.clock.run_until(done, limit)
        self.assertTrue(done(), "nothing came in %d s: %r" % (limit_s, self.outputs[-5:]))


class Outputs(InRealTime):
    def test_every_output_arrives_in_order_with_its_value(self):
        self.assertEqual(self.boot("""
            import machine, neopixel
            machine.Pin(25, machine.Pin.OUT, value=1)
            pwm = machine.PWM(machine.Pin(33), freq=1000, duty_u16=65535)
            pwm.duty_u16(16384)
            pwm.deinit()
            uart = machine.UART(1, 9600, tx=14, rx=5)
            uart.write(b"\\x01\\x03\\xff")
            uart.write(b"")
            strip = neopixel.NeoPixel(machine.Pin(15), 1)
            strip[0] = (1, 2, 3)
            strip.write()
            machine.Pin(25, machine.Pin.IN)
            machine.reset()
        """), "reset:hard")
        self.assertEqual([e[:3] for e in self.outputs], [
            ("pin", 25, 1), ("pwm", 33, (1000, 1_000_000)), ("pwm", 33, (1000, 250_000)), ("pwm", 33, None),
            ("uart", 1, b"\x01\x03\xff"), ("uart", 1, b""), ("pin", 15, 0), ("neopixel", 15, b"\x02\x01\x03"),
            ("pin", 25, None), ("reset", 0, "hard")])
        stamps = [e[3] for e in self.outputs]
        self.assertEqual(stamps, sorted(stamps))

    def test_stamps_are_the_worlds_time_and_both_clocks_agree(self):
        self.start("""
            import machine, time
            machine.Timer(0, period=10, callback=lambda t: None)
            pin = machine.Pin(25, machine.Pin.OUT, value=0)
            while True:
                time.sleep_ms(100)
                pin.toggle()
        """)
        lags = []

        def took(signal, key, value, t_us):
            lags.append(self.clock.paced_now_us() - t_us)      # the world itself may be behind
        self.link.on_output = took
        drifts = []

        def measure():
            drifts.append(abs(self.link.clock_drift_us))
            self.link.measure_clock()
            self.clock.after(SECOND // 10, measure)
        self.link.measure_clock()
        self.clock.after(SECOND // 10, measure)
        # How long something is on its way is the machine's own affair: it makes stamps look older and answers later, never less.
        self.run_until(lambda: len(lags) >= 12 and min(lags) < 5_000 and min(drifts) < 20_000)
        self.assertGreaterEqual(min(lags), -2 * self.link.clock_error_us)
        self.assertLess(self.link.clock_error_us, 50_000)

    def test_a_short_wait_is_spent_awake_and_a_long_one_asleep(self):
        self.assertEqual(self.boot("""
            import machine, time
            from time import sleep_us, ticks_us, ticks_diff
            def slept():
                with open("/proc/thread-self/status") as f:
                    for line in f:
                        if line.startswith("voluntary_ctxt"):
                            return int(line.split()[1])
            def counted(us, times):
                before = slept()
                began = ticks_us()
                for _ in range(times):
                    sleep_us(us)
                took_us = ticks_diff(ticks_us(), began)
                return slept() - before, took_us
            try:
                said = [counted(100, 100), counted(1000, 20), counted(0, 1)]
            except OSError:         # no Linux
                said = None
            with open(ROOT + "said.json", "w") as f:
                import json
                json.dump(said, f)
            machine.reset()
        """), "reset:hard")
        said = self.said()
        if said is None:
            self.skipTest("this system does not count how often a process sleeps")
        (short, short_us), (long, long_us), _ = said
        self.assertLess(short, 20)
        self.assertGreaterEqual(short_us, 100 * 100)
        self.assertGreaterEqual(long, 20)
        self.assertGreaterEqual(long_us, 20 * 1000)

    def test_the_shims_tell_what_heap_they_take(self):
        self.boot("import machine; machine.reset()")
        self.assertGreater(self.link.heap_used_by_shims, 5_000)
        self.assertLess(self.link.heap_used_by_shims, 70_000)


class Inputs(InRealTime):
    def test_a_pilot_change_is_answered_within_three_ticks(self):
        self.link.set_pilot(9000, -12_000)
        self.start("""
            import asyncio, machine
            adc = machine.ADC(machine.Pin(36))
            coil = machine.Pin(25, machine.Pin.OUT, value=0)
            tick = machine.Pin(26, machine.Pin.OUT, value=0)
            flag = asyncio.ThreadSafeFlag()
            machine.Timer(0, period=10, callback=lambda t: flag.set())
            async def main():
                while True:
                    await flag.wait()
                    tick.toggle()
                    coil.value(1 if adc.read_uv() < 2_000_000 else 0)
            asyncio.run(main())
        """)
        self.run_until(lambda: self.values("pin", 26)[-3:] == [1, 0, 1])       # it ticks
        delays = []         # in ticks: a machine that does much else makes them rarer, and all that happens between them
        for n in range(8):
            level, answer = (6000, 1) if n % 2 == 0 else (9000, 0)
            self.link.set_pilot(level, -12_000)
            asked_us = self.clock.paced_now_us()
            self.run_until(lambda answer=answer: self.values("pin", 25)[-1] == answer)
            answered_us = [e[3] for e in self.outputs if e[:2] == ("pin", 25)][-1]
            delays.append(len([e for e in self.outputs if e[:2] == ("pin", 26) and asked_us < e[3] <= answered_us]))
        self.assertLessEqual(sorted(delays)[len(delays) // 2], 3)

    def test_pins_adc_and_uart_reach_a_sleeping_firmware_and_its_interrupts(self):
        self.start("""
            import machine, time
            seen = []
            button = machine.Pin(21, machine.Pin.IN)
            button.irq(lambda p: seen.append(p.value()), machine.Pin.IRQ_RISING)
            uart = machine.UART(1, 9600, tx=14, rx=5)
            adc = machine.ADC(machine.Pin(34))
            machine.Timer(0, period=10, callback=lambda t: None)
            machine.Pin(25, machine.Pin.OUT, value=1)
            while not seen or uart.any() < 4 or adc.read_uv() == 0:
                time.sleep_ms(20)
            with open(ROOT + "said.json", "w") as f:
                f.write("[%r, %r, %r]" % (seen, list(uart.read()), adc.read_uv()))
            machine.reset()
        """)
        self.run_until(lambda: self.outputs)
        self.link.set_pin(21, 1)
        self.link.set_adc(34, 1_500_000)
        self.link.uart_rx(1, b"\x01\x02")
        self.link.uart_rx(1, b"\xfe\xff")
        self.assertEqual(self.process.wait(self.clock.now_us + 10 * SECOND), "reset:hard")
        self.assertEqual(self.said(), [[1], [1, 2, 254, 255], 1_500_000])

    def test_a_firmware_that_hogs_its_interpreter_is_still_interrupted_by_its_timer(self):
        self.assertEqual(self.boot("""
            import machine
            beats = []
            def beat(t):
                beats.append(1)
                if len(beats) == 20:
                    machine.Pin(25, machine.Pin.OUT, value=0)
            machine.Timer(0, period=10, callback=beat)
            while len(beats) < 20:
                pass
            machine.reset()
        """), "reset:hard")
        self.assertEqual(self.values("pin", 25), [0])


class Ends(InRealTime):
    def test_resets_have_their_causes_and_the_chip_keeps_its_state(self):
        self.assertEqual(self.boot(HOLD % "reset"), "reset:hard")
        self.assertEqual(self.link.pwm[33][0], 1000)
        self.assertEqual(self.boot(LOOK), "stopped")
        self.assertEqual(self.said(), [2, 1, list(b"marker")])
        self.process.kill()
        self.assertEqual(self.process.wait(), "power_cut")
        self.assertEqual(self.values("pin", 25)[-1], None)
        self.boot(LOOK)
        self.assertEqual(self.said(), [1, 0, []])
        self.process.kill()
        self.assertEqual(self.boot(HOLD % "soft_reset"), "reset:soft")
        self.assertIn(33, self.link.pwm)
        self.boot(LOOK)
        self.assertEqual(self.said()[0], 5)
        self.assertNotIn(33, self.link.pwm)

    def test_the_watchdog_bites_a_process_that_hangs_and_not_one_that_feeds(self):
        self.assertEqual(self.boot("""
            import machine, time
            wdt = machine.WDT(timeout=1500)
            machine.Pin(25, machine.Pin.OUT, value=1)
            for _ in range(20):
                time.sleep_ms(100)
                wdt.feed()
            machine.Pin(26, machine.Pin.OUT, value=1)
            while True:
                pass
        """), "reset:watchdog")
        self.assertEqual((self.values("pin", 26), self.link.driven[25], self.link.next_cause), ([1], 1, "watchdog"))

    def test_a_power_cut_ends_the_process_at_once(self):
        self.start("import machine\nmachine.Pin(25, machine.Pin.OUT, value=1)\nwhile True: pass")
        self.run_until(lambda: self.outputs)
        self.link.power_cut()
        self.assertFalse(self.process.running())
        self.assertEqual(self.process.wait(), "power_cut")
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
        self.run_until(lambda: self.outputs)
        self.process.interrupt(30)
        self.assertEqual(self.process.wait(), "exit")
        self.assertEqual(self.values("pin", 25), [1, 0])

    def test_a_program_that_fails_leaves_its_pins_as_they_are(self):
        self.assertEqual(self.boot("import machine\nmachine.Pin(25, machine.Pin.OUT, value=1)\n1 // 0"), "stopped")
        self.assertEqual(self.link.driven[25], 1)

    def test_a_process_that_ends_before_it_connects_is_told_at_once(self):
        self.process._command = [sys.executable, "-c", "raise SystemExit(3)"]
        with mock.patch("tools.twin.vm_link.HELLO_TIMEOUT_S", 3600), self.assertRaisesRegex(ConnectionError, "ended with status 3"):
            self.process.start()

    def test_clock_that_is_measured_again_before_all_answers_came_has_another_number(self):
        self.link.measure_clock()
        self.link.measure_clock()
        self.link._take("T 0 5")
        self.link.measure_clock()               # once it took the number of the one that was still out
        self.assertEqual(sorted(self.link._pings), [1, 2])

    def test_a_stranger_at_the_link_is_refused(self):
        here, there = socket.socketpair()
        there.sendall(b"GET / HTTP/1.1\n")
        with self.assertRaises(ConnectionError):
            self.link.attach(_Tcp(here))
        here.close()
        there.close()


class _Tcp:
    """A local socket pair where attach() sets TCP's options."""

    def __init__(self, sock):
        self._sock = sock

    def setsockopt(self, *_):
        """There is no delay to switch off."""

    def __getattr__(self, name):
        return getattr(self._sock, name)
