# cpython only: the host's own set-up
"""What is fetched is fetched by hash, and the places that name a version agree."""
import hashlib
import json
import tomllib
import unittest
import zipfile

from host_tests.checks.trees import Tree
from tools.setup import lib, lock

ROOT = lock.ROOT


class Locks(unittest.TestCase):
    def pins(self, name):
        """{package: (version, number of hashes)} of a lock file."""
        found = {}
        for line in (ROOT / "tools/setup" / (name + ".lock")).read_text().splitlines():
            if "==" in line:
                package, version = line.rstrip(" \\").split("==")
                found[package] = [version, 0]
            elif "--hash=sha256:" in line:
                found[package][1] += 1
        return found

    def test_every_requirement_of_pyproject_is_locked_with_hashes(self):
        groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
        for name in lock.GROUPS:
            pins = self.pins(name)
            for requirement in lock.group(groups, name):
                package, version = requirement.split("==")
                with self.subTest(group=name, package=package):
                    self.assertEqual(pins[package][0], version)
            for package, (_, hashes) in pins.items():
                self.assertGreater(hashes, 0, package)

    def test_what_the_device_carries_of_others_has_a_hash_and_stands_in_the_readme(self):
        told = (ROOT / "lib" / "README.md").read_text()
        carried = lib.read_lock(ROOT / "lib")
        self.assertEqual(told.count("\n| "), 1 + len(carried))         # a head, and a row each
        for package in carried:
            with self.subTest(package["name"]):
                self.assertRegex(package["sha256"], "^[0-9a-f]{64}$")
                self.assertIn("| %s %s (MIT) |" % (package["name"], package["version"]), told)


class Lib(unittest.TestCase):
    def setUp(self):
        tree = Tree({})
        tree.__enter__()
        self.addCleanup(tree.__exit__)
        self.lib = tree.root / "lib"
        self.lib.mkdir()
        self.wheel = tree.root / "thing-1.0-py3-none-any.whl"
        with zipfile.ZipFile(self.wheel, "w") as archive:
            archive.writestr("thing/__init__.py", "X = 1\n")
            archive.writestr("thing/unwanted.py", "Y = 1\n")
        self.package = {"name": "thing", "version": "1.0", "why": "a test", "files": ["thing/__init__.py"],
                        "sha256": hashlib.sha256(self.wheel.read_bytes()).hexdigest()}

    def unpack(self):
        self.write_lock()
        files = lib.unpack(self.package, self.wheel, self.lib)
        listed = [["thing", "1.0", self.package["sha256"], self.package["files"]]]
        (self.lib / lib.FETCHED).write_text(json.dumps({"packages": listed, "files": files}))

    def write_lock(self):
        (self.lib / "lock.json").write_text(json.dumps({"packages": [self.package]}))

    def refused(self, word, function, *arguments):
        with self.assertRaises(lib.LibError) as caught:
            function(*arguments)
        self.assertIn(word, str(caught.exception))

    def test_only_the_files_named_are_taken(self):
        self.unpack()
        self.assertTrue((self.lib / "thing/__init__.py").exists())
        self.assertFalse((self.lib / "thing/unwanted.py").exists())
        lib.check(self.lib)

    def test_a_wheel_with_another_hash_is_refused(self):
        self.package["sha256"] = "0" * 64
        self.refused("0" * 64, lib.unpack, self.package, self.wheel, self.lib)
        self.assertFalse((self.lib / "thing").exists())

    def test_a_file_outside_lib_is_refused(self):
        self.package["files"] = ["../firmware/app.py"]
        self.refused("outside", lib.unpack, self.package, self.wheel, self.lib)

    def test_a_file_the_wheel_lacks_is_named(self):
        self.package["files"] = ["thing/gone.py"]
        self.refused("thing/gone.py", lib.unpack, self.package, self.wheel, self.lib)

    def test_files_of_an_archive_that_is_no_python_project_are_taken_from_where_pip_unpacked_them(self):
        unpacked = self.wheel.parent / "unpacked"
        (unpacked / "thing").mkdir(parents=True)
        (unpacked / "thing/__init__.py").write_text("X = 1\n")
        (unpacked / "thing/unwanted.py").write_text("Y = 1\n")
        files = lib.copy(self.package, unpacked, self.lib)
        self.assertEqual(files, {"thing/__init__.py": hashlib.sha256(b"X = 1\n").hexdigest()})
        self.assertFalse((self.lib / "thing/unwanted.py").exists())
        self.package["files"] = ["thing/gone.py"]
        self.refused("thing/gone.py", lib.copy, self.package, unpacked, self.lib)
        self.package["files"] = ["../firmware/app.py"]
        self.refused("outside", lib.copy, self.package, unpacked, self.lib)

    def test_an_edited_file_is_refused(self):
        self.unpack()
        (self.lib / "thing/__init__.py").write_text("X = 2\n")
        self.refused("edited", lib.check, self.lib)

    def test_a_file_nobody_listed_is_refused(self):
        self.unpack()
        (self.lib / "extra.py").write_text("")
        self.refused("extra.py", lib.check, self.lib)

    def test_what_a_desktop_leaves_there_is_nobody_s(self):
        self.unpack()
        (self.lib / "thing/.DS_Store").write_bytes(b"\xff")
        lib.check(self.lib)

    def test_a_changed_lock_asks_for_make_lib(self):
        self.unpack()
        self.package["version"] = "1.1"
        self.write_lock()
        self.refused("make lib", lib.check, self.lib)

    def test_an_entry_without_reason_is_refused(self):
        self.package["why"] = ""
        self.write_lock()
        self.refused("why", lib.read_lock, self.lib)
