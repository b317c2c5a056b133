"""The simulated car: what it hangs on the pilot, when it closes S2, how its current follows the offer.

Timing is that of a well-behaved car inside the limits of IEC 61851-1: up within 5 s, down within 3 s, after the PWM is
withdrawn no current and S2 open within 3 s. Others misbehave as real ones do: `stubborn` ignores the withdrawal, then only the
charger can end it; `late_s` ignores it for a while; `overdraw_percent` draws more than is offered.
"""

from tools.twin.battery import Battery
from tools.twin.pilot import offer_ma_from_duty

AFTER_PLUG_IN_US = 300_000  # so long a car with S2 shows B at least
ASK_AFTER_US = 500_000          # valid PWM to S2 closed
START_AFTER_US = 500_000        # mains at the inlet to the first current
REACT_US = 200_000              # a changed offer to the first step
UP_STEP_US = 200_000
UP_STEP_MA = 1_600              # 8 A/s: 32 A in 4 s
DOWN_STEP_US = 100_000
DOWN_STEP_MA = 1_600            # 16 A/s: 32 A in 2 s
DOWN_STEPS_MOST = 20            # more than 32 A fall faster: never longer than 2 s
OPEN_AFTER_US = 100_000         # no current to S2 open
WAKES_AFTER_US = 3_000_000      # a sleeping car wants the pilot gone this long before it wakes
BCB_US = 300_000                # half a period of the B-C-B signal: pulses of 200 to 400 ms (sequence 11)

FIELDS = ("plugged", "phases", "max_current_a", "diode", "asleep", "stubborn", "simplified", "late_s", "overdraw_percent",
          "pilot_ohm", "cable_a")


