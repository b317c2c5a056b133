# cpython only: what the twin on CPython remembers
"""Ticks that are not reckoned anew, and bursts that are not read anew, change nothing but the time that the host takes."""
import asyncio
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from tools.twin import cpython_port, quiet, soak_begin
from tools.twin.clock import VirtualClock
from tools.twin.hal import Hal
from tools.twin.runner import Twin
from tools.twin.scenario import Play, read
from tools.twin.soak_begin import CALLS

ADC, PIN = ("machine", "ADC", "read_uv"), ("machine", "Pin", "value")
SHORT = "wait 3 s\nplug phases=3 max_current_a=16 soc=0.2\nadvance 30 s\n"

CHARGE = """wait 3 s
advance 6 s
plug phases=3 max_current_a=16 soc=0.2
advance 22 s
command set_ceiling source=battery limit_ma=8000
advance 9 s
fault over_temperature on
advance 4 s
fault over_temperature off
advance 3 s
fault meter_silent on
advance 6 s
fault meter_silent off
fault cp_short on
advance 1 s
fault cp_short off
advance 38 s
fault rcd_ac on
advance 2 s
fault rcd_ac off
unplug
advance 8 s
"""


def _everything(one, seen, path, found):
    """Every attribute that can be reached from an object of the firmware, by its path."""
    if id(one) in seen:
        return
    seen.add(id(one))
    if isinstance(one, dict):
        parts = [(str(key), value) for key, value in one.items()]
    elif isinstance(one, (list, tuple)):
        parts = list(enumerate(one))
    elif type(one).__module__.startswith("firmware.") and hasattr(one, "__dict__"):
        parts = list(vars(one).items())
    else:
        if isinstance(one, (int, str, bytes, type(None))):
            found[path] = one
        elif type(one).__name__ == "array":
            found[path] = list(one)
        return
    for name, value in parts:
        if name != "_uv":                       # of the last burst that was read
            _everything(value, seen, "%s.%s" % (path, name), found)


def _silence_the_station(twin):
    """Its tick does nothing for four seconds, so that the request record grows old: all of a countdown is gone through."""
    import firmware.app
    station, until_us = firmware.app.current.station, twin.clock.now_us + 4_000_000
    tick = station.tick
    station.tick = lambda now_ms: tick(now_ms) if twin.clock.now_us > until_us else None


def _raising(call, every, ms, pin=""):
    """What the soak does where device calls raise: every n-th of them, for so long."""
    def begin(twin):
        import firmware.app
        chapter = SimpleNamespace(twin=twin, clock=twin.clock, watch=mock.Mock(), expect_bad_end=mock.Mock())
        inner = SimpleNamespace(chapter=chapter, app=lambda: firmware.app.current,
                                lasts=lambda us, undo: twin.clock.at(twin.clock.now_us + us, undo))
        soak_begin.device(inner, {"call": CALLS.index(call), "error": "OSError", "every": every, "ms": ms, "pin": pin})
    return begin


def _other_class_function(twin):
    """The core trips in each tick, for as long as this process lives, or until the test puts the function back."""
    core = sys.modules["firmware.safety.core"].SafetyCore
    real = core.tick

    def tick(self, now_ms):
        real(self, now_ms)
        self.trip(32)
    core.tick = tick
    return lambda: setattr(core, "tick", real)


def _other_step(twin):
    control = sys.modules["firmware.app"].current.control
    step, left = control.step, [3]

    def fails():
        left[0] -= 1
        if left[0] == 0:
            raise OSError(5)
        step()
    control.step = fails


def _waits_for_ever(twin):
    async def wait():
        await asyncio.Event().wait()
    sys.modules["firmware.app"].current.timer.wait = wait


