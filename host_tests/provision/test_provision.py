# cpython only: a tool of the host
import io
import json
import os
import re
import ssl
import stat
import tempfile
import unittest
from pathlib import Path

import pypdf
import zxingcpp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key
from PIL import Image, ImageDraw

from tools.provision.__main__ import COLUMNS, main, orders_from_csv, provision
from tools.provision.box import BoxError
from tools.provision.certificate import LAST_DAY, new_certificate
from tools.provision.identity import FIELDS, checked_serial, is_strong, new_identity
from tools.provision.label import WIDTH_MM, pdf, svg, wifi_text
from tools.twin import cpython

CARDS = b"\xef\xbb\xbfuid;name;type\r\n04:A1:B2:C3:D4:E5:F6;Ada;admin\r\n11223344;Ben;user\r\n"


def drawn(text, dots_per_mm=8):
    """The label's code as a camera would see it, from the SVG's squares."""
    image = Image.new("L", (WIDTH_MM * dots_per_mm, 60 * dots_per_mm), 255)
    draw = ImageDraw.Draw(image)
    path = re.search(r'<path d="(M[^"]+z)"', text).group(1)
    for x, y, side in re.findall(r"M([0-9.]+) ([0-9.]+)h([0-9.]+)v", path):
        x, y, side = float(x) * dots_per_mm, float(y) * dots_per_mm, float(side) * dots_per_mm
        draw.rectangle([round(x), round(y), round(x + side) - 1, round(y + side) - 1], fill=0)
    return image


class Identity(unittest.TestCase):
    def test_no_two_chargers_share_a_secret(self):
        made = [new_identity("M3-0001") for _ in range(200)]
        for field in FIELDS[2:]:
            self.assertEqual(len({one[field] for one in made}), 200, field)

    def test_secrets_have_the_forms_that_the_charger_asks_for(self):
        for _ in range(200):
            one = new_identity("M3-0001")
            self.assertEqual(set(one), set(FIELDS))
            self.assertRegex(one["hotspot_key"], r"^[a-zA-Z0-9]{12}$")
            self.assertTrue(is_strong(one["password"]))
            self.assertRegex(one["puk"], r"^[0-9]{8}$")
            self.assertFalse(set("0O1lI5S2Z8B") & set(one["hotspot_key"] + one["password"] + one["recovery_key"]))

    def test_weak_passwords_are_told_from_strong_ones(self):
        for text, strong in (("abcdefghijkl", False), ("Abcdefgh1", False), ("Abcdefghi1", True), ("Abcccdefg12", False),
                             ("abcdefgh1!", True)):
            self.assertIs(is_strong(text), strong, text)

    def test_serial_number_that_is_none_is_refused_with_its_form(self):
        for text in ("", "AB1", "-AB12", "AB12-", "ab-0001", "M3 0001", "M3/0001", "A" * 21, "../M3"):
            with self.assertRaisesRegex(ValueError, "4 to 20 capital letters"):
                checked_serial(text)
        self.assertEqual(checked_serial(" M3-2026-0001 \n"), "M3-2026-0001")