class Ev:
    """`on_change(ev)` is called whenever `state` (what hangs on the pilot) or `current_ma` changes.

    `asks` says what the car is after: "auto" asks for energy half a second after it sees a valid offer, as long as the
    battery is not full; "C" and "D" hold S2 closed from plug-in on, also before any PWM, and then behave like auto; "B"
    never asks; "A" is a plugged car that the pilot does not see, "E" one that shorts it, "F" one that holds it at -12 V.
    An explicit A, B, E or F is carried out at once. What is set stays set over unplugging, but for `bcb`: so many B-C-B pulses
    are sent at once by a plugged car that holds S2 open.
    """

    def __init__(self, clock, on_change, rng):
        self._clock = clock
        self._on_change = on_change
        self._rng = rng
        self.plugged = False
        self.asks = "auto"
        self.phases = 3
        self.max_current_a = 16
        self.diode = True
        self.asleep = False
        self.stubborn = False
        self.simplified = False
        self.late_s = 0
        self.overdraw_percent = 0
        self.pilot_ohm = 0              # 0: a car; else something that hangs this resistance on the pilot
        self.cable_a = 0                # of the plug in a socket: coded by a resistor at PP; 0: no cable with a plug
        self.battery = Battery()
        self._plugged_us = 0
        self._bcb_left = 0
        self._late_until_us = 0
        self.state = "A"
        self.current_ma = 0
        self.offer_ma = 0
        self._pilot_seen = True
        self._was_offered = False       # a valid PWM has been there since plug-in
        self._s2 = False
        self._closed_phases = 0
        self._power_mw = 0
        self._target_ma = 0
        self._s2_event = self._ramp_event = self._full_event = self._wake_event = self._late_event = self._bcb_event = None

    # What the bench sets

    def configure(self, values):
        """Take over any of the fields of the verb `ev`; the values are already checked. `state` is what the car asks for."""
        was_plugged = self.plugged
        for name in FIELDS:
            if name in values:
                setattr(self, name, values[name])
        if "battery_wh" in values:
            self.battery.resize(values["battery_wh"])
        if "soc" in values:
            self.battery.soc = values["soc"]
        if "state" in values:
            if self.asks == "A" and values["state"] != "A":
                self._plugged_us = self._clock.now_us   # the pilot sees it from now on: as if plugged in
            self.asks = values["state"]
            self._was_offered = self.offer_ma > 0       # an order is an order: C closes S2 in a pause as well
        if self.plugged != was_plugged:
            self._was_offered = self.offer_ma > 0
            self._s2 = False
            self._plugged_us = self._clock.now_us
        if values.get("bcb") and self.plugged and not self._s2 and self._pilot_seen:
            self._bcb_left = 2 * values["bcb"]
            self._bcb()
        self._update()

    @property
    def soc(self):
        """State of charge, 0..1."""
        return self.battery.soc

    # What the charger does

    def see_pilot(self, seen, duty_ppm, frequency_hz):
        """The pilot at the inlet: `seen` False when the line is interrupted or the charger has no supply."""
        offer_ma = offer_ma_from_duty(duty_ppm, frequency_hz) if seen else 0
        alive = seen and duty_ppm > 0
        if alive != (self._wake_event is None):
            self._watch_interruption(alive)
        if offer_ma == self.offer_ma and seen == self._pilot_seen:
            return
        if self.offer_ma and not offer_ma and self.late_s:
            self._late_until_us = self._clock.now_us + self.late_s * 1_000_000
            self._cancel("_late_event")
            self._late_event = self._clock.at(self._late_until_us, self._late_is_over)
        self.offer_ma = offer_ma
        self._pilot_seen = seen
        if offer_ma:
            self._was_offered = True
        self._update()

    def see_mains(self, phases_closed):
        """How many conductors the contactors connect: 0, 1 or 3."""
        if phases_closed != self._closed_phases:
            self._closed_phases = phases_closed
            self._update()

    def take(self, energy_mw_us, power_mw):
        """Energy that went in since the last call, and the power from now on (so that the car knows when it is full)."""
        self.battery.take(energy_mw_us)
        self._power_mw = power_mw
        self._plan_full()

    @property
    def phase_currents_ma(self):
        """Current on L1, L2, L3: the car uses its first `phases` ones, as far as they are connected."""
        used = min(self.phases, self._closed_phases)
        return [self.current_ma if phase < used else 0 for phase in (0, 1, 2)]

    # How it behaves

    def _ignores(self):
        """The car goes on although nothing is offered any more."""
        return self._s2 and (self.stubborn or self._clock.now_us < self._late_until_us)

    def _wants(self):
        """S2 shall be closed."""
        if self.simplified:
            return True
        if not self._pilot_seen or self.asleep or self.battery.full or self.pilot_ohm:
            return False
        if self.asks in ("C", "D"):
            return self.offer_ma > 0 or not self._was_offered or self._ignores()
        return self.asks == "auto" and (self.offer_ma > 0 or self._ignores())

    def _update(self):
        if not self.plugged or self.asks in ("A", "B", "E", "F") or not self._pilot_seen:
            self._cancel("_s2_event")
            self._cancel("_bcb_event")
            self._bcb_left = 0
            self._s2 = False
        elif self._bcb_left:
            pass
        elif self._wants() == self._s2:
            self._cancel("_s2_event")
        elif self._s2:
            self._stop_in_order()
        elif self.simplified:
            self._s2 = True                 # no S2 at all: the resistor of C hangs there from the first moment
        elif self.asks in ("C", "D") and not self._was_offered:
            self._close_s2_after_plug_in()
        elif self._s2_event is None:
            self._s2_event = self._clock.after(self._about(ASK_AFTER_US), self._close_s2)
        self._aim()
        self._present()

    def _stop_in_order(self):
        """First the current goes, then S2 opens."""
        if self.current_ma == 0 and self._s2_event is None:
            self._s2_event = self._clock.after(OPEN_AFTER_US, self._open_s2)

    def _close_s2_after_plug_in(self):
        """A car with S2 wakes before it closes it: state B is seen first."""
        wait_us = self._plugged_us + AFTER_PLUG_IN_US - self._clock.now_us
        if wait_us <= 0:
            self._s2 = True
        elif self._s2_event is None:
            self._s2_event = self._clock.after(wait_us, self._close_s2)

    def _close_s2(self):
        self._s2_event = None
        self._s2 = True
        self._update()

    def _open_s2(self):
        self._s2_event = None
        self._s2 = False
        self._update()

    def _present(self):
        if not self.plugged or self.asks == "A":
            state = "A"
        elif self.asks in ("E", "F"):
            state = self.asks
        elif self._s2:
            state = "D" if self.asks == "D" else "C"
        else:
            state = "B"
        self.state = state
        self._on_change(self)

    def _aim(self):
        """Set the current's target; without S2 or mains it is gone at once."""
        if not self._s2 or not self._closed_phases or not self.plugged:
            self._cancel("_ramp_event")
            self._target_ma = self.current_ma = 0
            if self._s2 and not self._bcb_left and not self._wants():
                self._stop_in_order()       # the charger cut the current: S2 still has to open
            return
        if not self._wants() or self._bcb_left or self.battery.full:
            target_ma = 0
        elif self.offer_ma or not self._ignores():
            accepted_ma = self.battery.accepts_ma(min(self.phases, self._closed_phases))
            target_ma = min(self.offer_ma, self.max_current_a * 1000, accepted_ma)
            if self.overdraw_percent:
                target_ma = self.offer_ma * (100 + self.overdraw_percent) // 100
        else:
            target_ma = self._target_ma
        if target_ma == self._target_ma:
            return
        self._target_ma = target_ma
        if self._ramp_event is None:
            delay_us = START_AFTER_US if self.current_ma == 0 else REACT_US
            self._ramp_event = self._clock.after(self._about(delay_us), self._ramp)

    def _ramp(self):
        self._ramp_event = None
        if self.current_ma < self._target_ma:
            self.current_ma = min(self._target_ma, self.current_ma + UP_STEP_MA)
            step_us = UP_STEP_US
        elif self.current_ma > self._target_ma:
            step_ma = max(DOWN_STEP_MA, self.current_ma // DOWN_STEPS_MOST, self.max_current_a * 1000 // DOWN_STEPS_MOST)
            self.current_ma = max(self._target_ma, self.current_ma - step_ma)
            step_us = DOWN_STEP_US
        if self.current_ma != self._target_ma:
            self._ramp_event = self._clock.after(step_us, self._ramp)
        elif not self._wants() and self._s2:
            self._stop_in_order()
        self._on_change(self)

    def _plan_full(self):
        """The next look at the battery: when it is full, or takes less."""
        self._cancel("_full_event")
        after_us = self.battery.look_after_us(self._power_mw)
        if after_us is not None:
            self._full_event = self._clock.after(after_us, self._look_at_battery)

    def _look_at_battery(self):
        self._full_event = None
        self._on_change(self)           # the world settles the energy until now
        self._update()

    def _late_is_over(self):
        self._late_event = None
        self._update()

    def _bcb(self):
        """One edge of the B-C-B signal; after the last one the car does what it would do anyway."""
        self._bcb_event = None
        self._s2 = self._bcb_left % 2 == 0
        self._bcb_left -= 1
        if self._bcb_left:
            self._bcb_event = self._clock.after(self._about(BCB_US), self._bcb)
        self._update()

    def _watch_interruption(self, alive):
        if alive:
            self._cancel("_wake_event")
        else:
            self._wake_event = self._clock.after(WAKES_AFTER_US, self._wake)

    def _wake(self):
        """The pilot has been away long enough; the event stays set until the pilot is back."""
        if self.asleep and self.plugged:
            self.asleep = False
            self._update()

    def _about(self, us):
        """No two cars react alike: up to a tenth faster or slower, the same for the same seed."""
        return us + self._rng.randint(-us // 10, us // 10)

    def _cancel(self, name):
        event = getattr(self, name)
        if event is not None:
            self._clock.cancel(event)
            setattr(self, name, None)
