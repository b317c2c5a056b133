"""Liveness: from every state, a healthy world in which the vehicle leaves and comes again charges; only a weld never does.

The healthy world is one function per pilot state: what is waited for is over, inputs agree, power is wanted. Each state has one
follower in it, so the way to the end is found once for every state and shared (`ends`). A state from which the end is not reached
is reported with its trace.
"""
from firmware.safety.core import CLOSED
from tools.checks.reach.abstraction import INDEX, WELDED
from tools.checks.reach.rules import Broken
from tools.checks.reach.stages import ENDS, PILOT_MV

LONGEST = 64               # ticks of a healthy world until it repeats itself
LEAVES_IN = 2              # bursts of A until the coil must be off

# countdowns that are waited for; when one of the others ends, something is at fault, which a healthy world is in time for
WAITS = ("phase_left", "reclose", "switch", "wake_left", "settle", "pause", "offer_left", "fault_left", "quiet", "enter")


class HealthyWorld:
    """Ticks of the real core in a world where the pilot stays `letter`."""

    def __init__(self, search, letter):
        self.model = search.model
        self._after = {}           # key -> key one tick later
        self._end = {}             # key -> key that repeats itself, or None
        core = self.model.core
        fitted, inputs = core.fitted, core.inputs
        lines = ["%s = NOW_MS" % ENDS[field] + " if v[%d] else 0" % INDEX[field] for field in WAITS]
        lines += ["inputs.cp_burst = pilot._burst + 1", "inputs.cp_high_mv = %d" % PILOT_MV[letter], "inputs.cp_low_mv = -12000",
                  "inputs.cp_high_reads, inputs.cp_low_reads = (32, 0) if outputs.pilot_high_ns == STEADY else (10, 22)",
                  "request.seq = core._seq + 1", "request.available = 1", "request.offered_ma = OFFER_MA",
                  "request.phases = %d" % fitted.phases, "inputs.pe_ok = 1", "temperature.level = 0",
                  "temperature.failed = False", "inputs.rdc_dd_tripped = 0",
                  "inputs.rcd_tripped = outputs.rcd_test", "inputs.lock_closed = outputs.lock_wanted",
                  "inputs.pp_ohm = %d" % (-1 if search.world.options["cables"] == (-1,) else 220),
                  "inputs.feedback_1 = %s" % ("outputs.coil_1" if fitted.feedback else "-1"),
                  "inputs.feedback_2 = %s" % ("outputs.coil_2" if fitted.feedback and fitted.contactors == 2 else "-1")]
        self._apply = self.model.compiled("apply", "v", "\n    ".join(lines))
        self._runs = search.world.runs
        self._inputs = inputs

    def after(self, key):
        """The state one tick later."""
        found = self._after.get(key)
        if found is None:
            self.model.restore(key)
            self._apply(key)
            for run in self._runs:
                run()
            found = self._after[key] = self.model.keep_settled()
        return found

    def end(self, key):
        """The state in which this world leaves everything as it is; None when it does not come to rest."""
        way = []
        while key not in self._end:
            after = self.after(key)
            if after == key:
                self._end[key] = key
                break
            way.append(key)
            if len(way) > LONGEST:
                for passed in way:
                    self._end[passed] = None
                return None
            key = after
        rest = self._end[key]
        for passed in way:
            self._end[passed] = rest
        return rest


def check_liveness(search):
    """Every state that the search has seen: A opens within two bursts, then A, B, C ends in closed. Returns (charged, welded)."""
    away, plugged, asking = (HealthyWorld(search, letter) for letter in "ABC")
    charged = welded = 0
    at_coil, at_trips, at_phase = INDEX["coil_1"], INDEX["trips"], INDEX["phase"]
    for key in list(search.seen[0]):
        if key[at_coil]:
            after = key
            for _ in range(LEAVES_IN):
                after = away.after(after)
            if after[at_coil]:
                raise _broken(search, key, "leaves_opens")
        rest = away.end(key)
        if rest is not None:
            rest = plugged.end(rest)
        if rest is not None:
            rest = asking.end(rest)
        if key[at_trips] & WELDED:
            welded += 1
            if rest is None or not rest[at_trips] & WELDED or rest[at_coil]:
                raise _broken(search, key, "weld_stays")
        else:
            charged += 1
            if rest is None or rest[at_phase] != CLOSED:
                raise _broken(search, key, "charges_again")
    return charged, welded


def _broken(search, key, rule):
    search.model.restore(key)
    return Broken(rule, search.trace(0, key, ""), search.describe())
