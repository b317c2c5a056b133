"""Bytes of the charger's page as they travel: each file as the build packs it, as a browser fetches it."""
from tools.bench.row import at_most
from tools.build.page import FIRST_VIEW_KB, WHOLE_KB, first_view, packed, sizes_of, whole_page


def rows():
    sizes = sizes_of(packed())
    return [at_most("page, first view, gzip", first_view(sizes), "B", FIRST_VIEW_KB * 1024, "in its largest language"),
            at_most("page, whole, gzip", whole_page(sizes), "B", WHOLE_KB * 1024, "%d files, every language" % len(sizes))]
