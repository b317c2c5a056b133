"""What must hold whatever anybody does to the charger: judged on the world's edges and state, never on the firmware's word.

    pilot      the coil is off 50 ms after the pilot left C or D
    residual   the coil is off 20 ms after a residual-current trip, and stays off until the vehicle was unplugged, also
               over resets (a power cut forgets: the world cannot tell what it stood for)
    earth      the coil is off 20 ms after PE was lost, where it is monitored
    diode      the coil is off 80 ms after the vehicle's diode was lost under PWM, and never goes on without one
    weld       the coil never goes on while the contacts are closed without it
    duty       steady, or 10 to 97 %
    offer      no more than fuse, cable, user and board allow; 5.6 s to follow while power flows

Some things lengthen the times: a write of the flash holds the interpreter (its length is added), a chip that resets leaves its
pins alone (the charge pump of the coil takes the power within 650 ms), a task that hogs the loop is noticed by the guard after
60 ms, and where device calls raise it may take the charge pump.
"""

from collections import deque

from tools.twin.pilot import offer_ma_from_duty

MS = 1000
RESET_BLIND_US = 650 * MS           # the pump holds 600 ms without edges
TRIP_LASTS_US = 30 * MS             # a trip that is shorter than two ticks may be missed
CLOSED_WITHOUT_COIL_US = 300 * MS
OFFER_FOLLOWS_US = 5_600 * MS       # changes are at least 5 s apart while power flows
OFFER_SLACK_MA = 60                 # one permille of duty
GRACE_US = {"pilot": 50 * MS, "residual": 20 * MS, "earth": 20 * MS, "diode": 80 * MS}


class Violation(Exception):
    """A rule that was broken: `rule` is its name, the text says what happened."""

    def __init__(self, rule, text):
        super().__init__("%s: %s" % (rule, text))
        self.rule = rule


