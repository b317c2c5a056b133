# cpython only: checks the source tree with CPython's ast
"""What MicroPython lacks is found before it runs: one line of each kind, in a small tree."""
import unittest

from host_tests.checks.trees import Tree, one_test_per_row
from tools.checks import language

BROKEN = (
    ("the branch for MicroPython", "os.path", "import os, sys\nX = os.path if sys.implementation.name == 'micropython' else 1\n"),
    ("match", "match statement", "def f(x):\n    match x:\n        case 1: return 2\n"),
    ("exception groups", "except*", "\ntry:\n    X = 1\nexcept* OSError:\n    X = 2\n"),
    ("positional-only", "positional-only", "\ndef f(a, /): return a\n"),
    ("star in list", "list, tuple or set", "A = []\nX = [1, *A]\n"),
    ("star in tuple", "list, tuple or set", "A = []\nX = (1, *A)\n"),
    ("star in set", "list, tuple or set", "A = []\nX = {1, *A}\n"),
    ("double star in dict", "** in a dict", "A = {}\nX = {'b': 1, **A}\n"),
    ("async comprehension", "asynchronous", "async def f(x):\n    return [y async for y in x]\n"),
    ("raise from", "raise … from", "def f(e):\n    raise ValueError from e\n"),
    ("metaclass", "metaclass", "\nclass A(metaclass=type): pass\n"),
    ("two bases", "several base", "\nclass A(list, dict): pass\n"),
    ("init subclass", "__init_subclass__", "class A:\n    def __init_subclass__(cls): pass\n"),
    ("dataclass", "decorator dataclass", "\n@dataclass\nclass A: pass\n"),
    ("zfill", "zfill", "\nX = '1'.zfill(3)\n"),
    ("ljust", "ljust", "\nX = '1'.ljust(3)\n"),
    ("removeprefix", "removeprefix", "\nX = '1'.removeprefix('a')\n"),
    ("bit_length", "bit_length", "\nX = (1).bit_length()\n"),
    ("hexdigest", "hexdigest", "import hashlib\nX = hashlib.sha256(b'').hexdigest()\n"),
    ("asyncio.Queue", "asyncio.Queue", "import asyncio\nX = asyncio.Queue\n"),
    ("asyncio.timeout", "asyncio.timeout", "\nfrom asyncio import timeout\n"),
    ("asyncio.to_thread", "asyncio.to_thread", "import asyncio\nX = asyncio.to_thread\n"),
    ("os.path", "os.path", "import os\nX = os.path\n"),
    ("os.replace", "os.replace", "import os\ndef f(): os.replace('a', 'b')\n"),
    ("JSONDecodeError", "json.JSONDecodeError", "import json\nX = json.JSONDecodeError\n"),
    ("vars", "vars()", "\nX = vars(1)\n"),
    ("call with **", "call with **", "\ndef f(a): return f(**a)\n"),
    ("print flush", "print(flush", "\ndef f(): print(1, flush=True)\n"),
    ("to_bytes signed", "to_bytes(signed", "\nX = (1).to_bytes(2, 'big', signed=True)\n"),
    ("decode errors", "decode() with an error handler", "\nX = b''.decode('utf-8', 'replace')\n"),
    ("json indent", "json.dumps(indent", "import json\nX = json.dumps(1, indent=1)\n"),
    ("struct bool", "struct format", "import struct\nX = struct.calcsize('<?')\n"),
    ("counted repetition", "regular expression", "import re\nX = re.compile('a{2}')\n"),
    ("look-ahead", "regular expression", "import re\nX = re.compile('a(?=b)')\n"),
    ("regular expression flags", "with flags", "import re\nX = re.compile('a', 2)\n"),
)
IMPORT_TIME = (
    ("a call", "\nprint(1)\n"),
    ("a loop", "\nfor X in range(3): pass\n"),
    ("with", "\nwith X: pass\n"),
)
FINE = (
    ("f-strings", "A = 1\nX = f'{A!r:>5}'\n"),
    ("walrus", "X = (Y := 3)\n"),
    ("star in a call", "def f(*a, **k): return f(*a)\n"),
    ("a method of our own", "class A:\n    def zfill(self): return self.zfill()\n"),
    ("starred assignment", "A, *B = [1, 2]\n"),
    ("plain regular expressions", "import re\nX = re.compile('^[a-z]+(a|b)?$')\n"),
    ("what only CPython reaches",
     "import os\nimport sys\nif sys.implementation.name == 'micropython':\n    X = 1\nelse:\n    X = os.path\n"),
    ("what only CPython reaches by a constant", "import os\nimport sys\nMICROPYTHON = sys.implementation.name == 'micropython'\n"
     "def f():\n    if not MICROPYTHON:\n        return os.path\n    return 1\n"),
    ("what follows a return on MicroPython",
     "import json\nimport sys\ndef f(x):\n    if sys.implementation.name == 'micropython':\n        return json.dumps(x)\n"
     "    return json.dumps(x, indent=1)\n"),
    ("json separators", "import json\nX = json.dumps(1, separators=(',', ':'))\n"),
)


def found(text, compiled=False):
    with Tree({"firmware/services/module.py": text}) as tree:
        return language.check(tree.root, compiled)


def _broken(case, _, what, text):
    findings = found(text)
    case.assertEqual([finding.line for finding in findings], [2])
    case.assertIn(what, findings[0].what)


def _import_time(case, _, text):
    case.assertEqual([(finding.line, finding.what) for finding in found(text)], [(2, "work at import time")])


@one_test_per_row(BROKEN, lambda name, what, text: name + " is refused", _broken)
@one_test_per_row(IMPORT_TIME, lambda name, text: name + " at import time is refused", _import_time)
@one_test_per_row(FINE, lambda name, text: name + " passes", lambda case, name, text: case.assertEqual(found(text), []))
class Rules(unittest.TestCase):
    def test_boot_may_work_at_import_time(self):
        with Tree({"boot.py": "print(1)\n"}) as tree:
            self.assertEqual(language.check(tree.root, False), [])

    def test_what_mpy_cross_refuses_is_found_with_its_line(self):
        findings = language.compile_findings(*self._compiled("X = 1\ndef f():\n    nonlocal Y\n"))
        self.assertEqual([(finding.path, finding.line) for finding in findings], [("firmware/services/module.py", 3)])

    def _compiled(self, text):
        tree = Tree({"firmware/services/module.py": text})
        self.addCleanup(tree.__exit__)
        tree.__enter__()

        class Unparsed:
            path = "firmware/services/module.py"
        return tree.root, [Unparsed]

    def test_mpy_cross_takes_what_is_right(self):
        self.assertEqual(found("X = 1\n", compiled=True), [])
