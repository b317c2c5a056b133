"""One charger's folder: what goes onto its flash beside the firmware, and its label."""
import json
import os
import shutil
import tempfile
from pathlib import Path

from tools.provision import label
from tools.provision.certificate import fingerprint, new_certificate
from tools.provision.identity import new_identity
from tools.twin import cpython

FLASH = "flash"         # what `make flash` copies to the device as it is
PIECE = 4096


class BoxError(ValueError):
    """Something about one charger cannot be: the message names it and what is allowed."""


def write_cards(flash, csv_path):
    """Sort a CSV of cards into the card list that the firmware reads, by the firmware's own code; the number of cards. BoxError
    names the line."""
    cpython.install()        # what MicroPython has and CPython lacks
    try:
        return _import_cards(flash, csv_path)
    finally:
        cpython.uninstall()


def check_cards(csv_path):
    """BoxError, as of write_cards, for a CSV of cards that the firmware would not take."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "data").mkdir()
        write_cards(Path(folder), csv_path)


def _import_cards(flash, csv_path):
    from firmware.access.cards import CardStore
    from firmware.access.cards_csv import CardImport
    from firmware.csv_lines import CsvError
    prefix = str(flash / "data") + os.sep
    loading = CardImport(CardStore(prefix), prefix)
    try:
        with open(csv_path, "rb") as file:
            while piece := file.read(PIECE):
                loading.feed(piece)
        for _ in loading.finish():
            continue
    except CsvError as error:
        raise BoxError("%s, line %d%s: %s" % (csv_path, error.line, "" if error.field is None else ", " + error.field,
                                              error.message))
    finally:
        loading.abort()
    return loading.count


def _private(path, data):
    """Write a file that only its owner reads."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def make_box(folder, serial, board, cards=None):
    """Make the folder of a charger; what a person wants to know of it as a dict. BoxError; a folder that exists is never changed:
    its label may hang on a wall already."""
    folder = Path(folder) / serial
    if folder.exists():
        raise BoxError("%s exists: a charger keeps its identity; remove the folder by hand for a new one" % folder)
    identity = new_identity(serial)
    certificate, key = new_certificate(serial)
    flash = folder / FLASH
    work = folder.with_name(folder.name + ".making")
    making = work / FLASH
    shutil.rmtree(work, ignore_errors=True)         # whatever a making that was killed left
    folder.parent.mkdir(parents=True, exist_ok=True)
    work.mkdir(mode=0o700)                          # secrets, and whose cards they are
    (making / "data").mkdir(parents=True)
    try:
        count = write_cards(making, cards) if cards else 0
        _private(making / "identity.json", json.dumps(identity, indent=1).encode())
        _private(making / "key.der", key)
        (making / "cert.der").write_bytes(certificate)
        (making / "board.json").write_text(board)
        _private(work / "label.svg", label.svg(identity).encode())
        _private(work / "label.pdf", label.pdf(identity))
        os.rename(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return {"serial": serial, "folder": str(folder), "flash": str(flash), "cards": count, "ssid": identity["ssid"],
            "certificate": fingerprint(certificate)}