class Certificate(unittest.TestCase):
    def test_tls_takes_certificate_and_key(self):
        certificate, key = new_certificate("M3-0001")
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "both.pem")
            private = load_der_private_key(key, None)
            from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
            place.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) +
                              ssl.DER_cert_to_PEM_cert(certificate).encode())
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(place)      # raises where they do not belong together

    def test_certificate_names_the_charger_and_is_no_authority(self):
        read = x509.load_der_x509_certificate(new_certificate("M3-0001")[0])
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual(names.get_values_for_type(x509.DNSName), ["mode3-m3-0001.local", "mode3-m3-0001"])
        self.assertEqual([str(one) for one in names.get_values_for_type(x509.IPAddress)], ["192.168.4.1"])
        self.assertFalse(read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
        self.assertEqual((read.not_valid_after_utc, read.public_key().curve.name), (LAST_DAY, "secp256r1"))


class Label(unittest.TestCase):
    def test_phones_read_the_hotspot_from_the_code(self):
        identity = new_identity("M3-2026-ABCDEFG-0001")
        found = zxingcpp.read_barcodes(drawn(svg(identity)))
        self.assertEqual([code.text for code in found], ["WIFI:T:WPA;S:%s;P:%s;;" % (identity["ssid"], identity["hotspot_key"])])

    def test_characters_with_a_meaning_are_escaped(self):
        self.assertEqual(wifi_text('a;b:c', 'd,e\\f"g'), 'WIFI:T:WPA;S:a\\;b\\:c;P:d\\,e\\\\f\\"g;;')

    def test_both_forms_carry_everything_a_person_has_to_read(self):
        identity = new_identity("M3-0001")
        page = pypdf.PdfReader(io.BytesIO(pdf(identity)), strict=True).pages[0]
        self.assertAlmostEqual(float(page.mediabox.width), WIDTH_MM / 25.4 * 72, delta=0.1)
        for text in (svg(identity), page.extract_text()):
            for field in FIELDS:
                self.assertIn(identity[field], text)


class Boxes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        self.said = []

    def csv(self, text):
        path = self.root / "boxes.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def test_each_line_becomes_a_charger_with_its_cards_where_the_firmware_finds_them(self):
        (self.root / "ada.csv").write_bytes(CARDS)
        orders = orders_from_csv(self.csv("\ufeffserial;board;cards\r\nM3-0001;esp32-s3;ada.csv\r\n\r\nM3-0002;esp32-wrover;\r\n"))
        made = provision(orders, self.root / "out", self.said.append)
        self.assertEqual([(one["serial"], one["cards"]) for one in made], [("M3-0001", 2), ("M3-0002", 0)])
        flash = Path(made[0]["flash"])
        self.assertEqual(json.loads((flash / "board.json").read_text())["name"], "esp32-s3")
        self.assertEqual(json.loads((flash / "identity.json").read_text())["serial"], "M3-0001")
        cpython.install()
        try:
            from firmware.access.card import ADMIN, uid_from_text
            from firmware.access.cards import CardStore
            store = CardStore(str(flash / "data") + os.sep)
            self.assertEqual((store.count(), store.find(uid_from_text("04A1B2C3D4E5F6")).kind), (2, ADMIN))
        finally:
            cpython.uninstall()

    def test_secrets_are_their_owners_alone(self):
        made = provision([("M3-0001", "esp32-s3", None)], self.root, self.said.append)
        for name in ("flash/identity.json", "flash/key.der", "label.svg", "label.pdf"):
            self.assertEqual(stat.S_IMODE((Path(made[0]["folder"]) / name).stat().st_mode), 0o600, name)
        shown = " ".join(self.said)
        identity = json.loads((Path(made[0]["flash"]) / "identity.json").read_text())
        self.assertFalse([field for field in FIELDS[2:] if identity[field] in shown])
        self.assertEqual(stat.S_IMODE(Path(made[0]["folder"]).stat().st_mode), 0o700)      # whose cards they are, too

    def test_charger_that_exists_keeps_its_identity(self):
        provision([("M3-0001", "esp32-s3", None)], self.root, self.said.append)
        before = (self.root / "M3-0001/flash/identity.json").read_bytes()
        with self.assertRaisesRegex(BoxError, "M3-0001 exists.*nothing was made"):
            provision([("M3-0000", "esp32-s3", None), ("M3-0001", "esp32-s3", None)], self.root, self.said.append)
        self.assertEqual((self.root / "M3-0001/flash/identity.json").read_bytes(), before)
        self.assertFalse((self.root / "M3-0000").exists())

    def test_what_a_making_that_was_killed_left_is_no_hindrance(self):
        (self.root / "M3-0001.making/flash/data").mkdir(parents=True)
        made = provision([("M3-0001", "esp32-s3", None)], self.root, self.said.append)
        self.assertTrue((Path(made[0]["flash"]) / "identity.json").is_file())
        self.assertEqual([path.name for path in self.root.glob("*.making")], [])

    def test_bad_list_of_cards_leaves_no_charger_behind(self):
        (self.root / "bad.csv").write_bytes(CARDS + b"XYZ;Eve;user\r\n")
        with self.assertRaisesRegex(BoxError, "bad.csv, line 4, uid"):
            provision([("M3-0001", "esp32-s3", self.root / "bad.csv")], self.root / "out", self.said.append)
        self.assertFalse((self.root / "out").exists())

    def test_bad_list_of_cards_of_the_last_charger_leaves_none_of_the_first(self):
        # those that were made could not be made again: the corrected file would have been refused for them
        (self.root / "bad.csv").write_bytes(CARDS + b"XYZ;Eve;user\r\n")
        orders = orders_from_csv(self.csv("serial,board,cards\nM3-0001,esp32-s3,\nM3-0002,esp32-s3,bad.csv\n"))
        with self.assertRaisesRegex(BoxError, "bad.csv, line 4, uid"):
            provision(orders, self.root / "out", self.said.append)
        self.assertEqual((self.said, (self.root / "out").exists()), ([], False))

    def test_bad_line_is_named_with_what_is_allowed(self):
        for text, says in (
            ("serial,board\nM3-0001,esp33\n", "line 2: unknown board 'esp33'; there are .*esp32-s3"),
            ("serial,board\nM3-0001,esp32-s3\nm3-2,esp32-s3\n", "line 3: serial number 'm3-2' must be"),
            ("serial,board\nM3-0001,esp32-s3\nM3-0001,esp32-s3\n", "line 3: serial number M3-0001 stands in line 2 already"),
            ("serial,board,cards\nM3-0001,esp32-s3,no.csv\n", "line 2: there is no file"),
            ("serial,board\nM3-0001\n", "line 2: 1 fields instead of 2"),
            ("serial,bord\nM3-0001,esp32-s3\n", "line 1: the columns must be " + COLUMNS[0]),
            ("serial,board\n", "no charger in it"),
            ("", "no charger in it"),
            ("serial,board,board\nM3-0001,esp32-s3,esp32-wrover\n", "line 1: the columns must be .* each once"),
            (b"serial;board;cards\nM3-0001;esp32-s3;K\xfcche.csv\n", 'is not in UTF-8: save it as "CSV UTF-8"'),
            ("serial,board\n\"M3-0001,esp32-s3\n", "line 2: unexpected end of data"),
            ("serial,board,cards\nM3-0001,esp32-s3,\"a\nb\"\nM3-0002,esp33,\n", "line 3: there is no file"),
            ("serial,board\n\"M3-0001\",\"esp32-s3\"\n\n\nM3 2,esp32-s3\n", "line 5: serial number 'M3 2'"),
        ):
            with self.assertRaisesRegex(BoxError, says):
                orders_from_csv(self.csv(text))

    def test_command_line_says_what_is_wrong_and_fails(self):
        self.assertEqual(main(["--serial", "bad serial", "--board", "esp32-s3", "--out", str(self.root)]), 2)
        self.assertEqual(main(["--csv", str(self.root / "none.csv"), "--out", str(self.root)]), 2)
        with self.assertRaises(SystemExit):      # which board would it be?
            main(["--csv", str(self.csv("serial,board\nM3-0001,esp32-s3\n")), "--board", "esp32-wrover", "--out", str(self.root)])

    def test_columns_may_stand_in_quotes_as_spreadsheets_write_them(self):
        orders = orders_from_csv(self.csv('\ufeff"Serial";"Board"\r\n"M3-0001";"esp32-s3"\r\n'))
        self.assertEqual(orders, [("M3-0001", "esp32-s3", None)])


if __name__ == "__main__":
    unittest.main()
