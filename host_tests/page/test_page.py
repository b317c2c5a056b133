# cpython only: reads the page's sources with re, pathlib and gzip
"""The page's sources: complete in every language, small, and without anything from elsewhere."""
import binascii
import gzip
import json
import re
import struct
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from firmware.charging.caps import SENSOR_NAMES
from firmware.charging.commands import COMMANDS, EVERYWHERE
from firmware.charging.facts import CONTACTOR_STATES, OVERVIEW_STATES, REFUSALS, SESSION_STATES
from firmware.charging.faults import FAULTS
from firmware.charging.reasons import LIMIT_REASONS, WHY
from firmware.charging.sources import OUTSIDE
from firmware.drivers.board_facts import CAPABILITIES, TOLD_BY_PINS
from host_tests.page.examples import CHANGES, status
from tools.bench.charger import FIRST_VIEW
from tools.build import page

PAGE = Path(__file__).resolve().parents[2] / "firmware" / "page"
SCRIPTS = sorted(PAGE.rglob("*.js"))
LANGUAGES = ("de", "en", "fr")


def _pairs_without_double(pairs):
    keys = [key for key, _ in pairs]
    double = {key for key in keys if keys.count(key) > 1}
    if double:
        raise ValueError("there twice: %s" % double)
    return dict(pairs)


def _sets():
    """{set: {language: {key: text}}}; the set "" is what the first view needs, others are named after who needs them."""
    found = {}
    for path in sorted((PAGE / "translations").glob("*.json")):
        name, _, language = path.stem.rpartition(".")
        found.setdefault(name, {})[language] = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_pairs_without_double)
    return found


def _words():
    return _sets()[""]


def _out_of(pack, name):
    """The text of a file in the packed page, as its format says."""
    for entry in range(8, 8 + 16 * int.from_bytes(pack[4:8], "little"), 16):
        crc, at, size, crc_of_data = struct.unpack_from("<IIII", pack, entry)
        if crc == binascii.crc32(name.encode()) and crc_of_data == binascii.crc32(pack[at:at + size]):
            return gzip.decompress(pack[at:at + size]).decode()
    raise KeyError(name)


class Translations(unittest.TestCase):
    def test_every_language_has_the_same_keys_and_gaps(self):
        for name, words in _sets().items():
            self.assertEqual(sorted(words), list(LANGUAGES), name)
            for language, texts in words.items():
                with self.subTest(set=name, language=language):
                    self.assertEqual(sorted(texts), sorted(words["en"]))
                    for key, text in texts.items():
                        self.assertTrue(text.strip(), key)
                        gaps, english = (sorted(re.findall(r"\{\w+\}", one)) for one in (text, words["en"][key]))
                        self.assertEqual(gaps, english, key)

    def test_no_two_sets_have_a_text_of_one_name(self):
        seen = {}
        for name, words in _sets().items():
            for key in words["en"]:
                self.assertNotIn(key, seen, "%s has %s, and so has %s" % (name, key, seen.get(key)))
                seen[key] = name

    def test_every_view_has_its_texts(self):
        self.assertEqual([path.stem for path in (PAGE / "views").glob("*.js") if path.stem not in _sets()], [])

    def test_every_code_that_the_firmware_sends_has_words(self):
        needed = ["state." + name for name in OVERVIEW_STATES] + ["step." + name for name in SESSION_STATES]
        needed += ["contactor." + name for name in CONTACTOR_STATES] + ["lacks." + row[0] for row in CAPABILITIES]
        needed += ["lacks." + name for name in TOLD_BY_PINS]
        for row in FAULTS:
            needed += ["fault." + row[1], "fault.%s.advice" % row[1]]
        for row in COMMANDS:
            needed += ["refused." + reason for reason in row[3] + EVERYWHERE + REFUSALS]
        needed += ["why." + row[0] for row in WHY] + ["because." + row[0] for row in LIMIT_REASONS if row[0] != "none"]
        needed += ["sensor." + name for name in SENSOR_NAMES] + ["by." + name for name in OUTSIDE]
        needed += ["temperature." + place for place in status("idle")["temperatures"]]
        self.assertEqual([key for key in needed if key not in _words()["en"]], [])

    def test_a_reason_sentence_fills_its_gaps_from_the_parameters_that_come_with_its_code(self):
        words = _words()["en"]
        for family, table in (("because", LIMIT_REASONS), ("why", WHY)):
            for code, parameters in table:
                given = {re.sub("_(ma|w|s|c)$", "", name) for name in parameters.split()}
                gaps = set(re.findall(r"\{(\w+)\}", words.get("%s.%s" % (family, code), "")))
                self.assertEqual(gaps - given, set(), code)

    def test_every_text_that_the_page_asks_for_is_there_and_none_is_left_over(self):
        source = (PAGE / "index.html").read_text() + "".join(path.read_text() for path in SCRIPTS)
        words = {key: text for name, languages in _sets().items() for key, text in languages["en"].items() if name != "settings"}
        asked = set(re.findall(r'data-t="([\w.]+)"', source)) | set(re.findall(r'\btext\("([\w.]+)"', source))
        self.assertEqual(sorted(asked - set(words)), [])
        families = set(re.findall(r"`([\w.]+\.)\$\{", source)) | {"fault."}       # fault keys come as the fact's advice
        left_over = [key for key in words if '"%s"' % key not in source and not key.startswith(tuple(families))]
        self.assertEqual(left_over, [])


