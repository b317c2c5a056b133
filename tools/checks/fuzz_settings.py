"""Fuzzing of settings from elsewhere: text files, and backups. Targets as in fuzz_targets.py."""

import binascii
import struct

from firmware import pbkdf2
from firmware.settings import sealed, text_form
from firmware.settings.sealed import SealError
from firmware.settings.store import SettingError, Store
from firmware.settings.text_form import TextError
from tools.checks.fuzz import TOKENS, mutated, need
from tools.checks.fuzz_base import Target

SERIAL = "M3-1"


def _last(generator):
    last = None
    for step in generator:
        last = step
    return last


def _text(store):
    return "".join(text_form.lines(store, "1.2.3")).encode()


class SettingsText(Target):
    """A text becomes settings that are allowed and are exported and read again as they are, or a refusal with a line of it."""

    name = "settings_text"
    tokens = TOKENS + (b"=", b"#", b";", b"\r", b"\xef\xbb\xbf", b"# serial = M3-2\n", b"# schema = 9\n",
                       b"installation.fuse_a = 16\n", b"true", b"false", b'"', b"\\u00e4", b"\\", b"x" * 3000, "\u0661".encode())

    def __init__(self):
        self.store = Store()
        self.store.set_many({"station.name": " K\u00fcche ", "time.zone": "CET-1", "installation.fuse_a": 16})
        self.seeds = (_text(self.store),
                      b"\xef\xbb\xbf# serial = M3-1\r\n# schema = 1\r\nsounds.on = false\r\n",
                      b"installation.fuse_a=20\rmeter.type = generic\rmeter.generic_registers = x\r",
                      b'station.name = " a "\naccess.default_id = "\\u00e4"\n; a comment\n\ngeneral.country = DE')

    def run(self, data):
        before = _text(self.store)
        lines = 1 + data.count(b"\n") + data.count(b"\r")
        try:
            values, places = _last(text_form.reading(data, SERIAL))
            need(sorted(values) == sorted(places), "a key without a line")
            need(all(1 <= line <= lines for line in places.values()), "a line that is not there")
            plan = _last(self.store.planning(values, "admin"))
        except TextError as error:
            need(error.line is None or 1 <= error.line <= lines, "line %s of %d" % (error.line, lines))
            return
        except SettingError as error:
            need(error.key in values and _text(self.store) == before, "half a file was taken")
            return
        store = Store()
        store.commit(_last(store.planning(values, "admin")))
        again, _ = _last(text_form.reading(_text(store), SERIAL))
        need(all(again.get(key, store.get(key)) == store.get(key) for key in values), "it is not exported as it was read")
        need(set(plan.changed) <= set(values), "more was changed than the file says")


class Backup(Target):
    """What is not exactly a sealed file is refused; changed by somebody who mends the CRC, it is refused by the tag."""

    name = "backup"
    password = b"correct horse"

    def __init__(self):
        self.texts = (b"", b"sounds.on = false\n", b"installation.fuse_a = 16\n" * 40)
        self.seeds = tuple(b"".join(sealed.sealing(text, self._key(bytes(16), 2), bytes(16), 2)) for text in self.texts)

    def _key(self, salt, iterations):
        return _last(pbkdf2.slices(self.password, salt, iterations))

    def make(self, rng):
        data = mutated(rng, rng.choice(self.seeds), self.tokens)
        if rng.random() < 0.7:
            data = data[:-4] + struct.pack("<I", binascii.crc32(data[:-4]))
        return data

    def run(self, data):
        try:
            salt, iterations = sealed.salt_of(data)
            need(1 <= iterations <= 200000, "%d iterations" % iterations)
            text = _last(sealed.opening(data, self._key(salt, min(iterations, 9))))
        except SealError as error:
            need(str(error) and error.code in ("not_a_backup", "newer_version", "damaged", "wrong_password"), error.code)
            need(data not in self.seeds, "a good backup is refused")
            return
        need(data in self.seeds and text in self.texts, "opened, but never sealed")


TARGETS = (SettingsText, Backup)
