"""Remembered bursts change nothing but the time that the host takes."""
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from tools.twin import cpython
from tools.twin.runner import Twin
from tools.twin.scenario import Play, read

STORY = """wait 3 s
plug phases=3 max_current_a=16 soc=0.2
advance 8 s
fault cp_short on
advance 1 s
fault cp_short off
advance 34 s
unplug
advance 2 s
"""


def played(plain):
    """What a story leaves behind: the physical edges, the device's time, the core's records."""
    with tempfile.TemporaryDirectory() as folder:
        story = Path(folder, "story.scn")
        story.write_text(STORY)
        twin = Twin(Path(folder, "flash"), 0, seed=3)
        seen = {}

        def done(failure):
            import firmware.app
            app = firmware.app.current
            seen.update(failure=failure, now_us=twin.clock.now_us, edges=twin.world.trace.edges(), inputs=vars(app.core.inputs),
                        outputs=vars(app.core.outputs), pilot=vars(app.core.pilot), late=list(app.lateness._counts),
                        history={gpio: list(rows) for gpio, rows in twin.hal.history.items()}, facts=twin.all_facts())
            twin.end()
        Play(twin, read(story), done).start()
        with mock.patch.object(cpython, "remember", (lambda *a: None) if plain else cpython.remember):
            twin.run()
        twin.close()
        return seen


class RememberedBursts(unittest.TestCase):
    def test_a_charge_with_a_fault_is_the_same_run(self):
        plain, quick = played(True), played(False)
        self.assertIsNone(plain["failure"])
        self.assertGreater(len(plain["edges"]), 10)
        for name in plain:
            self.assertEqual(plain[name], quick[name], name)
