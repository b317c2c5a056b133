"""Bytes of the charger's page as they travel: each file as the build packs it, as a browser fetches it."""
from tools.bench.charger import FIRST_VIEW
from tools.bench.row import ROOT, at_most
from tools.build.page import FIRST_VIEW_KB, WHOLE_KB, pack

PAGE = ROOT / "firmware/page"


def _packed(path):
    return len(pack(path.read_bytes(), path.suffix))


def rows():
    first = [PAGE / (name or "index.html") for name in FIRST_VIEW if not name.startswith("api/")]
    whole = [path for path in PAGE.rglob("*") if path.is_file() and path.parent.name != "api"]
    return [at_most("page, first view, gzip", sum(map(_packed, first)), "B", FIRST_VIEW_KB * 1024, "%d files" % len(first)),
            at_most("page, whole, gzip", sum(map(_packed, whole)), "B", WHOLE_KB * 1024, "%d files, every language" % len(whole))]
