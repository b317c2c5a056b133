"""The shims' `machine`, `network`, `esp32` and `neopixel` answer as the ESP32 port does, on both interpreters."""
import errno
import time
import unittest

from host_tests.twin.rig import ON_CPYTHON, Rig, board


class OnChip(unittest.TestCase):
    facts = None

    def setUp(self):
        self.rig = Rig(self.facts)
        self.machine = self.rig.machine
        self.hal = self.rig.hal

    def tearDown(self):
        self.rig.close()

    def raises(self, kind, text, fn):
        with self.assertRaises(kind) as caught:
            fn()
        self.assertIn(text, str(caught.exception))


class Pins(OnChip):
    def test_an_output_reads_back_what_it_drives_and_tells_only_changes(self):
        pin = self.machine.Pin(25, self.machine.Pin.OUT, value=1)
        pin.value(1)
        self.assertEqual(pin.value(), 1)
        pin.off()
        pin(1)
        pin.toggle()
        self.assertEqual(pin(), 0)
        self.assertEqual(self.rig.outputs, [("pin", 25, 1), ("pin", 25, 0), ("pin", 25, 1), ("pin", 25, 0)])

    def test_the_value_is_there_before_the_mode_so_that_no_glitch_leaves(self):
        self.machine.Pin(25, self.machine.Pin.OUT, value=1)
        self.assertEqual(self.rig.outputs, [("pin", 25, 1)])

    def test_naming_a_pin_does_not_touch_it(self):
        self.machine.Pin(25, self.machine.Pin.OUT, value=1)
        again = self.machine.Pin(25)
        self.assertEqual(again.value(), 1)
        self.assertEqual(len(self.rig.outputs), 1)

    def test_writing_an_input_only_sets_the_latch(self):
        pin = self.machine.Pin(25, self.machine.Pin.IN)
        pin.value(1)
        self.assertEqual(self.rig.outputs, [])
        pin.init(self.machine.Pin.OUT)
        self.assertEqual(self.rig.outputs, [("pin", 25, 1)])

    def test_an_output_turned_into_an_input_lets_go(self):
        pin = self.machine.Pin(25, self.machine.Pin.OUT, value=1)
        pin.init(self.machine.Pin.IN)
        self.assertEqual(self.rig.outputs[-1], ("pin", 25, None))

    def test_inputs_follow_the_world_and_float_to_their_pull(self):
        Pin = self.machine.Pin
        pin = Pin(21, Pin.IN)
        self.assertEqual(pin.value(), 0)
        pin.init(Pin.IN, Pin.PULL_UP)
        self.assertEqual(pin.value(), 1)
        self.hal.set_pin(21, 0)
        self.assertEqual(pin.value(), 0)
        self.hal.set_pin(21, None)
        self.assertEqual(pin.value(), 1)

    def test_open_drain_pulls_down_or_lets_go(self):
        Pin = self.machine.Pin
        pin = Pin(21, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        self.assertEqual((pin.value(), self.rig.outputs), (1, []))
        pin.value(0)
        pin.value(1)
        self.assertEqual(self.rig.outputs, [("pin", 21, 0), ("pin", 21, None)])

    def test_what_the_port_refuses_is_refused(self):
        Pin = self.machine.Pin
        self.raises(ValueError, "invalid pin", lambda: Pin(24))
        self.raises(ValueError, "invalid pin", lambda: Pin(64))
        self.raises(ValueError, "invalid pin", lambda: Pin("X9"))
        self.raises(ValueError, "pin can only be input", lambda: Pin(34, Pin.OUT))
        self.raises(TypeError, "extra keyword", lambda: Pin(25, Pin.OUT, level=1))
        self.raises(AttributeError, "high", lambda: Pin(25).high())
        self.raises(TypeError, "hard", lambda: Pin(25).irq(None, Pin.IRQ_RISING, hard=True))
        self.raises(AttributeError, "Servo", lambda: self.machine.Servo)

    def test_edges_are_scheduled_to_the_handler_that_asked_for_them(self):
        Pin = self.machine.Pin
        seen = []
        pin = Pin(21, Pin.IN)
        pin.irq(lambda p: seen.append(p.value()), trigger=Pin.IRQ_FALLING)
        for level in (1, 0, 0, 1, 0):
            self.hal.set_pin(21, level)
            self.rig.pass_ms(2)
        self.assertEqual(seen, [0, 0])
        pin.irq(None)
        self.hal.set_pin(21, 1)
        self.hal.set_pin(21, 0)
        self.rig.pass_ms(2)
        self.assertEqual(len(seen), 2)


class Pwm(OnChip):
    def pwm(self, **kw):
        return self.machine.PWM(self.machine.Pin(33), **kw)

    def test_without_a_duty_it_starts_at_half(self):
        self.pwm(freq=1000)
        self.assertEqual(self.rig.outputs, [("pwm", 33, (1000, 500_000))])

    def test_duty_ns_in_the_constructor_finds_it_inactive(self):
        self.raises(RuntimeError, "PWM is inactive", lambda: self.pwm(freq=1000, duty_ns=100_000))
        self.assertEqual(self.rig.outputs, [])

    def test_full_duty_is_steady_high_and_no_duty_steady_low(self):
        pwm = self.pwm(freq=1000, duty_u16=65535)
        self.assertEqual(pwm.duty_u16(), 65535)
        pwm.duty_u16(0)
        self.assertEqual(self.rig.outputs, [("pwm", 33, (1000, 1_000_000)), ("pwm", 33, (1000, 0))])

    def test_one_step_below_full_still_has_its_pulse(self):
        self.pwm(freq=1000, duty_u16=65534)
        self.assertLess(self.rig.outputs[-1][2][1], 1_000_000)

    def test_duty_has_sixteen_bits_at_one_kilohertz(self):
        pwm = self.pwm(freq=1000, duty_u16=65535)
        pwm.duty_ns(266_700)
        self.assertLess(abs(self.rig.outputs[-1][2][1] - 266_700), 16)
        self.assertLess(abs(pwm.duty_ns() - 266_700), 16)

    def test_inverted_the_pin_is_high_for_the_rest(self):
        self.pwm(freq=1000, duty_u16=65536 // 4, invert=1)
        self.assertEqual(self.rig.outputs, [("pwm", 33, (1000, 750_000))])

    def test_after_deinit_it_is_inactive_and_the_pin_is_let_go(self):
        pwm = self.pwm(freq=1000)
        pwm.deinit()
        self.assertEqual(self.rig.outputs[-1], ("pwm", 33, None))
        self.raises(RuntimeError, "PWM is inactive", lambda: pwm.duty_u16(0))

    def test_making_the_pin_an_output_takes_it_from_the_channel(self):
        self.pwm(freq=1000)
        self.machine.Pin(33, self.machine.Pin.OUT, value=1)
        self.assertEqual(self.rig.outputs[-1], ("pin", 33, 1))

    def test_limits(self):
        self.raises(ValueError, "frequency must be", lambda: self.pwm(freq=0))
        pwm = self.pwm(freq=1000)
        self.raises(ValueError, "duty_u16", lambda: pwm.duty_u16(65536))
        self.raises(ValueError, "duty_ns", lambda: pwm.duty_ns(1_000_001))
        self.raises(TypeError, "extra keyword", lambda: self.pwm(frequency=1000))
        self.raises(ValueError, "only one", lambda: self.pwm(duty=1, duty_u16=1))


class PwmOfS3(OnChip):
    facts = board(chip="esp32s3")

    def test_duty_has_thirteen_bits(self):
        self.machine.PWM(self.machine.Pin(33), freq=1000, duty_u16=7)
        self.assertEqual(self.rig.outputs, [("pwm", 33, (1000, 0))])


class Adc(OnChip):
    def test_a_reading_is_the_voltage_in_whole_millivolts(self):
        adc = self.machine.ADC(self.machine.Pin(34), atten=self.machine.ADC.ATTN_11DB)
        self.hal.set_adc(34, 1_234_567)
        self.assertEqual(adc.read_uv(), 1_234_000)
        self.assertEqual(adc.read_u16(), 1_234_000 * 65535 // 3_300_000)

    def test_less_than_100_mv_reads_nothing_and_more_than_the_range_saturates(self):
        adc = self.machine.ADC(self.machine.Pin(34), atten=self.machine.ADC.ATTN_0DB)
        self.hal.set_adc(34, 99_999)
        self.assertEqual(adc.read_uv(), 0)
        self.hal.set_adc(34, 2_000_000)
        self.assertEqual(adc.read_uv(), 950_000)
        adc.atten(self.machine.ADC.ATTN_11DB)
        self.assertEqual(adc.read_uv(), 2_000_000)

    def test_only_pins_with_a_converter(self):
        self.raises(ValueError, "invalid pin", lambda: self.machine.ADC(self.machine.Pin(5)))
        self.raises(ValueError, "invalid atten", lambda: self.machine.ADC(self.machine.Pin(34), atten=7))

    def test_the_second_converter_is_the_radios_while_it_is_on(self):
        adc = self.machine.ADC(self.machine.Pin(4))
        adc.read_uv()
        wlan = self.rig.network.WLAN(self.rig.network.STA_IF)
        wlan.active(True)
        with self.assertRaises(OSError):
            adc.read_uv()
        wlan.active(False)
        adc.read_uv()


class PilotSampling(OnChip):
    """The pilot's ADC sees the high level in the first part of each period and the low one in the rest."""

    def setUp(self):
        OnChip.setUp(self)
        self.hal.set_pilot(9000, -12000)
        self.high = (9000 * 84780 // 1000 + 1271700) // 1000 * 1000
        self.low = (-12000 * 84780 // 1000 + 1271700) // 1000 * 1000
        self.adc = self.machine.ADC(self.machine.Pin(36), atten=self.machine.ADC.ATTN_11DB)

    def comb(self, reads=200, stride_us=101):
        seen = []
        due = time.ticks_us()
        for _ in range(reads):
            seen.append(self.adc.read_uv())
            due = time.ticks_add(due, stride_us)
            wait = time.ticks_diff(due, time.ticks_us())
            if wait > 0:
                time.sleep_us(wait)
        return seen

    def test_an_undriven_generator_idles_high(self):
        self.assertEqual(set(self.comb(20)), {self.high})

    def test_steady_levels_have_one_plateau(self):
        pwm = self.machine.PWM(self.machine.Pin(33), freq=1000, duty_u16=65535)
        self.assertEqual(set(self.comb(40)), {self.high})
        pwm.duty_u16(0)
        self.assertEqual(set(self.comb(40)), {self.low})
        self.machine.Pin(33, self.machine.Pin.OUT, value=1)
        self.assertEqual(set(self.comb(40)), {self.high})

    def test_the_share_of_high_readings_is_the_duty(self):
        pwm = self.machine.PWM(self.machine.Pin(33), freq=1000, duty_u16=65535)
        for permille in (100, 500, 900):
            pwm.duty_ns(permille * 1000)
            seen = self.comb(400)
            self.assertEqual(set(seen), {self.high, self.low})
            if ON_CPYTHON:          # the VM's reads come at the host's pleasure: a share of them says nothing there
                self.assertLess(abs(seen.count(self.high) * 1000 // len(seen) - permille), 15)

    def test_the_rails_bound_the_reading(self):
        self.hal.set_pilot(60_000, -60_000)
        self.assertEqual(set(self.comb(5)), {3_300_000})
        self.machine.Pin(33, self.machine.Pin.OUT, value=0)
        self.assertEqual(set(self.comb(5)), {0})


class InvertedPilot(OnChip):
    facts = board(cp={"a_ppm": 84780, "b_uv": 1271700, "pwm_invert": True})

    def test_the_generator_is_high_while_the_pin_is_low(self):
        self.hal.set_pilot(12_000, -12_000)
        adc = self.machine.ADC(self.machine.Pin(36))
        pin = self.machine.Pin(33, self.machine.Pin.OUT, value=0)
        self.assertGreater(adc.read_uv(), 2_000_000)
        pin.value(1)
        self.assertLess(adc.read_uv(), 300_000)


class Uarts(OnChip):
    def uart(self, **kw):
        return self.machine.UART(1, baudrate=9600, tx=14, rx=5, **kw)

    def test_nothing_there_reads_none(self):
        uart = self.uart()
        buf = bytearray(4)
        self.assertEqual((uart.read(), uart.read(3), uart.readinto(buf), uart.any()), (None, None, None, 0))

    def test_bytes_come_in_order_and_in_the_asked_portions(self):
        uart = self.uart()
        self.hal.uart_rx(1, b"abc")
        self.hal.uart_rx(1, b"defg")
        buf = bytearray(3)
        self.assertEqual((uart.any(), uart.read(2), uart.readinto(buf), bytes(buf), uart.read()), (7, b"ab", 3, b"cde", b"fg"))

    def test_what_the_buffer_cannot_hold_is_lost(self):
        uart = self.uart(rxbuf=256)
        self.hal.uart_rx(1, b"x" * 250)
        self.hal.uart_rx(1, b"y" * 20)
        self.assertEqual(uart.read(), b"x" * 250 + b"y" * 6)

    def test_what_comes_before_the_driver_is_lost(self):
        self.hal.uart_rx(1, b"early")
        self.assertIsNone(self.uart().read())

    def test_a_write_goes_out_whole_and_is_done_after_its_time_on_the_wire(self):
        uart = self.uart()
        self.assertEqual(uart.write(b"\x01\x03\x00"), 3)
        self.assertEqual(self.rig.outputs, [("uart", 1, b"\x01\x03\x00")])
        self.assertFalse(uart.txdone())
        uart.flush()
        self.assertTrue(uart.txdone())

    def test_wrong_arguments_are_refused(self):
        UART = self.machine.UART
        self.raises(ValueError, "does not exist", lambda: UART(3))
        self.raises(ValueError, "invalid data bits", lambda: UART(1, 9600, 9))
        self.raises(ValueError, "invalid stop bits", lambda: UART(1, 9600, stop=3))
        self.raises(TypeError, "extra keyword", lambda: UART(1, rs485=True))
        self.raises(ValueError, "flow", lambda: UART(1, flow=4))
        uart = self.uart()
        uart.deinit()
        with self.assertRaises(OSError):
            uart.read()


class Buses(OnChip):
    def test_nobody_at_an_address_is_enodev(self):
        i2c = self.machine.I2C(0, scl=self.machine.Pin(22), sda=self.machine.Pin(21))
        with self.assertRaises(OSError) as caught:
            i2c.readfrom(0x24, 1)
        self.assertEqual(caught.exception.args[0], errno.ENODEV)
        self.assertEqual(i2c.scan(), [])

    def test_a_device_on_i2c_is_written_and_read(self):
        class Memory:
            at = 0

            def write(self, data):
                self.at = data[0]

            def read(self, n):
                return bytes([self.at + i for i in range(n)])
        self.hal.attach_i2c(0, 0x24, Memory())
        i2c = self.machine.I2C(0, scl=self.machine.Pin(22), sda=self.machine.Pin(21))
        self.assertEqual((i2c.scan(), i2c.readfrom_mem(0x24, 7, 3)), ([0x24], b"\x07\x08\x09"))

    def test_an_unselected_spi_bus_reads_ones(self):
        class Echo:
            def transfer(self, data):
                return bytes([b ^ 0xFF for b in data])
        self.hal.attach_spi(1, 27, Echo())
        cs = self.machine.Pin(27, self.machine.Pin.OUT, value=1)
        spi = self.machine.SPI(1, baudrate=1_000_000)
        self.assertEqual(spi.read(2), b"\xff\xff")
        cs.value(0)
        answer = bytearray(2)
        spi.write_readinto(b"\x01\x02", answer)
        self.assertEqual(bytes(answer), b"\xfe\xfd")


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


class OneWire(unittest.TestCase):
    def setUp(self):
        self.rig = Rig()
        self.addCleanup(self.rig.close)
        import _onewire
        self.onewire = _onewire
        self.rig.hal.set_onewire(27, [("28a10c0000000054", 320, True)])

    def pin(self):
        return self.rig.machine.Pin(27, self.rig.machine.Pin.OPEN_DRAIN, self.rig.machine.Pin.PULL_UP)

    def test_only_an_open_drain_is_a_bus(self):
        for pin in (27, self.rig.machine.Pin(27, self.rig.machine.Pin.OUT)):
            self.assertRaises(ValueError, self.onewire.reset, pin)

    def test_sensor_answers_the_reset_and_says_who_it_is(self):
        pin = self.pin()
        self.assertTrue(self.onewire.reset(pin))
        self.onewire.writebyte(pin, 0xF0)
        pairs = [(self.onewire.readbit(pin), self.onewire.readbit(pin), self.onewire.writebit(pin, bit)) for bit in (0, 0, 0, 1)]
        self.assertEqual([pair[:2] for pair in pairs], [(0, 1), (0, 1), (0, 1), (1, 0)])       # 0x28, lowest bit first

    def test_scratchpad_holds_85_degrees_until_the_first_conversion_and_ends_with_its_crc(self):
        pin = self.pin()
        self.onewire.reset(pin)
        self.onewire.writebyte(pin, 0xCC)
        self.onewire.writebyte(pin, 0xBE)
        data = bytes([self.onewire.readbyte(pin) for _ in range(9)])
        self.assertEqual((data[0] | data[1] << 8, data[4], self.onewire.crc8(data)), (85 * 16, 0x7F, 0))

    def test_bus_without_a_sensor_is_silent(self):
        self.rig.hal.set_onewire(27, [("28a10c0000000054", 320, False)])
        pin = self.pin()
        self.assertFalse(self.onewire.reset(pin))
        self.assertEqual(self.onewire.readbyte(pin), 0xFF)
