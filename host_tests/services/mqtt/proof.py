"""What takes too long for every change: `python -m host_tests.services.mqtt.proof`. An hour without a broker in virtual time; and a
broker that freezes in real time, with real threads, on both interpreters."""
import contextlib
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if str(ROOT / "lib") not in sys.path:
    sys.path[:0] = [str(ROOT / "lib")]

from tools.twin import cpython  # noqa: E402  (found by the path above)

if not cpython.installations():
    cpython.install()

from host_tests.services.mqtt.charger import BASE, Charger, VmCharger  # noqa: E402
from host_tests.services.mqtt.mosquitto import Mosquitto, Peer, needs_mosquitto, until  # noqa: E402
from host_tests.services.mqtt.test_trouble import without_broker  # noqa: E402
from tools.bench import precedence  # noqa: E402
from tools.bench.hops import Hops  # noqa: E402
from tools.checks.report import report  # noqa: E402
from tools.twin.ports import free_port  # noqa: E402
from tools.twin.runner import NotNow, Twin  # noqa: E402
from tools.twin.vm_runner import VmTwin  # noqa: E402

BLOCKED_MS = 3000       # a loop that waited for the broker would be late by the ten seconds of a turn; a busy host by less
LATE_MS = 30            # so late may a tick be (firmware/charging/lateness.py)
FROM_S, UNTIL_S = 14, 85        # it charges
LOOK_S = 0.2            # so often the ticks' latenesses are fetched
AFTER_S = 0.3           # a tick that was late by the machine's slowness is counted within this after it
OPENS = ((50, 0.5), (100, 8))   # (ms, s): a tick that is so late may open the contactor, within so long: the guard; an orderly stop
MACHINES_FAULTS = ("guard_opened", "tick_late")     # what a machine that stands still can bring about


class RealTime(Charger):
    def _make_twin(self, **more):
        twin = Twin(self.folder, free_port(), speed=1, **more)
        be_watchful(self.folder)
        return twin


class VmRealTime(VmCharger):
    """In real-time priority where the system lets us, and with a process beside it that tells when the machine was slow."""

    def _make_twin(self, **more):
        self.first = precedence.allowed()
        self._prefix = precedence.prefix() if self.first else []
        twin = VmTwin(self.folder, free_port(), self._prefix + self._command, **more)
        be_watchful(self.folder)
        return twin

    def run(self, seconds):
        """Plays to the end; then ticks: so many were looked at; late: [(from, until, ms)], those later than LATE_MS; and slow:
        [(from, until)], the machine's moments; all in seconds of the twin's time."""
        self.late, self.ticks, self._looked_s = [], 0, None
        count = int((UNTIL_S - FROM_S) / LOOK_S)
        for number in range(count):
            self.at(FROM_S + number * LOOK_S, self._look)
        hops = Hops(self._prefix)
        try:
            with precedence.of_this_thread() if self.first else contextlib.nullcontext():
                super().run(seconds)
        finally:
            zero_s = time.monotonic() - self.clock.paced_now_us() / 1e6
            self.slow = [(begin - zero_s, end - zero_s) for begin, end in hops.end()]
        return self

    def _look(self):
        """The first answer only begins to count; one that is not there yet is taken later."""
        link, now_s = self.twin.hal, self.clock.paced_now_us() / 1e6
        if self._looked_s is not None:
            if link.latenesses is None:
                return
            self.ticks += sum(link.latenesses)
            for ms, ticks in enumerate(link.latenesses):
                if ms > LATE_MS and ticks:
                    self.late.append((self._looked_s, now_s, ms))
        self._looked_s = now_s
        link.ask_latenesses()

    def own_latenesses(self):
        """Those of late that the machine has not to answer for."""
        return [row for row in self.late if not self._was_slow(row[0] - AFTER_S - row[2] / 1000, row[1])]

    def own_openings(self):
        """Seconds in which the contacts opened, and no tick was so late that they had to."""
        found = []
        for t_us in self.edges("contacts", False, FROM_S * 1_000_000):
            t_s = t_us / 1e6
            if t_s < UNTIL_S and not any(begin - AFTER_S - ms / 1000 < t_s < until + within_s for begin, until, ms in self.late
                                         for least_ms, within_s in OPENS if ms >= least_ms):
                found.append(t_s)
        return found

    def _was_slow(self, from_s, until_s):
        return any(begin < until_s and end > from_s for begin, end in self.slow)


