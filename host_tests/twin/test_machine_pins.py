"""Pins, pulse widths and converters of the shims answer as the ESP32 port does, on both interpreters."""
import time

from host_tests.twin.on_chip import OnChip
from host_tests.twin.rig import ON_CPYTHON, board


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
