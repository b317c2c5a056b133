# cpython only: searches the source tree
"""No file of the project names a package registry's host."""
import sys
import unittest

from host_tests.checks.trees import Tree
from tools.checks import words

HOST = "registry.example.org"


class Words(unittest.TestCase):
    def test_a_registry_named_in_any_file_is_found_with_its_line(self):
        with Tree({"docs/setup.md": "fine\nget it from https://Registry.Example.org/simple\n"}) as tree:
            self.assertEqual([(f.path, f.line) for f in words.check(tree.root, [HOST])], [("docs/setup.md", 2)])

    def test_a_tree_without_one_passes(self):
        with Tree({"docs/setup.md": "make lib fetches it\n"}) as tree:
            self.assertEqual(words.check(tree.root, [HOST]), [])

    def test_hosts_are_asked_from_the_tools(self):
        ask = ([sys.executable, "-c", "print('https://%s/simple/ file:///some/where http://127.0.0.1:3141/x')" % HOST],)
        self.assertEqual(words.hosts(ask), [HOST])

    def test_a_tool_that_is_not_there_is_no_error(self):
        self.assertEqual(words.hosts((["no-such-tool-anywhere", "config"], [sys.executable, "-c", "raise SystemExit(1)"])), [])

    def test_pip_always_knows_at_least_one_host(self):
        self.assertTrue(words.hosts())


class Project(unittest.TestCase):
    def test_the_project_names_none(self):
        self.assertEqual(words.check(), [])
