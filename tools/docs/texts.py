"""The page's texts, for the documents that say a table's rows in its words."""
import json

from tools.checks.source import ROOT

FOLDER = ROOT / "firmware" / "page" / "translations"


class NoText(LookupError):
    """A text is missing: says which, and in which file it belongs."""


class Texts(dict):
    """{key: text} of a file of translations; one that is missing raises NoText. path: NAME.LANGUAGE.json or LANGUAGE.json."""

    def __init__(self, path):
        super().__init__(json.loads(path.read_text(encoding="utf-8")))
        self._path = path

    def __missing__(self, key):
        place = self._path.relative_to(ROOT) if self._path.is_relative_to(ROOT) else self._path
        language = self._path.stem.rpartition(".")[2]
        raise NoText("%s: no text for %s in the language %s (nor, perhaps, in the others: python -m tools.checks.texts)" % (
            place, key, language))


class Words(dict):
    """{name: what a document says of it}, which stands in a tool's own source; place: where. One that is missing raises NoText."""

    def __init__(self, place, words):
        super().__init__(words)
        self._place = place

    def __missing__(self, key):
        raise NoText("%s: no words for %s" % (self._place, key))


def read(name):
    """The Texts of "settings.en" or "en"."""
    return Texts(FOLDER / (name + ".json"))
