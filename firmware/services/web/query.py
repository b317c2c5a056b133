"""What the APIs of lists and downloads read from a query alike: numbers, choices, the signs of a CSV file."""

from firmware.services.web.reply import HttpError, Reply

CSV = "text/csv; charset=utf-8"
SEPARATORS = {"": ";", "semicolon": ";", "comma": ",", "tab": "\t"}
SIGNS = {"": ",", "comma": ",", "point": "."}


def one_of(choices, args, name):
    """The value of `choices` that the query names. Raises HttpError 422."""
    value = args.get(name, "")
    if value not in choices:
        raise HttpError(422, "bad_value", "%s must be one of %s" % (name, ", ".join(sorted([key for key in choices if key]))), name)
    return choices[value]


def whole(args, name, lowest, highest, default):
    """The whole number of a query's argument. Raises HttpError 422."""
    text = args.get(name, "")
    if not text:
        return default
    odd = [char for char in text if not "0" <= char <= "9"]       # isdigit() takes digits that int() does not
    value = int(text) if not odd and len(text) <= 10 else -1
    if not lowest <= value <= highest:
        raise HttpError(422, "bad_value", "%s must be a whole number from %d to %d" % (name, lowest, highest), name)
    return value


def download(pieces, kind, name):
    """The Reply of a file that may take a while and that the browser keeps under a name."""
    return Reply(pieces, kind=kind, headers=(("Content-Disposition", 'attachment; filename="%s"' % name),), slow=True)


def escaped(text):
    """A text within HTML, also within an attribute's quotes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
