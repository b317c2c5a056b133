"""The board: builds the drivers that its facts name, fills the Inputs record and follows the Outputs record.

Nothing that a driver raises travels. What could not be read is reported as what takes power away; what could not be written opens
the coils, as does a driver that could not even be built. `errors` names the driver and says how often.
"""

import machine

from firmware.drivers.clock import ticks_ms
from firmware.drivers.coil_supply import CoilSupply
from firmware.drivers.contactor import ContactFeedback, Contactor, LoadFeedback
from firmware.drivers.inputs import LevelInput
from firmware.drivers.lock_motor import LockMotor
from firmware.drivers.mains_pulses import MainsPulses, PulsedEarth
from firmware.drivers.pilot_pwm import PilotPwm
from firmware.drivers.pilot_sampler import sampler_from_board
from firmware.drivers.proximity import ProximityInput
from firmware.drivers.residual_monitor import ResidualMonitor, TripLine
from firmware.safety.io_image import NOT_FITTED

_MAINS_HZ = 50


class _NoContactor:
    """In the place of one that could not be built: the board closes nothing then."""

    closed = deaf = 0

    def off(self):
        """There is nothing to switch off."""


class Board:
    """One board. Read-only for others: contactor, lock (None where not used), errors (driver's name -> how often it raised)."""

    def __init__(self, facts):
        pins = facts["pins"]
        self.facts = facts                   # while building only: nobody needs them later
        self._has_pump, self._sees_supply = pins["coil_watchdog"] is not None, pins["coil_supply"] is not None
        self.errors = {}
        self.lock = None
        self._dead = False                   # a driver could not be built: the coils stay off
        self._socket = 0
        self._active_low = facts["active_low"]
        self._has_enable = self._held = False
        self._at = ""                        # the output that is written just now
        self.contactor = self._built("contactor", Contactor, pins, self._active_low) or _NoContactor()    # first: coils off
        self._pwm = self._built("pilot_pwm", PilotPwm, pins["cp_pwm"], facts["cp"].get("pwm_invert", False))
        self._cp_disconnect = self._built("cp_disconnect", self._output, "cp_disconnect")
        self._sampler = self._built("pilot_sampler", sampler_from_board, facts)
        self._readers = []                   # (name, driver with read(inputs, now_ms) and fail(inputs))
        self._build_monitor(facts.get("rcd", {}))
        self._build_earth()
        self._build_feedback(facts["contactor"])
        self._coil_supply = None
        if pins["coil_supply"] is not None:
            self._coil_supply = self._reader("coil_supply", CoilSupply, pins["coil_supply"], "coil_supply" in self._active_low,
                                             facts["coil_watchdog"]["hold_ms"])
        self._mains = [None, None, None]     # optocouplers of L1, L2, L3
        self._supply = [None, None, None]    # what they told last
        for phase in (0, 1, 2):
            name = "supply_%d_pulses" % (phase + 1)
            if pins[name] is not None:
                self._mains[phase] = self._built(name, MainsPulses, pins[name], self._pulse_hz("pulses"), vital=False)
        self._skip = 0
        self.look()

    # ---- building

    def _built(self, name, make, *values, vital=True):
        """What make() gives; None where it raised: then nothing is closed until the next start, where it is vital."""
        try:
            return make(*values)
        except Exception:                    # whatever a chip raises
            self._failed(name)
            self._dead = self._dead or vital
            return None

    def _failed(self, name):
        try:
            self.errors[name] = self.errors.get(name, 0) + 1
        except MemoryError:                  # it is known to have failed all the same: nothing is closed by it
            self._dead = True

    def _reader(self, name, make, *values):
        driver = self._built(name, make, *values)
        if driver is not None:
            self._readers.append((name, driver))
        return driver

    def _output(self, name):
        """(pin, level that means 0), at rest; None where the board has none."""
        gpio = self.facts["pins"][name]
        if gpio is None:
            return None
        off = self._off(name)
        return machine.Pin(gpio, machine.Pin.OUT, value=off), off

    def _off(self, name):
        """The level that means 0."""
        return 1 if name in self._active_low else 0

    def _pulse_hz(self, key):
        """Edges a second of an optocoupler: one or two in a period of the mains."""
        return _MAINS_HZ * self.facts.get("supply", {}).get(key + "_per_period", 1)

    def _build_monitor(self, rcd):
        pins = self.facts["pins"]
        lines = [None if pins[name] is None else self._built(name, TripLine, pins[name], 1 - self._off(name))
                 for name in ("rcd_trip", "rdc_dd_trip")]
        test = self._built("rcd_test", self._output, "rcd_test")
        self._monitor = None
        if lines[0] is not None:
            self._monitor = self._reader("residual_monitor", ResidualMonitor, lines[0], lines[1], test,
                                         rcd.get("valid_when_open", True), rcd.get("test_pulse_ms", 0))

    def _build_earth(self):
        pins = self.facts["pins"]
        if pins["pe_pulses"] is not None:
            self._reader("pe_pulses", PulsedEarth, pins["pe_pulses"], self._pulse_hz("pe_pulses"))
        elif pins["pe_ok"] is not None:
            self._reader("pe_ok", LevelInput, "pe_ok", pins["pe_ok"], 1 - self._off("pe_ok"), 0)

    def _build_feedback(self, contactor):
        pins, kind = self.facts["pins"], contactor["feedback"]
        gpio_1, gpio_2 = pins["contactor_feedback_1"], pins["contactor_feedback_2"]
        if gpio_1 is None or kind == "none":
            return
        if kind == "load_pulses":
            self._reader("contactor_feedback", LoadFeedback, gpio_1, gpio_2, self._pulse_hz("pulses"))
        else:
            self._reader("contactor_feedback", ContactFeedback, gpio_1, self._off("contactor_feedback_1"),
                         None if kind == "mirror_series" else gpio_2, self._off("contactor_feedback_2"), kind != "aux_no")

    def use_contact(self, name, attribute, kind):
        """Read an external contact into an Inputs attribute: 1 = its signal is there.

        kind: "off" (not wired), "normally_open" (closed = signal) or "normally_closed" (open = signal). A board without the pin
        reads nothing.
        """
        gpio = self.facts["pins"][name]
        if gpio is None or kind == "off":
            return
        closed = 1 - self._off(name)
        bad = 1 if attribute.endswith("tripped") else 0
        if attribute == "enable":
            self._has_enable = True
        self._reader(name, LevelInput, attribute, gpio, closed if kind == "normally_open" else 1 - closed, bad, 1 - closed)

    def use_socket(self):
        """The installation has a socket outlet: its cable and its lock are read and driven. Without both nothing is offered: the
        core sees no cable."""
        facts, pins = self.facts, self.facts["pins"]
        self._socket = 1
        if pins["pp_adc"] is None or not facts["has"]["lock"]:
            return
        pp, lock = facts["pp"], facts["lock"]
        self._reader("proximity_pilot", ProximityInput, pins["pp_adc"], pp["pull_up_ohm"], pp["reference_mv"], pp["divider_ppm"])
        self.lock = self._reader(
            "lock", LockMotor, pins["lock_1"], 1 - self._off("lock_1"), pins["lock_2"], 1 - self._off("lock_2"),
            pins["lock_feedback"], 1 - self._off("lock_feedback"), lock["pulse_ms"], lock["pause_ms"], lock.get("tries", 2))

    def complete(self, fitted):
        """Fill in the board's part of what the safety core has to know (the installer's part stands there); returns it."""
        pins, has = self.facts["pins"], self.facts["has"]
        fitted.phases = min(fitted.phases, self.facts["limits"]["phases"])
        fitted.contactors = 1 if pins["contactor_2"] is None else 2
        fitted.feedback = 0 if self.facts["contactor"]["feedback"] == "none" else 1
        fitted.rcd_test = 1 if has["rcd_test"] else 0
        fitted.lock = 1 if self._socket and has["lock"] else 0
        fitted.socket = self._socket
        fitted.cp_disconnect = 1 if has["cp_disconnect"] else 0
        return fitted

    # ---- every tick

    def read(self, inputs, sample_pilot):
        """Fill the Inputs record. Where sample_pilot is not true the pilot is sampled every second tick only."""
        self._skip = 0 if sample_pilot else 1 - self._skip
        if self._skip == 0 and self._sampler is not None:
            try:
                self._sampler.burst(inputs)
            except Exception:
                self._failed("pilot_sampler")      # no burst: the core finds the pilot stale
        now_ms = ticks_ms()
        for name, driver in self._readers:
            try:
                driver.read(inputs, now_ms)
            except Exception:
                self._failed(name)
                driver.fail(inputs)
        if self._coil_supply is not None:
            self._hold_back(inputs)

    def _hold_back(self, inputs):
        """Nothing is offered before the coils' supply is proved: as if the external enable contact said no."""
        if self._coil_supply.holds_back():
            inputs.enable = 0
            self._held = True
        elif self._held:
            self._held = False
            if not self._has_enable:
                inputs.enable = NOT_FITTED

    def write(self, outputs):
        """Follow the Outputs record; what takes power away first, what gives it last. Returns False when a driver raised, or
        could not be built: then the coils are off, whatever was asked for."""
        self._at = "contactor"
        try:
            if self._dead:
                self.contactor.off()
                return False
            now_ms = ticks_ms()
            if not outputs.coil_1:
                self._drive_coils(outputs, now_ms)
            self._at = "pilot_pwm"
            self._pwm.set_high_ns(outputs.pilot_high_ns)
            if self._monitor is not None:
                self._at = "residual_monitor"
                self._monitor.write(outputs.rcd_test, self.contactor.closed, now_ms)
            if self._cp_disconnect is not None:
                self._at = "cp_disconnect"
                self._cp_disconnect[0].value(outputs.cp_disconnect ^ self._cp_disconnect[1])
            if self.lock is not None:
                self._at = "lock"
                self.lock.drive(outputs.lock_wanted, now_ms)
            if outputs.coil_1:
                self._at = "contactor"
                self._drive_coils(outputs, now_ms)
        except Exception:
            self._failed(self._at)
            self.contactor.off()
            return False
        return True

    def _drive_coils(self, outputs, now_ms):
        pump = outputs.coil_watchdog
        if self._coil_supply is not None:
            pump = self._coil_supply.pump(pump, now_ms)
        self.contactor.write(outputs, pump)

    def safe(self):
        """Coils off, the lock's motor without current, pilot at steady +12 V, monitor's test off: when the application ends."""
        self.contactor.off()
        if self.lock is not None:
            self.lock.off()
        if self._pwm is not None:
            self._try("pilot_pwm", self._pwm.set_high_ns, 1000000)
        if self._monitor is not None:
            self._try("residual_monitor", self._monitor.write, 0, 0, ticks_ms())
        if self._cp_disconnect is not None:
            self._try("cp_disconnect", self._cp_disconnect[0].value, self._cp_disconnect[1])

    def _try(self, name, act, *values):
        try:
            act(*values)
        except Exception:                    # the others must still be made safe
            self._failed(name)

    # ---- every second

    def look(self):
        """Take the newest from the optocouplers of the mains."""
        now_ms = ticks_ms()
        for phase in (0, 1, 2):
            if self._mains[phase] is not None:
                self._supply[phase] = self._mains[phase].alive(now_ms)

    def supply_present(self):
        """[L1, L2, L3] as last looked at: 1 mains there, 0 not, None where the board does not look; by its own optocouplers."""
        return list(self._supply)

    def coil_watchdog(self):
        """What is known of the charge pump: not_fitted, untested (the board cannot see its supply), running, passed, failed."""
        if not self._has_pump:
            return "not_fitted"
        if not self._sees_supply:
            return "untested"
        return "failed" if self._coil_supply is None else self._coil_supply.result()
