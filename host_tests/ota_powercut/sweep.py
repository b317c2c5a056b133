"""Cuts the power at every flash operation of an update, of the switch and of the first start; then the charger must start.

Real boot.py, real LittleFS, the firmware's own updater as it ships (.mpy), a real file server; after each cut a fresh VM.
"""
import ast
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from host_tests.boot.devices import REPO, VmDevice
from host_tests.ota_powercut.site import Site
from tools.build import keys, release
from tools.setup.mpy import compile_application
from tools.twin import slots

SMALL_APP = Path(__file__).with_name("small_app.py")
LATER = "services/ota/*.py"     # the updater loads these by name when it needs them; the rest is imported
OLD, NEW = "1.0.0", "1.1.0"
BLOCKS = 160
CONVERGES_EVERY = 10      # after so many cuts the interrupted update is also done again, to its end


def _imports(path):
    """The firmware's files that a file imports, at its head or within a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module] + [node.module + "." + alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            found = REPO / (name.replace(".", "/") + ".py")
            if name.startswith("firmware.") and found.exists():
                yield found


def needed():
    """The firmware's files that the small application runs with: what it imports, what those import, and so on."""
    found, left = set(), [SMALL_APP, *(REPO / "firmware").glob(LATER)]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left.extend(_imports(path))
    return found - {SMALL_APP}


def small_application(folder, version, moduli):
    """{path: bytes} of the small application around the real updater, as it ships."""
    root = Path(folder)
    for path in needed():
        target = root / path.relative_to(REPO)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    shutil.copyfile(SMALL_APP, root / "firmware" / "app.py")
    changes = {"firmware.version": release.VERSION_PY % version, "firmware.services.ota.release_keys": keys.trusting(moduli)}
    return compile_application(root, changes=changes)


class Scene:
    """Two signed versions, a server with the new one, and a charger that runs the old one from slot a. `with Scene() as scene`."""

    def __init__(self, server=None):
        self._server = server

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        place = Path(self._folder.name)
        self.key = place / "key.pem"
        moduli = (keys.make(self.key),)
        self.old = small_application(place / "old", OLD, moduli)
        self.old["firmware/page/gone.gz"] = b"gone" * 30
        self.new = small_application(place / "new", NEW, moduli)
        self.new["firmware/page/new.gz"] = bytes(range(256)) * 20
        (place / "site").mkdir()
        (place / "nginx").mkdir()
        self.publish = place / "site"
        self.write(self.new, NEW)
        self.site = Site(self.publish, place / "nginx", server=self._server).__enter__()
        self.device = self.fresh()
        for path, data in self.old.items():
            self.device.write("a/" + path, data)
        self.device.write("a/manifest", self.signed(self.old, OLD))
        self.device.write("slot.json", slots.pointer("a"))
        self.device.write("url", self.site.url)
        self.base = self.device.copy_image()
        return self

    def __exit__(self, *exc):
        self.site.__exit__(*exc)
        self.device.close()
        self._folder.cleanup()

    def signed(self, files, version):
        """The manifest of these files."""
        return release.signed(release.manifest_text(files, version, "2026-11-20"), self.key)

    def write(self, files, version):
        """Let the server have this release."""
        release.write(self.publish, files, self.signed(files, version), version)

    def fresh(self, image=None):
        """A device with an image as its flash."""
        device = VmDevice(blocks=BLOCKS, real_time=True)
        if image is not None:
            device.use_image(image)
        return device


def ran(start):
    """[(slot, version, "whole" or the damaged file)] of the applications that a start began."""
    return [tuple(line.split(" ")[1:]) for line in start.text.splitlines() if line.startswith("APP ")]


def check_cut(scene, image, cut, torn, converge):
    """Cut a start from this image; None when the charger starts whole afterwards, else a sentence; "uncut": it was over."""
    device = scene.fresh(image)
    try:
        start = device.start("power", cut=cut, torn=torn)
        if start.end != "power_cut":
            return "uncut"
        if not converge:
            device.remove("url")
        start = device.start("power")
        found = ran(start)
        if len(found) != 1 or found[0][1] not in (OLD, NEW) or found[0][2] != "whole":
            return "cut %d%s: %s" % (cut, " torn" if torn else "", start.text[-600:])
        if converge:
            for _ in range(2):
                if "CONFIRMED " + NEW in start.text or found[0][1] == NEW:
                    break
                start = device.start("hard")
                found = ran(start)
            if not found or found[0][1:] != (NEW, "whole"):
                return "cut %d%s: the update does not come to its end: %s" % (cut, " torn" if torn else "", start.text[-600:])
        return None
    finally:
        device.close()


def sweep_from(scene, image, step=1, workers=2, offset=0):
    """(operations, cut points, findings) of all cuts of one start, every step-th of them, clean and torn."""
    device = scene.fresh(image)
    whole = device.start("power")
    operations = device.operations
    device.close()
    if whole.end != "reset:hard":
        return operations, 0, ["without a cut: " + whole.text[-600:]]
    jobs = [(cut, torn, index % CONVERGES_EVERY == 0) for torn in (False, True)
            for index, cut in enumerate(range(1 + offset, operations + 1, step))]
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(lambda job: check_cut(scene, image, *job), jobs))
    return operations, len(jobs), [one for one in found if one and one != "uncut"]


def after_switch(scene):
    """The image of a charger that has just switched, before the new version's first start."""
    device = scene.fresh(scene.base)
    try:
        start = device.start("power")
        if start.end != "reset:hard" or "NOTE downloaded " + NEW not in start.text:
            raise RuntimeError("the update does not work: " + start.text)
        return device.copy_image()
    finally:
        device.close()


def sweep(step=1, out=sys.stdout, server=None):
    """Both starts; prints a line each. Returns (cut points, findings)."""
    total, findings = 0, []
    with Scene(server) as scene:
        for name, image in (("update and switch", scene.base), ("first start", after_switch(scene))):
            operations, points, found = sweep_from(scene, image, step if name != "first start" else max(1, step // 4))
            print("%-18s %5d flash operations, %5d cut points, %d findings (%s)" % (
                name, operations, points, len(found), scene.site.server), file=out)
            total += points
            findings += found
    for finding in findings[:10]:
        print("  " + finding, file=out)
    return total, findings
