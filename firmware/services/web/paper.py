"""HTML for paper: statement and maintenance report. One file each, its look within it, nothing from elsewhere and no script."""

from firmware.services.web.query import escaped

# What stands between <style> and </style>; the policy allows this text and no other by its SHA-256.
STYLE = """@page{size:A4;margin:16mm 14mm 18mm}
body{font:13px/1.45 system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;color:#14202b;background:#fff;max-width:1000px;
margin:24px auto;padding:0 16px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:15px;margin:26px 0 6px;border-bottom:2px solid #14202b;padding-bottom:3px;
break-after:avoid}
p{margin:4px 0}.soft{color:#56646f}
table{border-collapse:collapse;width:100%}thead{display:table-header-group}tr{break-inside:avoid}
th,td{text-align:left;vertical-align:top;padding:3px 10px 3px 0;border-bottom:1px solid #d5dce2;overflow-wrap:anywhere}
.wide th,.wide td{overflow-wrap:break-word}
th{font-weight:600;color:#56646f}tbody th{width:30%}td{white-space:pre-line}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}td.n:last-child,th.n:last-child{padding-right:0}
.sum td{font-weight:600;border-top:2px solid #14202b;border-bottom:0}.warn td,.warn th{background:#fff1d6}
@media print{body{margin:0;padding:0;max-width:none;font-size:9pt}}
@media(max-width:600px){table.wide{display:block;overflow-x:auto}}"""
STYLE_HASH = "sha256-zloOY9JJ7uCkeAGJDrHekqladsFOzOgI44mA8ofYTjw="
HEADERS = (("Content-Security-Policy", "default-src 'none'; style-src '%s'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'" % STYLE_HASH),)
HTML = "text/html; charset=utf-8"


def head(lang, title, below):
    """Yields the beginning: a title and lines below it (texts)."""
    yield ('<!doctype html><html lang="%s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
           "<title>%s</title>" % (lang, escaped(title)))
    yield "<style>" + STYLE + "</style></head><body><h1>" + escaped(title) + "</h1>\n"
    for line in below:
        yield "<p>" + escaped(line) + "</p>\n"


def table(heads=None, numbers=()):
    """The beginning of a table; heads: texts of its head row, numbers: places of the columns that are set right."""
    if heads is None:
        return "<table><tbody>\n"
    cells = ['<th scope="col"%s>%s</th>' % (' class="n"' if at in numbers else "", escaped(text)) for at, text in enumerate(heads)]
    return '<table class="wide"><thead><tr>' + "".join(cells) + "</tr></thead><tbody>\n"


END_TABLE = "</tbody></table>\n"
END = "</body></html>\n"


def row(cells, numbers=(), kind=""):
    """A table's row; kind: "sum" or "warn"."""
    texts = ["<td%s>%s</td>" % (' class="n"' if at in numbers else "", escaped(text)) for at, text in enumerate(cells)]
    return "<tr%s>%s</tr>\n" % (' class="%s"' % kind if kind else "", "".join(texts))


def pair(name, value, kind=""):
    """A row of a name and its value."""
    return '<tr%s><th scope="row">%s</th><td>%s</td></tr>\n' % (' class="%s"' % kind if kind else "", escaped(name), escaped(value))
