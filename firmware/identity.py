"""What makes this charger this one and no other: /identity.json beside /board.json, outside the slots, written at provisioning.

    {"serial", "ssid", "hotspot_key", "password", "recovery_key", "puk"}        all text; the label shows them

The values are secrets but the first two, and are seldom wanted: nothing of them stays in RAM. A charger that was never provisioned
makes an identity of its own at its first start and prints it, since it has no label.
"""

import json
import os

from micropython import const

NAMES = ("serial", "ssid", "hotspot_key", "password", "recovery_key", "puk")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"      # what cannot be mistaken for something else
_DIGITS = "0123456789"
_SERIAL_LENGTH = const(8)
# name -> how many characters of which alphabet; five bits each, so the shortest key has 58 bits
_MADE = (("hotspot_key", 12, _LETTERS), ("password", 12, _LETTERS), ("recovery_key", 20, _LETTERS), ("puk", 8, _DIGITS))


def new():
    """A random identity: {name: text}."""
    serial = "M3-" + random_text(_SERIAL_LENGTH, _LETTERS).upper()
    values = {"serial": serial, "ssid": serial}
    for name, length, letters in _MADE:
        values[name] = random_text(length, letters)
    return values


def random_text(length, letters=_LETTERS):
    """So many characters of `letters`, each as likely as every other, from the chip's random numbers."""
    most = 256 - 256 % len(letters)       # a larger byte would favour the first letters
    text = ""
    while len(text) < length:
        for byte in os.urandom(length):
            if byte < most and len(text) < length:
                text += letters[byte % len(letters)]
    return text


class Identity:
    """The file at `path`. Its values are read when they are asked for."""

    def __init__(self, path):
        self._path = path
        self.failure = None       # why the file could not be read or written, as text; None when it could

    def ensure(self, say=print):
        """Make the file where there is none, and say(text) what is in it: there is no label yet. A file that is damaged stays, for
        whoever can mend it; its values are then unknown, and `failure` says so."""
        if self._read() or self.failure is not None:
            return
        values = new()
        try:
            with open(self._path + ".new", "w") as file:
                json.dump(values, file)
            os.rename(self._path + ".new", self._path)
        except OSError as error:
            self.failure = "identity cannot be kept (%s)" % error.errno
            return
        say("a new identity was made; write it down:")
        for name in NAMES:
            say("  %s: %s" % (name, values[name]))

    def get(self, name):
        """The value (text) of one of NAMES; "" where it is unknown: whoever compares a secret with it must refuse then."""
        value = self._read().get(name)
        return value if isinstance(value, str) else ""

    def _read(self):
        try:
            with open(self._path) as file:
                values = json.load(file)
            if not isinstance(values, dict) or not values:      # the VM takes "{" for {}
                raise ValueError
        except OSError as error:
            self.failure = None if error.errno == 2 else "identity cannot be read (%s)" % error.errno
            return {}
        except ValueError:
            self.failure = "identity is damaged"
            return {}
        self.failure = None
        return values
