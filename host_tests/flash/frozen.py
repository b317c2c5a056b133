"""The manifest for images with the application frozen into them, judged by MicroPython's own tools; of `make proof`, as it compiles
everything: `python -m pytest host_tests/flash/frozen.py`."""
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tools.build import frozen
from tools.setup import manifest_tool
from tools.setup.vm import VmMissing

# What the build of a port hands to its tools; the rest of it is C.
QSTR_HEADER = "QCFG(BYTES_IN_LEN, (1))\nQCFG(BYTES_IN_HASH, (1))\n"
NAME = re.compile(r'^    "(\S+)\\0"$', re.M)


class Frozen(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.tools = manifest_tool.find()
        except VmMissing as error:
            raise unittest.SkipTest(str(error)) from None
        cls.made = frozen.write()       # by the same passes as what goes into a slot

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Path(folder.name)
        for name, text in (("port/boards/manifest.py", ""), ("mpy-cross", ""),
                           ("build/genhdr/qstrdefs.preprocessed.h", QSTR_HEADER)):
            path = self.place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def test_every_module_of_the_shipped_application_is_frozen_under_its_own_name(self):
        out = self.place / "frozen_content.c"
        done = subprocess.run(
            [sys.executable, str(self.tools / "tools/makemanifest.py"), "-o", str(out), "-b", str(self.place / "build"),
             "-v", "MPY_DIR=%s" % self.tools, "-v", "PORT_DIR=%s" % (self.place / "port"), "-v", "MPY_LIB_DIR=",
             str(frozen.MANIFEST)],
            capture_output=True, text=True, env={"MICROPY_MPYCROSS": str(self.place / "mpy-cross"), "PATH": "/usr/bin:/bin"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        text = out.read_text()
        names = NAME.findall(text[text.index("const char mp_frozen_names"):])
        modules = [name[len("mpy/"):-len(".mpy")] + ".py" for name in self.made if name.endswith(".mpy")]
        self.assertEqual(sorted(names), sorted(modules))
        self.assertIn("firmware/app.py", names)
        self.assertGreater(len(names), 30)

    def test_the_manifest_is_read_as_a_port_reads_it(self):
        code = ("import sys; sys.path.insert(0, %r)\nimport manifestfile as m\n"
                "one = m.ManifestFile(m.MODE_FREEZE, {'PORT_DIR': %r, 'MPY_DIR': %r, 'MPY_LIB_DIR': ''})\none.execute(%r)\n"
                "print(*sorted(row.target_path for row in one.files() if row.kind == m.KIND_FREEZE_MPY), sep='\\n')"
                % (str(self.tools / "tools"), str(self.place / "port"), str(self.tools), str(frozen.MANIFEST)))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        made = sorted(path.relative_to(frozen.OUT / "mpy").as_posix() for path in (frozen.OUT / "mpy").rglob("*.mpy"))
        self.assertEqual(done.stdout.split(), made)

    def test_the_page_lies_where_a_frozen_application_looks_for_it(self):
        self.assertTrue((frozen.OUT / "firmware/page.pack").is_file())


if __name__ == "__main__":
    unittest.main()
