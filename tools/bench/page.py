"""Bytes of the charger's page as they travel: each file as the build packs it, as a browser fetches it."""
import tempfile
from pathlib import Path

from tools.bench.row import at_most
from tools.build.page import FIRST_VIEW_KB, SOURCE, WHOLE_KB, build, first_view, whole_page


def rows():
    with tempfile.TemporaryDirectory() as folder:
        sizes = build(SOURCE, Path(folder))
    return [at_most("page, first view, gzip", first_view(sizes), "B", FIRST_VIEW_KB * 1024, "in its largest language"),
            at_most("page, whole, gzip", whole_page(sizes), "B", WHOLE_KB * 1024, "%d files, every language" % len(sizes))]
