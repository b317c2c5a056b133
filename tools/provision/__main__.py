"""Gives chargers their identity: `python -m tools.provision --serial M3-2026-0001 --board esp32-s3`, or many from a CSV.

Each gets a folder with what belongs on its flash (identity.json, cert.der, key.der, board.json, its cards) and its label as SVG and
PDF. The CSV has the columns serial, board and cards (a CSV file of cards, may be empty); every line is checked before the first
charger is made.
"""
import argparse
import csv
import sys
from pathlib import Path

from tools.checks.boards import BOARDS, names
from tools.provision.box import BoxError, check_cards, make_box
from tools.provision.identity import checked_serial

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ("serial", "board", "cards")


def orders_from_csv(path):
    """[(serial, board, path of cards or None)]. BoxError names line and field."""
    orders, seen = [], {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for number, row in _rows(path, file):
            order = _checked("%s, line %d" % (path, number), row["serial"], row["board"], row.get("cards", ""), Path(path).parent)
            if order[0] in seen:
                raise BoxError("%s, line %d: serial number %s stands in line %d already" % (path, number, order[0], seen[order[0]]))
            seen[order[0]] = number
            orders.append(order)
    if not orders:
        raise BoxError("%s: no charger in it" % path)
    return orders


def _rows(path, file):
    """(number of the line, {column: text}) of each line with something in it. BoxError."""
    try:
        lines = file.read().splitlines(keepends=True)
    except UnicodeDecodeError:
        raise BoxError("%s is not in UTF-8: save it as \"CSV UTF-8\"" % path)
    first = lines[0] if lines else ""
    reader = csv.reader(lines, delimiter=max(",;\t", key=first.count), strict=True)
    columns = None
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if columns is None:
                columns = [cell.lower() for cell in cells]
                if not set(COLUMNS[:2]) <= set(columns) <= set(COLUMNS) or len(set(columns)) < len(columns):
                    raise BoxError("%s, line 1: the columns must be serial, board and, if wanted, cards, each once; found %s" % (
                        path, ", ".join(columns)))
            elif any(cells):
                if len(cells) != len(columns):
                    raise BoxError("%s, line %d: %d fields instead of %d" % (path, reader.line_num, len(cells), len(columns)))
                yield reader.line_num, dict(zip(columns, cells, strict=True))
    except csv.Error as error:
        raise BoxError("%s, line %d: %s" % (path, reader.line_num, error))


def _checked(place, serial, board, cards, folder):
    try:
        serial = checked_serial(serial)
    except ValueError as error:
        raise BoxError("%s: %s" % (place, error))
    if board not in names():
        raise BoxError("%s: unknown board %r; there are %s" % (place, board, ", ".join(names())))
    path = folder / cards if cards else None
    if path is not None and not path.is_file():
        raise BoxError("%s: there is no file %s" % (place, path))
    return serial, board, path


def provision(orders, out, show=print):
    """Make the chargers, one after the other, each shown when it is done; what make_box returned. BoxError before any is made when
    one exists already or a list of cards is bad."""
    for serial, _, _ in orders:
        if (Path(out) / serial).exists():
            raise BoxError("%s exists: a charger keeps its identity; nothing was made" % (Path(out) / serial))
    for path in dict.fromkeys(cards for _, _, cards in orders if cards):
        check_cards(path)
    made = []
    for number, (serial, board, cards) in enumerate(orders, 1):
        made.append(make_box(out, serial, (BOARDS / (board + ".json")).read_text(), cards))
        show("%d of %d  %s  %s  %d cards  certificate %s…" % (number, len(orders), serial, board, made[-1]["cards"],
                                                             made[-1]["certificate"][:23]))
    return made


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.provision", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serial", help="serial number of one charger")
    parser.add_argument("--board", help="its board: " + ", ".join(names()))
    parser.add_argument("--cards", default="", help="CSV file of its cards, as the page exports it")
    parser.add_argument("--csv", type=Path, help="many chargers: columns serial, board, cards")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "boxes", help="where their folders go (default: %(default)s)")
    options = parser.parse_args(arguments)
    if (options.csv is None) == (options.serial is None):
        parser.error("name one charger with --serial and --board, or many with --csv")
    if options.csv is not None and (options.board or options.cards):
        parser.error("with --csv each line has its board and cards: leave --board and --cards away")
    try:
        if options.csv is not None:
            orders = orders_from_csv(options.csv)
        else:
            orders = [_checked("--serial/--board", options.serial, options.board or "", options.cards, Path.cwd())]
        made = provision(orders, options.out)
    except BoxError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print("%s: %s" % (error.filename or options.out, error.strerror), file=sys.stderr)
        return 2
    print("labels: %s" % (Path(made[0]["folder"]) / "label.pdf" if len(made) == 1 else options.out / "*" / "label.pdf"))
    print("next: make flash PORT=… BOX=%s" % made[0]["folder"])
    print("These folders hold passwords and private keys: keep them as you keep keys.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