def be_watchful(flash):
    """The broker counts as silent after six seconds, so it is asked for a sign of life every two."""
    cpython.install()
    try:
        from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
        from firmware.storage.atomic_file import AtomicFile
        store = Store(AtomicFile(flash + "/data/settings", FILE_KIND, FILE_VERSION))
        store.load()
        store.set_many({"sources.timeout_s": 6})
    finally:
        cpython.uninstall()


@needs_mosquitto
class Proof(unittest.TestCase):
    def test_an_hour_without_a_broker_costs_no_session(self):
        without_broker(self, Mosquitto(self), 3600)

    def test_a_frozen_broker_holds_nothing_up_on_cpython(self):
        self.frozen(RealTime)

    def test_a_frozen_broker_holds_nothing_up_on_micropython(self):
        self.frozen(VmRealTime)

    def prime(self, charger):
        """On MicroPython a question brings the answer to the next one."""
        self.age(charger)

    def age(self, charger):
        """Seconds that it runs; None where it has not answered for a second."""
        try:
            return charger.fact("uptime_s")
        except NotNow:
            return None

    def frozen(self, kind):
        broker = Mosquitto(self)
        peer = Peer(self, broker)
        charger, seen, ages = kind(self, broker.port), {}, []
        charger.at(8, lambda: until(lambda: peer.all(BASE + "diagnostics"), "it is connected"))
        charger.at(9, charger.ev(plugged=True))
        for tenth in range(100, 860, 2):
            charger.at(tenth / 10, lambda: self.prime(charger))
        charger.at(20, lambda: peer.say(BASE + "cmd/set_ceiling", {"source": "home", "limit_ma": 10000, "failsafe_ma": 8000}))
        charger.at(24, lambda: seen.update(before=charger.fact("limit_ma")))
        charger.at(25, broker.freeze)
        for second in range(26, 44):
            charger.at(second, lambda: ages.append(self.age(charger)))
        charger.at(44, lambda: seen.update(frozen=charger.fact(), limit_ma=charger.fact("limit_ma")))
        charger.at(45, broker.thaw)
        charger.at(85, lambda: seen.update(back=charger.fact(), after=charger.fact("limit_ma"), late=charger.fact("lateness_ms"),
                                           contactor=charger.fact("contactor"), why=charger.fact("why_not_charging")))
        charger.run(86)
        self.assertEqual(seen["before"], 10000)
        self.assertEqual(seen["frozen"]["reason"], "timeout")
        self.assertEqual(seen["limit_ma"], 8000)
        self.assertEqual((seen["back"]["state"], seen["after"]), ("connected", 10000))
        self.assertLess(seen["late"]["max"], BLOCKED_MS)
        if kind is VmRealTime:
            self.judge(charger, seen)
        else:
            self.assertEqual(seen["contactor"], "closed")
        self.assertGreater(len(set(ages)), len(ages) * 2 // 3)        # it answered all the while

    def judge(self, charger, seen):
        """No tick of the charge is late and the contactor stays closed, but for moments in which the machine itself was slow."""
        slow_s = [end - begin for begin, end in charger.slow if end > FROM_S]
        print("MicroPython in real time%s: contactor %s, opened %d times; %d of %d ticks later than %d ms, the latest %d ms; the "
              "machine was slow in %d moments, %d ms together" % (
                  "" if charger.first else ", without real-time priority", seen["contactor"],
                  len(charger.edges("contacts", False, FROM_S * 1_000_000)), len(charger.late), charger.ticks, LATE_MS,
                  max([row[2] for row in charger.late], default=0), len(slow_s), sum(slow_s) * 1000))
        self.assertGreater(charger.ticks, (UNTIL_S - FROM_S) * 80)      # of 100 in a second
        self.assertEqual(charger.own_latenesses(), [])
        self.assertEqual(charger.own_openings(), [])
        if seen["contactor"] != "closed":
            self.assertTrue(charger.late, "open, and no tick was late")
            self.assertIn((seen["why"] or {}).get("fault"), MACHINES_FAULTS)


def main():
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(Proof))
    failed = len(result.failures) + len(result.errors)
    skips = [[test.id(), reason] for test, reason in result.skipped]
    report(result.testsRun - failed - len(skips), failed, skips)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
