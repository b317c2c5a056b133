"""Ticks that are not reckoned anew, and bursts that are not read anew, change nothing but the time that the host takes."""
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from tools.twin import cpython, quiet
from tools.twin.runner import Twin
from tools.twin.scenario import Play, read

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


def played(story_text, plain, seed=3, silent_us=None):
    """What a story leaves behind: the physical edges, the device's time, all that the control loop and the station hold."""
    with tempfile.TemporaryDirectory() as folder:
        story = Path(folder, "story.scn")
        story.write_text(story_text)
        twin = Twin(Path(folder, "flash"), 0, seed=seed)
        seen, made = {}, []

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
        if silent_us is not None:
            twin.clock.at(silent_us, lambda: _silence_the_station(twin))
        with mock.patch.object(cpython, "remember", (lambda *a: None) if plain else cpython.remember), \
                mock.patch.object(cpython, "quiet_ticks", counted):
            twin.run()
        twin.close()
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

    def test_a_heartbeat_that_stands_still_is_the_same_run_too(self):
        story = "wait 3 s\nplug phases=3 max_current_a=16 soc=0.2\nadvance 30 s\n"
        plain, quick = [played(story, plain, silent_us=20_000_000) for plain in (True, False)]
        self.assertIn(False, [value for t_us, signal, value in plain["edges"] if signal == "coil" and t_us > 20_000_000])
        self.assertGreater(quick.pop("taken"), 500)
        self.assertEqual(plain.pop("taken"), 0)
        for seen in (plain, quick):
            seen["objects"] = {path: value for path, value in seen["objects"].items() if "/flash/" not in str(value)}
        for name in plain:
            self.assertEqual(plain[name], quick[name], name)
