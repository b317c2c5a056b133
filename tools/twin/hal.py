"""What lies between the firmware's device calls and the world: levels of pins, pilot phase, buffers, memories that outlive a boot.

Runs on CPython (in the twin's process) and on MicroPython (in the firmware's process, a link carries what passes). It knows
electrics of the chip only; what is connected to a pin is the world's matter.
"""
try:
    from tools.twin.pilot_line import PilotLine, rails
except ImportError:
    from pilot_line import PilotLine, rails  # alone on the path in the firmware's process

HISTORY = 64  # pin changes kept per pin
EPOCH_2000_S = 946_684_800


class Hal(PilotLine):
    """The chip's state as it is beyond one boot, and the two directions of traffic.

    `clock` needs `now_us`; `on_output(signal, key, value, t_us)` gets everything the firmware does to its pins and buses.
    """

    def __init__(self, board, clock, on_output=None):
        self.board = board
        self.clock = clock
        self.on_output = on_output
        self.history_length = HISTORY
        self.chip = board.get("chip", "twin")
        self.watched = frozenset()  # pins whose changes are counted in `moves`, as those of the pilot are
        self.moves = 0
        self.disturbed = 0  # so many have replaced something that the firmware calls and not put it back yet (disturb)
        self.disturbances = 0  # all of them so far
        self.adc_uv = {}
        self.level_in = {}
        self.nvs = {}
        self.networks = {}  # access points in reach: name -> (key or None, RSSI in dBm, "" or "hidden", "silent": without DHCP)
        self.hotspot_clients = 0
        self.hotspot = None  # [name, key] of the charger's own access point while it is open
        self.wire = "down"  # what the Ethernet socket sees: "down", "silent" (no DHCP), "up"
        self.i2c_devices = {}
        self.spi_devices = []
        self.onewire = {}  # gpio -> [rows of its sensors, shorted], as the world last said
        self.onewire_buses = {}  # gpio -> model of the bus, made by the shim when it is first looked at
        self.rtc_memory = b""
        self.mcu_temperature_c = 45
        self.flash_full = False  # writes find no room
        self.flash_trouble = None  # called (path, for writing) before a file is opened: raises what a worn flash raises
        self.random = None  # a random.Random that stands in for the chip's noise, where runs shall be alike
        self.rtc_offset_us = 0  # Unix time of the chip's clock minus now_us
        self.reset_cause = "power"
        self.watchdog = None  # the running task watchdog, if any; it outlives a soft reset
        self.on_halt = None  # called (cause) when the supply goes ("power") or a reset comes from outside
        self.next_cause = "power"
        self.irq_sink = None  # called (gpio, level) on a change at a pin; the boot's pin interrupts hang here
        self.uart_sink = None  # called (id) after bytes have arrived
        self.begin_pilot(board)
        self._hi_z()
        self.set_pilot(0, 0)
        self._set_2000()
        if board.get("has", {}).get("rtc_battery") and hasattr(clock, "utc_s"):
            self.rtc_set(clock.utc_s())  # it has been ticking on its cell all the time

    def _hi_z(self):
        self.moves += 1
        self.mode = {}  # gpio -> mode bits
        self.pull = {}
        self.latch = {}  # what an output drives or would drive
        self.driven = {}  # what is at the pin because of us: 0, 1
        self.pwm = {}  # gpio -> [freq_hz, resolution_bits, duty (0..2**bits), invert, t0_us]
        self.uart_rx_buffer = {}
        self.uart_rx_limit = {}
        self.uart_frame = {}
        self.history = {}

    def disturb(self):
        """To be called by whoever replaces a device call or a function of the firmware: until what this returns is called, every
        control tick is reckoned and every burst read, and none of them is remembered."""
        self.disturbed += 1
        self.disturbances += 1
        left = [1]

        def over():
            self.disturbed -= left[0]
            left[0] = 0
        return over

    def _set_2000(self):
        self.rtc_offset_us = EPOCH_2000_S * 1_000_000 - self.clock.now_us

    # -- boots -----------------------------------------------------------------------------------------------------------
    def begin_boot(self, cause):
        """What a reset of this cause ("power", "hard", "watchdog", "soft") leaves standing when the firmware starts."""
        self.reset_cause = cause
        self.irq_sink = None
        self.uart_sink = None
        self.uart_rx_buffer = {}
        self.uart_rx_limit = {}
        if cause == "power":
            self.onewire_buses = {}
            self.go_dark()
            self.rtc_memory = b""
            if not self.board.get("has", {}).get("rtc_battery"):
                self._set_2000()
        elif cause == "soft":
            for gpio in sorted(self.pwm):
                self.pwm_stop(gpio)
        if cause != "soft":
            self._stop_watchdog()

    def power_cut(self):
        """The supply fails: pins let go at once, every later device call of the firmware raises PowerCut."""
        self.next_cause = "power"
        self.go_dark()
        if self.on_halt is not None:
            self.on_halt("power")

    def reset(self, cause):
        """A reset ("hard", "watchdog", "soft") stops the firmware; pins keep what they have until the next boot writes them."""
        self.next_cause = cause
        self.out("reset", 0, cause)
        if self.on_halt is not None:
            self.on_halt(cause)

    def _stop_watchdog(self):
        if self.watchdog is not None:
            self.watchdog.stop()
            self.watchdog = None

    def go_dark(self):
        """No supply: no pin drives anything any more."""
        gone = sorted(self.driven)
        waves = sorted(self.pwm)
        self._hi_z()
        self._stop_watchdog()
        for gpio in waves:
            self.out("pwm", gpio, None)
        for gpio in gone:
            self.out("pin", gpio, None)
        self._pilot_changed()

    # -- firmware to world -----------------------------------------------------------------------------------------------
    def out(self, signal, key, value):
        """Hands an output to the world, stamped with the clock's time."""
        if self.on_output is not None:
            self.on_output(signal, key, value, self.clock.now_us)

    def drive(self, gpio, level):
        """A GPIO output puts 0 or 1 on its pin; None lets go. Tells the world only what changes."""
        wave = self.pwm.pop(gpio, None)
        if wave is None and self.driven.get(gpio) == level:
            return
        if level is None:
            self.driven.pop(gpio, None)
        else:
            self.driven[gpio] = level
        if gpio in self.watched:
            self.moves += 1
        self.note(gpio, level)
        self.out("pin", gpio, level)
        if gpio == self._cp_pwm_gpio:
            self._pilot_changed()

    def note(self, gpio, value):
        """Adds to the pin's history, which keeps the last HISTORY changes."""
        if self.history_length:
            h = self.history.setdefault(gpio, [])
            h.append((self.clock.now_us, value))
            if len(h) > self.history_length:
                del h[0]

    def pwm_set(self, gpio, freq_hz, bits, duty, invert, restart):
        """A LEDC channel drives the pin: duty in 0..2**bits; `restart` begins a new phase now."""
        t0 = self.clock.now_us
        wave = self.pwm.get(gpio)
        if wave is not None and not restart:
            t0 = wave[4]
        self.pwm[gpio] = [freq_hz, bits, duty, invert, t0]
        self.driven.pop(gpio, None)
        period_ns = 1_000_000_000 // freq_hz
        high_ns = self.pwm_high_ns(gpio)
        self.note(gpio, (freq_hz, high_ns))
        self.out("pwm", gpio, (freq_hz, high_ns if high_ns < period_ns else period_ns))
        if gpio == self._cp_pwm_gpio:
            self._pilot_changed()

    def pwm_high_ns(self, gpio):
        """How long the pin is high in each period."""
        freq_hz, bits, duty, invert, _ = self.pwm[gpio]
        full = 1 << bits
        if invert:
            duty = full - duty
        return 1_000_000_000 // freq_hz * duty // full

    def pwm_stop(self, gpio):
        """The channel is stopped and the pin let go."""
        if self.pwm.pop(gpio, None) is None:
            return
        self.note(gpio, None)
        self.out("pwm", gpio, None)
        if gpio == self._cp_pwm_gpio:
            self._pilot_changed()

    # -- world to firmware -----------------------------------------------------------------------------------------------
    def set_pin(self, gpio, level):
        """The world puts 0 or 1 on an input pin (None: leaves it floating); pin interrupts fire on a change."""
        before = self.read(gpio)
        if level is None:
            self.level_in.pop(gpio, None)
        else:
            self.level_in[gpio] = 1 if level else 0
        if gpio in self.watched:
            self.moves += 1
        now = self.read(gpio)
        if now != before:
            self.note(gpio, now)
            if self.irq_sink is not None:
                self.irq_sink(gpio, now)

    def set_adc(self, gpio, uv):
        """The world puts a voltage (microvolts at the pin) on an analogue input."""
        self.adc_uv[gpio] = rails(uv)
        if gpio in self.watched:
            self.moves += 1

    def set_mcu_temperature(self, celsius):
        """Die temperature in whole degrees."""
        self.mcu_temperature_c = celsius

    def set_flash_full(self, full):
        """Writes find no room, or do again."""
        self.flash_full = full

    def uart_rx(self, ident, data):
        """Bytes have arrived at a UART; what its receive buffer cannot hold is lost, as on the chip."""
        limit = self.uart_rx_limit.get(ident)
        if limit is None:
            return  # no driver is listening
        buf = self.uart_rx_buffer[ident]
        room = limit - len(buf)
        buf.extend(data if len(data) <= room else data[:room] if room > 0 else b"")
        if self.uart_sink is not None:
            self.uart_sink(ident)

    def attach_i2c(self, bus, address, device):
        """Puts a device model (write(bytes), read(n) -> bytes) on an I2C bus."""
        self.i2c_devices[(bus, address)] = device

    def attach_spi(self, bus, cs_gpio, device):
        """Puts a device model (transfer(bytes) -> bytes) on a SPI bus; it is selected while cs_gpio is driven low."""
        self.spi_devices.append((bus, cs_gpio, device))

    def set_onewire(self, gpio, rows, shorted=False):
        """The world says which sensors hang on a one-wire bus: (code in hex, sixteenths of a degree, is it there)."""
        self.onewire[gpio] = [[list(row) for row in rows], bool(shorted)]
        if gpio in self.onewire_buses:
            self.onewire_buses[gpio].set(rows, shorted)

    def spi_selected(self, bus):
        """The device whose chip select is low on this bus, or None."""
        for b, cs, device in self.spi_devices:
            if b == bus and self.driven.get(cs) == 0:
                return device
        return None

    # -- levels ------------------------------------------------------------------------------------------------------------
    def read(self, gpio):
        """The level a digital read of the pin sees: our own drive, else the world's, else a pull, else 0."""
        level = self.driven.get(gpio)
        if level is not None:
            return level
        if gpio == self._cp_comparator_gpio:
            return self._negative() ^ self._cp_comparator_low
        if gpio in self.pwm:
            freq_hz, _, _, _, t0 = self.pwm[gpio]
            period_us = 1_000_000 // freq_hz
            high_us = self.pwm_high_ns(gpio) // 1000
            return 1 if period_us and (self.clock.now_us - t0) % period_us < high_us else 0
        level = self.level_in.get(gpio)
        if level is not None:
            return level
        return 1 if self.pull.get(gpio, 0) & 2 else 0

    # -- a chip that moves between processes -----------------------------------------------------------------------------
    def export(self):
        """Everything a new interpreter must find as it was, in JSON's types."""
        return {
            "cause": self.reset_cause,
            "driven": [[g, self.driven[g]] for g in sorted(self.driven)],
            "pwm": [[g] + self.pwm[g][:4] for g in sorted(self.pwm)],
            "in": [[g, self.level_in[g]] for g in sorted(self.level_in)],
            "adc": [[g, self.adc_uv[g]] for g in sorted(self.adc_uv)],
            "onewire": [[g] + self.onewire[g] for g in sorted(self.onewire)],
            "pilot": list(self._pilot_mv),
            "wave": self._wave_values,
            "air": self.air(),
            "mcu_c": self.mcu_temperature_c,
            "flash_full": self.flash_full,
            "rtc_s": self.rtc_s(),
            "rtc_memory": [b for b in self.rtc_memory],
            "nvs": [[k[0], k[1], v if isinstance(v, int) else [b for b in v]] for k, v in sorted(self.nvs.items())],
        }

    def restore(self, state):
        """Takes over what export() gave."""
        self.reset_cause = state["cause"]
        for g, level in state["driven"]:
            self.driven[g] = self.latch[g] = level
            self.mode[g] = 3
        for g, freq_hz, bits, duty, invert in state["pwm"]:
            self.pwm[g] = [freq_hz, bits, duty, invert, self.clock.now_us]
        for g, level in state["in"]:
            self.level_in[g] = level
        for g, uv in state["adc"]:
            self.adc_uv[g] = uv
        for g, rows, shorted in state["onewire"]:
            self.onewire[g] = [rows, shorted]
        self.take_air(state["air"])
        self.mcu_temperature_c = state["mcu_c"]
        self.flash_full = state["flash_full"]
        self.rtc_memory = bytes(state["rtc_memory"])
        for space, key, value in state["nvs"]:
            self.nvs[(space, key)] = value if isinstance(value, int) else bytes(value)
        self._pilot_mv = tuple(state["pilot"])
        if state["wave"] is not None:
            self.use_wave(*state["wave"])
        self._pilot_changed()

    # -- radio -----------------------------------------------------------------------------------------------------------
    def air(self):
        """What radio and cable see, in JSON's types."""
        return {"aps": [[n] + list(self.networks[n]) for n in sorted(self.networks)], "clients": self.hotspot_clients,
                "wire": self.wire}

    def take_air(self, air):
        """Takes over what air() gave."""
        self.networks = {row[0]: tuple(row[1:]) for row in air["aps"]}
        self.hotspot_clients = air["clients"]
        self.wire = air["wire"]

    def on_hotspot(self):
        """The firmware has opened or closed its hotspot: the world learns its name and key."""
        if self.on_output is not None:
            self.on_output("hotspot", 0, None if self.hotspot is None else 1, self.clock.now_us)

    # -- chip clock ----------------------------------------------------------------------------------------------------------
    def rtc_s(self):
        """The chip's idea of Unix time, in seconds."""
        return (self.clock.now_us + self.rtc_offset_us) // 1_000_000

    def rtc_set(self, unix_s):
        """Sets the chip's clock."""
        self.rtc_offset_us = unix_s * 1_000_000 - self.clock.now_us