def played(story_text, plain, seed=3, at_us=None, wrong=None):
    """What a story leaves behind: the physical edges, the device's time, all that the control loop and the station hold. At that
    time wrong(twin) happens; what it returns is called at the end."""
    with tempfile.TemporaryDirectory() as folder:
        story = Path(folder, "story.scn")
        story.write_text(story_text)
        twin = Twin(Path(folder, "flash"), 0, seed=seed)
        seen, made, undo = {}, [], []

        def done(failure):
            import firmware.app
            app = firmware.app.current
            found = {}
            for name in ("control", "station", "meter", "supervisor", "records"):
                _everything(getattr(app, name), set(), name, found)
            seen.update(failure=failure, now_us=twin.clock.now_us, edges=twin.world.trace.edges(), objects=found,
                        history={gpio: list(rows) for gpio, rows in twin.hal.history.items()}, facts=twin.all_facts())
            twin.end()

        def counted(*arguments):
            made.append(None if plain else quiet.quiet_ticks(*arguments))
            return made[-1]
        Play(twin, read(story), done).start()
        if wrong is not None:
            twin.clock.at(at_us, lambda: undo.append(wrong(twin)))
        with mock.patch.object(cpython_port, "remember", (lambda *a: None) if plain else cpython_port.remember), \
                mock.patch.object(cpython_port, "quiet_ticks", counted), contextlib.redirect_stderr(io.StringIO()):
            twin.run()
        twin.close()
        for put_back in filter(None, undo):
            put_back()
        seen["disturbed"] = twin.hal.disturbed
        seen["taken"] = sum(one.taken for one in made if one is not None)
        return seen


class QuietTicks(unittest.TestCase):
    def test_a_charge_with_faults_is_the_same_run_with_and_without_them(self):
        plain, quick = played(CHARGE, True), played(CHARGE, False)
        self.assertIsNone(plain.pop("failure"))
        self.assertGreater(len(plain["edges"]), 20)
        self.assertEqual(plain.pop("taken"), 0)
        self.assertGreater(quick["taken"], 2000)
        objects, others = plain.pop("objects"), quick["objects"]
        self.assertGreater(len(objects), 300)
        self.assertEqual([path for path, value in objects.items()
                          if "/flash/" not in str(value) and others.get(path, "none") != value], [])
        for name in plain:
            self.assertEqual(plain[name], quick[name], name)

    def alike(self, story, at_us, wrong):
        """The run without what is remembered, after it was compared with the one with it."""
        plain, quick = [played(story, plain, at_us=at_us, wrong=wrong) for plain in (True, False)]
        self.assertGreater(quick.pop("taken"), 500)
        self.assertEqual(plain.pop("taken"), 0)
        for seen in (plain, quick):
            seen["objects"] = {path: value for path, value in seen["objects"].items() if "/flash/" not in str(value)}
        for name in plain:
            self.assertEqual(plain[name], quick[name], name)
        return plain

    def coil_off(self, seen, since_us):
        return [t_us for t_us, signal, value in seen["edges"] if (signal, value) == ("coil", False) and t_us > since_us]

    def test_a_heartbeat_that_stands_still_is_the_same_run_too(self):
        self.assertTrue(self.coil_off(self.alike(SHORT, 20_000_000, _silence_the_station), 20_000_000))

    def test_device_calls_that_raise_raise_in_each_tick_and_as_long_as_they_do(self):
        for call, every, ms, pin in ((ADC, 1, 300, ""), (ADC, 40, 3_000, ""), (PIN, 1, 300, "rcd_trip"),
                                     (PIN, 1, 300, "coil_watchdog"), (PIN, 1, 300, "contactor_feedback_1"), (PIN, 7, 300, "")):
            with self.subTest(call=call, every=every, pin=pin):
                seen = self.alike(SHORT, 20_000_000, _raising(call, every, ms, pin))
                self.assertEqual(seen["disturbed"], 0)
                self.assertIsNone(seen["failure"])
                self.assertTrue([1 for path in seen["objects"] if path.startswith("control._board.errors.")], "nothing raised")
                self.assertEqual(len(self.coil_off(seen, 20_000_000)) > 0, every != 40, seen["edges"][-5:])

    def test_functions_of_the_control_loop_that_were_replaced_act_at_once(self):
        for wrong in (_other_class_function, _other_step, _waits_for_ever):
            with self.subTest(wrong.__name__):
                off_us = self.coil_off(self.alike(SHORT, 20_000_000, wrong), 20_000_000)
                self.assertLess(off_us[0], 20_100_000)

    def test_a_disturbance_ends_once_however_often_that_is_said(self):
        hal = Hal({"pins": {"cp_pwm": 1, "cp_adc": 2}}, VirtualClock())
        first, second = hal.disturb(), hal.disturb()
        first()
        first()
        self.assertEqual((hal.disturbed, hal.disturbances), (1, 2))
        second()
        self.assertEqual(hal.disturbed, 0)


if __name__ == "__main__":
    unittest.main()
