"""axe-core, which finds what keeps people out of a page: fetched by hash into .cache/ for the tests, never part of the product.

`python -m tools.setup.axe` fetches it. The wheel is taken for this one file; what else it holds is left in it.
"""
import sys
import tempfile
from pathlib import Path

from tools.setup.lib import LibError, download, unpack

ROOT = Path(__file__).resolve().parents[2]
FILE = "axe_playwright_python/axe.min.js"
PACKAGE = {"name": "axe-playwright-python", "version": "0.1.8", "files": [FILE],
           "sha256": "fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8"}


def script(cache=ROOT / ".cache" / "axe"):
    """axe-core's source; fetched where it is not there yet. Raises LibError."""
    place = cache / ("%s-%s" % (PACKAGE["name"], PACKAGE["version"])) / FILE
    if not place.is_file():
        with tempfile.TemporaryDirectory() as folder:
            unpack(PACKAGE, download(PACKAGE, Path(folder)), place.parents[1])
    return place.read_text(encoding="utf-8")


def main():
    try:
        print("axe-core: %d bytes" % len(script()))
    except LibError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