class Refusals(unittest.TestCase):
    """What an API refuses (409, 422) is said in the reader's language: the firmware's own message is English."""

    # What none of the page's dialogs can cause, so that the message is a program's, and what the page says in other words.
    PROGRAMS = {"network.hidden", "network.priority"}
    OTHER_WORDS = {"bad_value", "bad_csv", "bad_line", "bad_backup", "unknown_argument"}

    def found(self, pattern, *paths):
        return {one for path in paths for one in re.findall(pattern, (PAGE.parent / path).read_text(encoding="utf-8"))}

    def test_every_field_of_cards_networks_and_pins_has_words_for_what_may_stand_in_it(self):
        wanted = {"cards." + field for field in self.found(r'CardError\("(\w+)"', "access/card.py", "access/cards.py",
                                                           "access/cards_csv.py", "services/web/cards_api.py")}
        wanted |= {"network." + field for field in self.found(r'KnownError\("(\w+)"', "services/network/known.py")}
        for field in ("pin", "guest_pin"):           # these two must differ; their digits are counted before they are sent
            self.assertIn('"%s"' % field, (PAGE.parent / "access/pins.py").read_text())
            wanted.add("pins." + field)
        wanted.add("puk.pin")
        self.assertLessEqual({"cards.expires", "cards.uid", "network.key", "network.ssid"}, wanted)
        words = {key for languages in _sets().values() for key in languages["en"]}
        self.assertEqual(sorted(one for one in wanted - self.PROGRAMS if "wrong." + one not in words), [])

    def test_everything_that_a_file_s_form_goes_against_has_words(self):
        rules = self.found(r'\brule="(\w+)"', "csv_lines.py", "access/cards_csv.py", "settings/text_form.py")
        self.assertLessEqual({"columns", "charger", "encoding", "newer_version"}, rules)
        words = {key for languages in _sets().values() for key in languages["en"]}
        self.assertEqual([one for one in sorted(rules) if "file." + one not in words and "refused." + one not in words], [])
        self.assertEqual({key[5:] for key in words if key.startswith("file.")} - rules, {"line", "length_of"})

    def test_every_code_of_an_api_has_words(self):
        apis = (PAGE.parent / "services/web").glob("*.py")
        codes = self.found(r'HttpError\(4(?:09|22), "(\w+)"', *["services/web/" + path.name for path in apis])
        codes |= self.found(r'PinError\("(\w+)"', "access/pins.py")
        self.assertLessEqual({"card_exists", "charging", "pin_off", "wrong_puk"}, codes)
        words = {key for languages in _sets().values() for key in languages["en"]}
        self.assertEqual(sorted(code for code in codes - self.OTHER_WORDS if "refused." + code not in words), [])


