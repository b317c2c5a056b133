"""Bytes of the charger's page as they travel: each file packed on its own, as a browser fetches it."""
import gzip

from tools.bench.charger import FIRST_VIEW
from tools.bench.row import ROOT, at_most

PAGE = ROOT / "firmware/page"
FIRST_LIMIT = 35 * 1024
WHOLE_LIMIT = 120 * 1024


def _packed(path):
    return len(gzip.compress(path.read_bytes(), 9, mtime=0))


def rows():
    first = [PAGE / (name or "index.html") for name in FIRST_VIEW if not name.startswith("api/")]
    whole = [path for path in PAGE.rglob("*") if path.is_file()]
    return [at_most("page, first view, gzip", sum(map(_packed, first)), "B", FIRST_LIMIT, "%d files" % len(first)),
            at_most("page, whole, gzip", sum(map(_packed, whole)), "B", WHOLE_LIMIT, "%d files, every language" % len(whole))]
