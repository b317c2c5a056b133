# cpython only: starts VM processes, a file server and OpenSSL
"""A sample of the power-cut sweep over an update; `python -m host_tests.ota_powercut` cuts at every flash operation."""
import pytest

from host_tests.ota_powercut.sweep import NEW, OLD, Scene, after_switch, ran, sweep_from
from tools.build.keys import KeyProblem
from tools.setup.vm import VmMissing
from tools.twin import slots


@pytest.fixture(scope="module")
def scene():
    try:
        with Scene() as scene:
            yield scene
    except (VmMissing, KeyProblem) as missing:
        pytest.skip(str(missing))


def test_an_update_is_fetched_tried_and_confirmed_and_only_what_changed_is_fetched(scene):
    device = scene.fresh(scene.base)
    try:
        start = device.start("power")
        assert ran(start) == [("a", OLD, "whole")] and "NOTE downloaded " + NEW in start.text
        start = device.start("hard")
        assert ran(start) == [("b", NEW, "whole")] and "CONFIRMED" in start.text and "NOTE installed" in start.text
        changed = [path for path in scene.new if scene.new[path] != scene.old.get(path)]
        if scene.site.server == "nginx":
            assert len(scene.site.asked()) == 1 + len(changed)
        start = device.start("hard")
        assert ran(start) == [("b", NEW, "whole")] and "STAYS None" in start.text   # nothing newer
    finally:
        device.close()


@pytest.mark.parametrize("which", ["update", "first start"])
def test_whenever_the_power_is_cut_the_old_or_the_new_version_starts_whole(scene, which):
    image = scene.base if which == "update" else after_switch(scene)
    operations, points, findings = sweep_from(scene, image, step=151 if which == "update" else 6, offset=3)
    assert findings == []
    assert points >= 4 and operations > 10


def test_the_sweep_finds_an_updater_that_is_careless(scene):
    """One that leaves no mark while it writes: a cut leaves a slot that only looks whole."""
    device = scene.fresh(scene.base)
    try:
        device.write("b/firmware/app.mpy", scene.new["firmware/app.mpy"])      # and not yet what it loads later
        device.write("b/manifest", scene.signed(scene.new, NEW))
        device.write("slot.json", slots.pointer("b", "a"))
        start = device.start("power")
        assert ran(start) == [] or ran(start)[0][2] != "whole"
    finally:
        device.close()