class Watch:
    """Follows one twin. `broken(Violation)` is called once for the first rule that is broken."""

    def __init__(self, twin, broken):
        self._clock, self._world = twin.clock, twin.world
        self._broken = broken
        self._silent = False
        self._stalls = deque(maxlen=64)         # (begin_us, end_us) of times the interpreter stood still
        self._blind_until_us = 0
        self._slow = (0, 0)                     # until when, by how much: device calls fail
        self._since_us = dict.fromkeys(GRACE_US)    # since when the rule forbids power; None: it does not
        self._coil_off_us = 0
        self._closed_us = None                  # since when the contacts are closed without the coil
        self._limits_ma = [(0, 32_000)]         # (since when, most that may be offered)
        self.locked = False                     # a residual-current trip in this plug-in
        self.pe_monitored = True
        self.worst_us = dict.fromkeys(GRACE_US, 0)  # longest time the coil stayed on
        self.closings = self.locks = self.checks = 0
        self._hold_us = self._clock.hold_us
        self._clock.hold_us = self._hold
        self._world.trace.subscribe(self._edge)
        self.look()

    # What it is told

    def look(self):
        """Something in the world has changed that makes no edge: diode, earth, residual current."""
        self.checks += 1
        now_us = self._clock.now_us
        for rule, forbidden in (("pilot", self._world.line_state not in ("C", "D")), ("residual", self._tripped()),
                                ("earth", self._world.faults["pe_lost"] and self.pe_monitored), ("diode", self._no_diode())):
            since_us = self._since_us[rule]
            if not forbidden:
                self._since_us[rule] = None
            elif since_us is None:
                self._since_us[rule] = now_us
                if self._coil():
                    self._later(GRACE_US[rule], rule, now_us)

    def reset(self):
        """The chip resets now, its pins stay as they are."""
        self._blind_until_us = self._clock.now_us + RESET_BLIND_US

    def stall(self, us):
        """The interpreter does nothing else from now on for that long."""
        self._stalls.append((self._clock.now_us, self._clock.now_us + us))

    def slow_until(self, until_us, by_us):
        """Pins may not obey until then: only what needs no pin of the coil takes the power away, so much later."""
        self._slow = (until_us, by_us)

    def power_lost(self):
        """The supply is gone, and with it what the charger remembered of this plug-in."""
        self.locked = False

    def limit(self, most_ma):
        """From now on no more than this may be offered."""
        now_us = self._clock.now_us
        self._limits_ma.append((now_us, most_ma))
        while len(self._limits_ma) > 2 and now_us - self._limits_ma[1][0] > OFFER_FOLLOWS_US:
            self._limits_ma.pop(0)
        self._clock.after(OFFER_FOLLOWS_US + 1, self._check_offer)

    # Edges

    def _edge(self, t_us, signal, value):
        self.look()
        if signal == "coil":
            self._coil_edge(t_us, value)
        elif signal == "contacts":
            self._follow_contacts(t_us)
        elif signal == "duty_permille":
            if 0 < value < 100 or 970 < value < 1000:
                self._break("duty", "the duty is %d permille" % value)
            self._check_offer()
        elif signal == "ev_state" and value == "A":
            self.locked = False
        elif signal == "rcd_trip" and value:
            self._trip_edge(t_us)

    def _coil_edge(self, t_us, on):
        if not on:
            self._coil_off_us = t_us
            for rule, since_us in self._since_us.items():
                if since_us is not None and t_us >= self._blind_until_us:
                    self.worst_us[rule] = max(self.worst_us[rule], t_us - since_us - self._stalled_us(since_us, t_us))
            self._follow_contacts(t_us)
            return
        self.closings += 1
        if self.locked:
            self._break("residual", "the coil goes on again in the plug-in of a residual-current trip")
        if self._closed_us is not None and t_us - self._closed_us > CLOSED_WITHOUT_COIL_US:
            self._break("weld", "the coil goes on though the contacts are closed since %.3f s" % (self._closed_us / 1e6))
        for rule, since_us in self._since_us.items():
            if since_us is not None:
                self._later(max(1, since_us + GRACE_US[rule] - t_us), rule, since_us)

    def _follow_contacts(self, t_us):
        closed = any(one.closed for one in self._world.contactors)
        if not closed or self._coil():
            self._closed_us = None
        elif self._closed_us is None:
            self._closed_us = t_us

    def _trip_edge(self, t_us):
        duty = self._world.trace.last("duty_permille")
        offers = 100 <= duty <= 970 and self._world.generator.supplied
        if not self._real_trip() or not (self._coil() or offers) or t_us < self._blind_until_us:
            return

        def lasted():
            now_us = self._clock.now_us
            if not self._real_trip() or self._world.trace.last("ev_state") == "A" or not self._world.generator.supplied \
                    or now_us < self._blind_until_us:
                return
            wait_us = t_us + TRIP_LASTS_US + self._stalled_us(t_us, now_us) - now_us
            if wait_us > 0:
                self._clock.after(wait_us, lasted)
            else:
                self.locked = True
                self.locks += 1
        self._clock.after(TRIP_LASTS_US, lasted)

    # Judging

    def _later(self, us, rule, since_us):
        self._clock.after(us, lambda: self._judge(rule, since_us))

    def _judge(self, rule, since_us):
        """Power must be gone by now if the rule has forbidden it all the time since."""
        if self._since_us[rule] != since_us or not self._coil():
            return
        now_us = self._clock.now_us
        due_us = since_us + GRACE_US[rule] + self._stalled_us(since_us, now_us)
        if since_us < self._slow[0]:
            due_us += self._slow[1]
        if self._blind_until_us > since_us:
            due_us = max(due_us, self._blind_until_us)
        if now_us < due_us:
            self._later(due_us - now_us, rule, since_us)
        else:
            self._break(rule, "the coil is on %.1f ms after power was forbidden" % ((now_us - since_us) / 1000))

    def _check_offer(self):
        generator = self._world.generator
        if not generator.supplied:
            return
        offer_ma = offer_ma_from_duty(generator.duty_ppm, generator.frequency_hz)
        now_us = self._clock.now_us
        most_ma = self._limits_ma[-1][1]
        for at, (_, limit_ma) in enumerate(self._limits_ma[:-1]):
            if now_us - self._limits_ma[at + 1][0] <= OFFER_FOLLOWS_US:
                most_ma = max(most_ma, limit_ma)
        if offer_ma > most_ma + OFFER_SLACK_MA and now_us >= self._blind_until_us:
            self._break("offer", "%d mA are offered, allowed are %d" % (offer_ma, most_ma))

    def _break(self, rule, text):
        if not self._silent:
            self._silent = True
            self._broken(Violation(rule, text))

    # The world

    def _coil(self):
        return any(one.coil for one in self._world.contactors)

    def _tripped(self):
        return self._world.rcd.rcd_tripped or self._world.rcd.rdc_dd_tripped

    def _real_trip(self):
        return self._world.rcd.fault_ac or self._world.rcd.fault_dc

    def _no_diode(self):
        """Only PWM shows it; a pilot that is steady says nothing of the diode."""
        world = self._world
        missing = not world.ev.diode or world.faults["diode"]
        return missing and world.line_state in ("B", "C", "D") and 0 < world.generator.duty_ppm < 1_000_000

    def _hold(self, us):
        self._stalls.append((self._clock.now_us, self._clock.now_us + us))
        self._hold_us(us)

    def _stalled_us(self, since_us, until_us):
        return sum(max(0, min(end_us, until_us) - max(begin_us, since_us)) for begin_us, end_us in self._stalls)