class Sources(unittest.TestCase):
    def test_nothing_comes_from_elsewhere_and_nothing_is_inline(self):
        for path in sorted(path for path in PAGE.rglob("*.*") if path.suffix not in ("", ".json")):       # words are shown as words
            text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
            with self.subTest(path=path.name):
                self.assertIsNone(re.search(r"https?://|url\(|@import", text))
        html = (PAGE / "index.html").read_text()
        self.assertIsNone(re.search(r"\son\w+=|\sstyle=|<style|javascript:", html))
        self.assertEqual(re.findall(r"<script[^>]*>(?!</script>)", html), [])
        forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacent|eval\(|new Function|document\.write")
        for path in SCRIPTS:
            self.assertIsNone(forbidden.search(path.read_text()), path.name)

    def test_what_the_page_loads_is_there(self):
        html = (PAGE / "index.html").read_text()
        loads = set(re.findall(r'(?:href|src)="([\w./]+)"', html)) - {"api/v1/status"}
        for path in SCRIPTS:
            for name in re.findall(r'from "(\.\.?/[\w./]+)"', path.read_text()):
                self.assertTrue((path.parent / name).is_file(), "%s loads %s" % (path.name, name))
                loads.add((path.parent / name).resolve().relative_to(PAGE).as_posix())
        self.assertEqual(sorted(name for name in loads if "/" not in name),
                         sorted(path.name for path in PAGE.iterdir() if path.suffix in (".js", ".css", ".svg")))


class Build(unittest.TestCase):
    def test_the_packed_page_is_the_page_and_within_its_budgets(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "page.pack")
            sizes = page.build(PAGE, out)
            self.assertLess(page.first_view(sizes), page.FIRST_VIEW_KB * 1024)
            self.assertLess(page.whole_page(sizes), page.WHOLE_KB * 1024)
            whole = out.read_bytes()
            self.assertEqual(len(whole), 8 + 16 * len(sizes) + sum(sizes.values()))
            unpacked = {name: _out_of(whole, name) for name in sizes}
            for name, text in unpacked.items():
                if not name.endswith(".json"):
                    self.assertIsNone(re.search(r"^//|^\s|/\*", text, re.M), name)
            for language in LANGUAGES:
                first, more = [dict(zip(json.loads(unpacked["translations/%skeys.json" % name]).split("|"),
                                        json.loads(unpacked["translations/%s%s.json" % (name, language)]).split("|"), strict=True))
                               for name in ("", "more.")]
                self.assertEqual(first, _words()[language])
                wanted = {}
                for name, languages in _sets().items():
                    wanted.update(languages[language] if name else {})
                self.assertEqual(more, wanted)
            page.build(PAGE, out)
            self.assertEqual(out.read_bytes(), whole)

    def test_a_text_that_a_packed_file_could_not_hold_is_refused_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "translations").mkdir()
            Path(folder, "translations", "en.json").write_text(json.dumps({"a": "one | two"}), encoding="utf-8")
            with self.assertRaises(ValueError) as refused:
                page.packed(Path(folder))
        self.assertIn("one | two", str(refused.exception))

    def test_two_files_that_the_index_could_not_tell_apart_are_refused(self):
        with self.assertRaises(ValueError) as refused:
            page.pack_of({"plumless.js": b"1", "buckeroo.js": b"2"})      # known words of one CRC-32, and so with the same end
        self.assertIn("plumless.js", str(refused.exception))

    def test_nothing_but_comments_and_indentation_is_squeezed_out_of_a_script(self):
        source = "// why\nconst a = `x // y`;   // a comment\n\n  const b = 'z';  // another\n"
        self.assertEqual(page.squeeze(source, ".js"), "const a = `x // y`;\nconst b = 'z';\n")
        for path in SCRIPTS:
            for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                code = re.sub(r"\s{2,}// .*$", "", line)
                self.assertEqual(code.count("`") % 2, 0, "%s:%d: a text goes over the end of the line" % (path.name, n))
                place = "%s:%d" % (path.name, n)
                self.assertNotRegex(code, r"/\*(?! .* \*/)|\S // ", place + ": a comment stands alone or after two spaces")

    def test_a_style_sheet_means_the_same_without_spaces_and_comments(self):
        source = "/* why */\n.a > b { margin: 0 1px; }\n@media (min-width: 3rem) { .c:hover { color: red } }\n"
        self.assertEqual(page.squeeze(source, ".css"),
                         ".a > b{margin:0 1px}@media (min-width:3rem){.c:hover{color:red}}")

    def test_the_benchmark_of_the_first_view_asks_for_all_of_it(self):
        files = {path.name for path in PAGE.iterdir() if path.is_file() and path.name != "README.md" and path.name[0] != "."}
        self.assertEqual(files - {name or "index.html" for name in FIRST_VIEW}, set())

    def test_what_a_desktop_leaves_in_a_folder_that_it_shows_is_not_packed(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a.js", ".DS_Store"):
                (Path(folder) / name).write_bytes(b"\xff" if name[0] == "." else b"let a\n")
            self.assertEqual(list(page.packed(Path(folder))), ["a.js"])

    def test_the_same_bytes_are_packed_on_every_system(self):
        theirs = bytearray(gzip.compress(b"let a\n", 9, mtime=0))
        theirs[9] = 19          # zlib of macOS
        with mock.patch("gzip.compress", lambda *args, **kwargs: bytes(theirs)):
            there = page.pack("let a\n", ".js")
        self.assertEqual(there, page.pack("let a\n", ".js"))
        self.assertEqual(gzip.decompress(there), b"let a\n")

    def test_a_file_of_unknown_kind_is_refused_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "notes.txt").write_text("x")
            with self.assertRaises(ValueError) as refused:
                page.build(Path(folder), Path(folder) / "out.pack")
            self.assertIn("notes.txt", str(refused.exception))


class Examples(unittest.TestCase):
    def test_every_example_is_a_whole_status(self):
        for name in CHANGES:
            with self.subTest(example=name):
                self.assertIn(status(name)["overview_state"], OVERVIEW_STATES)


if __name__ == "__main__":
    unittest.main()
