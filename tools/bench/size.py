"""Bytes of the application as it ships."""
from tools.bench.row import at_most
from tools.setup.mpy import write_application

LIMIT = 160 * 1024


def rows():
    files = write_application()
    return [at_most("application .mpy", sum(len(data) for data in files.values()), "B", LIMIT, "%d files" % len(files))]
