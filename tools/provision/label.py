"""The label: one layout, drawn as SVG and as PDF. 100 × 60 mm, in millimetres from the upper left corner.

The QR code joins the charger's hotspot (the WIFI: form that phones' cameras know). The recovery key and the PUK are in a part of
their own below a cut line: they belong with the owner's papers, not on the wall.
"""
from xml.sax.saxutils import escape

import segno

WIDTH_MM, HEIGHT_MM = 100, 60
CUT_MM = 42
QR_MM = 30
POINTS_PER_MM = 72 / 25.4
CAPITAL = 0.72              # of a font's size: Helvetica's capitals
WIDEST = 0.74               # of a font's size: a character of a serial number in a bold font, with some to spare


def wifi_text(ssid, key):
    """What a Wi-Fi QR code says; the characters that have a meaning in it are escaped."""
    def escaped(text):
        return "".join("\\" + char if char in '\\;,":' else char for char in text)
    return "WIFI:T:WPA;S:%s;P:%s;;" % (escaped(ssid), escaped(key))


def _rows(identity, address):
    """(x, y of the base line, font size in mm, bold, text): long texts are made smaller, so that they end before the edge."""
    small, rows = 2.2, []
    for x, y, capital_mm, bold, text in (
        (36, 8, 4.2, True, "Mode3"),
        (36, 14, small, False, "Serial number"), (58, 14, small, True, identity["serial"]),
        (36, 19, small, False, "Wi-Fi"), (58, 19, small, True, identity["ssid"]),
        (36, 24, small, False, "Wi-Fi key"), (58, 24, small, True, identity["hotspot_key"]),
        (36, 29, small, False, "Page"), (58, 29, small, True, "http://" + address),
        (36, 34, small, False, "First password"), (58, 34, small, True, identity["password"]),
        (3, 39.5, 2.0, False, "1  Scan the code    2  The page opens by itself    3  Log in and follow the assistant"),
        (3, 48, small, True, "Keep this part with your papers"),
        (3, 53, small, False, "Recovery key"), (26, 53, small, True, identity["recovery_key"]),
        (3, 57.5, small, False, "PUK"), (26, 57.5, small, True, identity["puk"]),
        (58, 57.5, small, False, identity["serial"]),
    ):
        size_mm = min(capital_mm / CAPITAL, (WIDTH_MM - 2 - x) / (len(text) * (WIDEST if bold else 0.55)))
        rows.append((x, y, size_mm, bold, text))
    return rows


def _qr(identity):
    """Squares (x, y, side) in mm, and the side of one module."""
    matrix = segno.make(wifi_text(identity["ssid"], identity["hotspot_key"]), error="m", micro=False).matrix
    module = QR_MM / len(matrix)
    return [(3 + column * module, 4 + row * module) for row, cells in enumerate(matrix)
            for column, dark in enumerate(cells) if dark], module


def svg(identity, address="192.168.4.1"):
    """The label as an SVG file's text."""
    squares, module = _qr(identity)
    path = "".join("M%.3f %.3fh%.3fv%.3fh-%.3fz" % (x, y, module, module, module) for x, y in squares)
    texts = "\n".join('<text x="%g" y="%g" font-size="%.3g"%s>%s</text>' % (
        x, y, size, ' font-weight="bold"' if bold else "", escape(text))
        for x, y, size, bold, text in _rows(identity, address))
    return """<svg xmlns="http://www.w3.org/2000/svg" width="%dmm" height="%dmm" viewBox="0 0 %d %d"
font-family="Helvetica, Arial, sans-serif">
<rect width="%d" height="%d" fill="#fff"/>
<path d="%s" fill="#000" shape-rendering="crispEdges"/>
%s
<path d="M0 %gH%d" stroke="#000" stroke-width=".2" stroke-dasharray="2 1.5"/>
</svg>
""" % (WIDTH_MM, HEIGHT_MM, WIDTH_MM, HEIGHT_MM, WIDTH_MM, HEIGHT_MM, path, texts, CUT_MM, WIDTH_MM)


def pdf(identity, address="192.168.4.1"):
    """The label as a PDF file's bytes: one page of its size, in the two fonts that every reader has."""
    squares, module = _qr(identity)
    scale = POINTS_PER_MM
    lines = ["%.3f %.3f %.3f %.3f re" % (x * scale, (HEIGHT_MM - y - module) * scale, module * scale, module * scale)
             for x, y in squares] + ["f"]
    for x, y, size, bold, text in _rows(identity, address):
        shown = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        lines.append("BT /F%d %.2f Tf %.2f %.2f Td (%s) Tj ET" % (
            2 if bold else 1, size * scale, x * scale, (HEIGHT_MM - y) * scale, shown))
    lines.append("[5.7 4.2] 0 d 0.5 w 0 %.2f m %.2f %.2f l S" % (
        (HEIGHT_MM - CUT_MM) * scale, WIDTH_MM * scale, (HEIGHT_MM - CUT_MM) * scale))
    drawing = "\n".join(lines).encode("latin-1")
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        ("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.2f %.2f] /Contents 4 0 R\n"
         "/Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>" % (WIDTH_MM * scale, HEIGHT_MM * scale)).encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        (font % "Helvetica").encode(), (font % "Helvetica-Bold").encode(),
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)
