"""Packs the page for the device: `python -m tools.build.page [--out FILE]` writes build/page.pack and says the sizes.

All files go into one, because a file of its own takes whole blocks of the flash. The firmware (services/web/static.py) serves
from `page.pack` where it lies beside the folder `page`, and the sources otherwise. Same input, same bytes: no time goes in.

page.pack: "M3PK", the number of files (32 bits, little-endian); for each 16 bytes: CRC-32 of its path, where it begins in
page.pack, how many bytes it has, CRC-32 of these; then the files, gzipped.
"""
import argparse
import binascii
import gzip
import json
import re
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "firmware" / "page"
FIRST_VIEW_KB = 35      # gzip, everything that the overview needs in one language
WHOLE_KB = 120
PACKED = "<html data-packed "      # how the page knows that its texts are not in files of their own
BETWEEN = "|"           # two texts of a packed file
TYPES = (".html", ".css", ".js", ".json", ".svg")


def squeeze(text, suffix):
    """The same page without what is there for readers of the source: comments and indentation.

    A script's comments stand on lines of their own or after two spaces, and no text of it goes over a line's end:
    host_tests/page holds the sources to that.
    """
    if suffix == ".json":
        return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    if suffix == ".css":
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        text = re.sub(r"\s+", " ", text)
        return re.sub(r" ?([{};,]) ?", r"\1", text).replace(": ", ":").replace(";}", "}").strip()
    lines = [line.strip() for line in text.splitlines()]
    if suffix == ".js":
        lines = [re.sub(r"\s{2,}// .*$|/\* .*? \*/", "", line) for line in lines if not line.startswith("//")]
    return "\n".join(line for line in lines if line) + "\n"


def pack(text, suffix):
    """The gzip bytes of one file."""
    packed = bytearray(gzip.compress(squeeze(text, suffix).encode(), 9, mtime=0))
    packed[9] = 3       # the system it was made on, which macOS tells differently: Unix everywhere
    return bytes(packed)


def _words(source):
    """{file: JSON} of the texts: those of the first view, and those of all other views together (texts.js knows by PACKED); the
    keys of each in a file of their own, each language the texts in their order, all in one text with BETWEEN between them.
    ValueError where a text has that in it.

    A key weighs as much as a word, three languages have the same, many small files pack worse than one, and quotes and commas
    around each text come to a kilobyte.
    """
    sets = {"": {}, "more.": {}}
    for path in sorted(source.glob("translations/*.json")):
        name, _, language = path.stem.rpartition(".")
        sets["more." if name else ""].setdefault(language, {}).update(json.loads(path.read_text(encoding="utf-8")))
    files = {}
    for name, languages in sets.items():
        keys = list(languages.get("en", ()))
        for language, texts in languages.items():
            files["translations/%s%s.json" % (name, language)] = _joined([texts[key] for key in keys])
        if languages:
            files["translations/%skeys.json" % name] = _joined(keys)
    return files


def _joined(texts):
    for text in texts:
        if BETWEEN in text:
            raise ValueError("a text of the page must have no %s in it: %s" % (BETWEEN, text))
    return BETWEEN.join(texts)


def packed(source=SOURCE):
    """{name: gzip bytes} of the page as it ships, the names without .gz."""
    texts = {}
    for path in sorted(source.rglob("*")):
        if not path.is_file() or path.name == "README.md" or path.name.startswith("."):      # .DS_Store: a desktop's
            continue
        if path.suffix not in TYPES:
            raise ValueError("%s: a page file must end in one of %s" % (path, " ".join(TYPES)))
        if path.parent.name != "translations":
            texts[path.relative_to(source).as_posix()] = path.read_text(encoding="utf-8")
    if "index.html" in texts:
        texts["index.html"] = texts["index.html"].replace("<html ", PACKED, 1)
    texts.update({name: json.dumps(content) for name, content in _words(source).items()})
    return {name: pack(text, Path(name).suffix) for name, text in texts.items()}


def pack_of(files):
    """page.pack of {name: gzip bytes}. ValueError where two names could not be told apart."""
    by_name = {binascii.crc32(name.encode()): name for name in files}
    if len(by_name) != len(files):
        raise ValueError("two files of the page have the same CRC-32 of their paths: rename one of %s" % sorted(
            set(files) - set(by_name.values())))
    at, index, content = 8 + 16 * len(files), [], []
    for crc in sorted(by_name):
        data = files[by_name[crc]]
        index.append(struct.pack("<IIII", crc, at, len(data), binascii.crc32(data)))
        content.append(data)
        at += len(data)
    return b"".join([b"M3PK", struct.pack("<I", len(files))] + index + content)


def shipped(source=SOURCE):
    """{path in a slot: bytes} of the page."""
    return {"firmware/page.pack": pack_of(packed(source))}


def build(source, out):
    """Write the packed page to the file out; {name: its gzip bytes' number}."""
    files = packed(source)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(pack_of(files))
    return sizes_of(files)


def sizes_of(files):
    """{name: number of bytes} of {name: bytes}."""
    return {name: len(data) for name, data in files.items()}


def first_view(sizes):
    """Bytes of what the overview loads in its largest language."""
    keys = "translations/keys.json"
    words = [size for name, size in sizes.items() if name.startswith("translations/") and name.count(".") == 1 and name != keys]
    return sum(size for name, size in sizes.items() if "/" not in name) + max(words) + sizes.get(keys, 0)


def whole_page(sizes):
    """Bytes of what people may look at; the description of the API, for programs, lies beside it."""
    return sum(size for name, size in sizes.items() if not name.startswith("api/"))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build/page.pack", help="file to write (default: build/page.pack)")
    options = parser.parse_args(arguments)
    sizes = build(SOURCE, options.out)
    for name, size in sizes.items():
        print("%6d  %s" % (size, name))
    first, whole = first_view(sizes), whole_page(sizes)
    print("%6d  first view (at most %d kB), %d whole page (at most %d kB)" % (first, FIRST_VIEW_KB, whole, WHOLE_KB))
    return 1 if first > FIRST_VIEW_KB * 1024 or whole > WHOLE_KB * 1024 else 0


if __name__ == "__main__":
    sys.exit(main())
