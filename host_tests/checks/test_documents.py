# cpython only: reads the source tree
"""What a document names (links, commands, options, files, settings, API paths) is there."""
import json
import unittest

from host_tests.checks.trees import Tree, one_test_per_row
from tools.checks import documents

TREE = {
    "Makefile": "run: x  ## start\n\t@$(PY) -m tools.thing $(ARGS)\nflash:  ## put it on\n\t@$(PY) -m tools.one --port $(PORT)\n",
    "tools/thing/__main__.py": "parser.add_argument(\"--fast\")\n",
    "tools/one.py": "parser.add_argument(\"--port\")\n",
    "docs/other.md": "# A heading, with `code`\n",
    "firmware/page/api/openapi.json": json.dumps({"paths": {"/api/v1/sessions/{number}/curve": {}, "/api/v1/status": {}}}),
}
SETTINGS = (("meter.type", "text", "", None, "", "", ""),)

WRONG = (
    ("a link to nowhere", "[see](docs/none.md)", "no none.md"),
    ("a link to a heading that is not there", "[see](docs/other.md#elsewhere)", "no heading elsewhere"),
    ("a module that is not there", "call `python -m tools.none`", "no module tools.none"),
    ("an option that its module does not know", "`python -m tools.thing --slow`", "no option --slow"),
    ("a target that make does not have", "`make coffee`", "no target coffee"),
    ("a target in a block of commands", "    make coffee   # hot", "no target coffee"),
    ("a variable that the Makefile does not use", "    make flash DOOR=1", "does not know DOOR"),
    ("an option in a target's ARGS", "    make run ARGS=\"--slow\"", "no option --slow"),
    ("a source file that is not there", "`none.py` does it", "no file none.py"),
    ("a path of which only the end exists", "`tools/other/one.py` does it", "no file tools/other/one.py"),
    ("one of several files in braces", "`tools/{one,two}.py`", "no file tools/{one,two}.py"),
    ("a setting that the table does not have", "turn `meter.kind` on", "no setting meter.kind"),
    ("an API path that the charger does not serve", "`GET /api/v1/state`", "no path /api/v1/state"),
)

RIGHT = (
    ("links to files, headings and the internet",
     "[a](docs/other.md) [b](docs/other.md#a-heading-with-code) [c](https://example.org/x)"),
    ("commands with their options", "`python -m tools.thing --fast`, `python -m tools.one --help`, `make flash PORT=/dev/x`"),
    ("make as a verb", "they make sense, and make coffee"),
    ("files by path, by their end, by a pattern", "`tools/one.py` `one.py` `tools/thing/*.py` `other.md` `tools/NAME.py`"),
    ("what is made or lies on a device", "`build/x/label.svg` `/identity.json` `slot.json` `objects/abc.bin`"),
    ("settings, all of an area, and what only looks like one", "`meter.type` `meter.*` `meter.…` `math.floor` `meter.none()`"),
    ("API paths with something for their variable part",
     "`/api/v1/sessions/NUMBER/curve` `/api/v1/sessions…` `/api/v1/status?public=1`"),
)


def found(line):
    with Tree({**TREE, "README.md": "# Top\n\n%s\n" % line}) as tree:
        return [(f.path, f.line, f.what) for f in documents.check(tree.root, SETTINGS)]


def is_found(case, _, line, what):
    findings = found(line)
    case.assertEqual([(path, number) for path, number, _ in findings], [("README.md", 3)], findings)
    case.assertIn(what.removeprefix("no "), findings[0][2])


def passes(case, _, line):
    case.assertEqual(found(line), [])


@one_test_per_row(WRONG, lambda what, *_: "%s is found with its line" % what, is_found)
@one_test_per_row(RIGHT, lambda what, *_: "%s may stand there" % what, passes)
class Documents(unittest.TestCase):
    pass


class Project(unittest.TestCase):
    def test_everything_that_the_documents_name_is_there(self):
        self.assertEqual(documents.check(), [])


if __name__ == "__main__":
    unittest.main()
