"""Clocks, resets and timers of the shims' `machine`, their `network`, `esp32` and `neopixel` answer as the ESP32 port does, on both
interpreters."""
from host_tests.twin.on_chip import OnChip


class ClocksAndResets(OnChip):
    def test_the_calendar_starts_in_2000_and_takes_what_it_is_given(self):
        rtc = self.machine.RTC()
        self.assertEqual(rtc.datetime()[0], 2000)
        for date in ((2026, 11, 20, 4), (2028, 2, 29, 1), (2100, 3, 1, 0)):
            rtc.datetime(date + (23, 59, 58, 0))
            self.assertEqual(rtc.datetime()[:6], date + (23, 59))
            self.assertIn(rtc.datetime()[6], (58, 59))

    def test_rtc_memory_holds_2048_bytes(self):
        rtc = self.machine.RTC()
        self.assertEqual(rtc.memory(), b"")
        rtc.memory(bytes(range(256)) * 8)
        self.assertEqual(rtc.memory(), bytes(range(256)) * 8)
        self.raises(ValueError, "buffer too long", lambda: rtc.memory(bytes(2049)))

    def test_the_watchdog_has_one_number_and_tells_the_world(self):
        self.raises(ValueError, "does not exist", lambda: self.machine.WDT(1))
        self.raises(ValueError, "too short", lambda: self.machine.WDT(timeout=0))
        self.machine.WDT(timeout=5000)
        self.assertEqual(self.rig.outputs, [("wdt", 0, 5000)])

    def test_a_reset_ends_everything_and_nothing_ordinary_catches_it(self):
        caught, ended = [], False
        try:
            try:
                self.machine.reset()
            except Exception as exc:
                caught.append(exc)
        except BaseException:
            ended = True
        self.assertEqual((caught, ended), ([], True))
        self.assertEqual(self.rig.outputs, [("reset", 0, "hard")])

    def test_reset_causes_have_the_ports_numbers(self):
        m = self.machine
        self.assertEqual((m.PWRON_RESET, m.HARD_RESET, m.WDT_RESET, m.DEEPSLEEP_RESET, m.SOFT_RESET), (1, 2, 3, 4, 5))
        self.assertEqual(m.reset_cause(), m.PWRON_RESET)

    def test_frequencies_are_the_chips(self):
        self.machine.freq(240_000_000)
        self.assertEqual(self.machine.freq(), 240_000_000)
        self.raises(ValueError, "frequency", lambda: self.machine.freq(100))


class Timers(OnChip):
    def test_hard_timers_are_not_implemented(self):
        self.raises(ValueError, "hard Timers are not implemented",
                    lambda: self.machine.Timer(0, period=10, callback=print, hard=True))
        self.raises(ValueError, "invalid Timer number", lambda: self.machine.Timer(4))

    def test_a_periodic_timer_beats_until_it_is_stopped(self):
        beats = []
        timer = self.machine.Timer(0, period=10, mode=self.machine.Timer.PERIODIC, callback=lambda t: beats.append(t))
        self.rig.pass_ms(205)
        timer.deinit()
        count = len(beats)
        self.assertGreaterEqual(count, 18)
        self.assertLessEqual(count, 20)
        self.assertIs(beats[0], timer)
        self.rig.pass_ms(50)
        self.assertEqual(len(beats), count)

    def test_a_one_shot_beats_once(self):
        beats = []
        self.machine.Timer(1, period=10, mode=self.machine.Timer.ONE_SHOT, callback=lambda t: beats.append(1))
        self.rig.pass_ms(60)
        self.assertEqual(beats, [1])

    def test_a_timer_set_again_forgets_its_first_setting(self):
        beats = []
        timer = self.machine.Timer(0, period=10, callback=lambda t: beats.append("old"))
        timer.init(period=20, callback=lambda t: beats.append("new"))
        self.rig.pass_ms(65)
        timer.deinit()
        self.assertEqual(set(beats), {"new"})


class Others(OnChip):
    def test_neopixel_sends_green_first(self):
        strip = self.rig.neopixel.NeoPixel(self.machine.Pin(15), 2)
        strip[0] = (1, 2, 3)
        strip[1] = (255, 0, 0)
        strip.write()
        self.assertEqual(self.rig.outputs[-1], ("neopixel", 15, b"\x02\x01\x03\x00\xff\x00"))
        self.assertEqual(strip[0], (1, 2, 3))
        with self.assertRaises(IndexError):
            strip[2] = (0, 0, 0)

    def test_nvs_keeps_only_what_was_committed(self):
        nvs = self.rig.esp32.NVS("mode3")
        nvs.set_i32("slot", -5)
        nvs.set_blob("b", b"xyz")
        with self.assertRaises(OSError):
            self.rig.esp32.NVS("mode3").get_i32("slot")
        nvs.commit()
        again = self.rig.esp32.NVS("mode3")
        buf = bytearray(8)
        self.assertEqual((again.get_i32("slot"), again.get_blob("b", buf), bytes(buf[:3])), (-5, 3, b"xyz"))
        with self.assertRaises(OSError) as caught:
            again.get_i32("none")
        self.assertEqual(caught.exception.args[0], -4354)
        with self.assertRaises(OSError):
            nvs.set_i32("a_key_of_16_char", 1)

    def test_a_station_connects_in_about_a_second_when_its_network_is_there(self):
        network = self.rig.network
        self.hal.networks = {"home": ("secret", -60)}
        wlan = network.WLAN(network.STA_IF)
        self.raises(OSError, "Not Started", lambda: wlan.connect("home", "secret"))
        wlan.active(True)
        wlan.config(reconnects=1)
        wlan.connect("home", "secret")
        self.assertEqual((wlan.status(), wlan.isconnected()), (network.STAT_CONNECTING, False))
        self.rig.pass_ms(1100)
        self.assertEqual((wlan.status(), wlan.isconnected(), wlan.status("rssi")), (network.STAT_GOT_IP, True, -60))
        self.assertEqual(wlan.ifconfig()[0], "127.0.0.1")
        self.hal.networks = {}
        self.assertEqual((wlan.status(), wlan.isconnected()), (network.STAT_BEACON_TIMEOUT, False))

    def test_a_wrong_password_and_a_missing_network_are_told_apart(self):
        network = self.rig.network
        self.hal.networks = {"home": ("secret", -60)}
        wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
        wlan.config(reconnects=1)
        for ssid, status in (("home", network.STAT_WRONG_PASSWORD), ("away", network.STAT_NO_AP_FOUND)):
            wlan.connect(ssid, "wrong")
            self.rig.pass_ms(1100)
            self.assertEqual(wlan.status(), status)

    def test_network_refuses_what_the_port_refuses(self):
        network = self.rig.network
        self.raises(ValueError, "unknown config param", lambda: network.WLAN(0).config(color=1))
        self.raises(ValueError, "interface", lambda: network.WLAN(2))
        self.raises(ValueError, "too long", lambda: network.hostname("x" * 33))
        self.assertEqual(network.hostname(), "mpy-esp32")
