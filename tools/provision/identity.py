"""What makes one charger this charger: its serial number, its hotspot, and the secrets on its label.

All secrets come from the operating system's generator. Letters and digits that people confuse on a label (0 O, 1 l I, 5 S, 2 Z,
8 B) do not occur in them, but for the PUK: it has digits alone.
"""
import re
import secrets

LOWER = "abcdefghijkmnpqrtuvwxy"
UPPER = "ACDEFGHJKLMNPQRTUVWXY"
DIGITS = "34679"

HOTSPOT_KEY_LENGTH = 12     # characters; WPA2 takes 8 to 63
PASSWORD_LENGTH = 12
RECOVERY_GROUPS = 5         # of five characters: 26 possible ones each, 117 bits
PUK_LENGTH = 8              # digits
SERIAL = re.compile(r"[A-Z0-9][A-Z0-9-]{2,18}[A-Z0-9]")
SERIAL_FORM = "4 to 20 capital letters, digits and hyphens, no hyphen at the ends"
FIELDS = ("serial", "ssid", "hotspot_key", "password", "recovery_key", "puk")


def checked_serial(text):
    """The serial number, stripped. ValueError says what one is."""
    text = text.strip()
    if not SERIAL.fullmatch(text):
        raise ValueError("serial number %r must be %s" % (text, SERIAL_FORM))
    return text


def _drawn(alphabet, length):
    return "".join(secrets.choice(alphabet) for _ in range(length))


def is_strong(password):
    """What the charger's log-in asks of a password: 10 characters or more, three of four classes, none three times in a row."""
    classes = (any(c.islower() for c in password), any(c.isupper() for c in password), any(c.isdigit() for c in password),
               any(not c.isalnum() for c in password))
    return len(password) >= 10 and sum(classes) >= 3 and not re.search(r"(.)\1\1", password)


def new_password():
    """A first password: small and capital letters and digits, as the log-in wants them."""
    while True:
        password = _drawn(LOWER + UPPER + DIGITS, PASSWORD_LENGTH)
        if is_strong(password):
            return password


def new_identity(serial):
    """{field: text} of a new charger, as identity.json holds it (FIELDS). ValueError: the serial number."""
    serial = checked_serial(serial)
    return {
        "serial": serial,
        "ssid": "Mode3-" + serial,
        "hotspot_key": _drawn(LOWER + UPPER + DIGITS, HOTSPOT_KEY_LENGTH),
        "password": new_password(),
        "recovery_key": "-".join(_drawn(UPPER + DIGITS, 5) for _ in range(RECOVERY_GROUPS)),
        "puk": _drawn("0123456789", PUK_LENGTH),
    }
