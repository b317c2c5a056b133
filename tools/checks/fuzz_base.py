"""What every fuzzed reader of foreign bytes shares."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from tools.checks.fuzz import TOKENS, mutated, packed, unpacked

JUNK = (None, True, False, -1, 0, 1, 6, 16, 2 ** 31, 10 ** 30, 1.5, 1e300, "", "6", "x" * 300, "\0", "\ud800", "ä", [], [1], {},
        {"a": 1}, "off", "twin", "contactor_1")


def played(coroutine):
    """Run a coroutine that only lets others run and never has to wait; its result."""
    try:
        for _ in range(10000):
            if coroutine.send(None) is not None:
                break
    except StopIteration as end:
        return end.value
    raise RuntimeError("it waits")


def junk_in_text(rng, text):
    """Bytes of JSON with a place in it changed; what is no JSON any more is damaged as bytes."""
    try:
        return json.dumps(junk_in(rng, json.loads(text))).encode()
    except ValueError:
        return mutated(rng, text)


def junk_in(rng, value):
    """A copy of a JSON value with one place in it replaced, left out or added."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        copy, key = dict(value), rng.choice(sorted(value))
        dice = rng.random()
        if dice < 0.15:
            del copy[key]
        elif dice < 0.25:
            copy[rng.choice(("x", "", "\ud800", key + "x"))] = rng.choice(JUNK)
        else:
            copy[key] = junk_in(rng, copy[key])
        return copy
    if isinstance(value, list) and value and rng.random() < 0.7:
        copy, at = list(value), rng.randrange(len(value))
        copy[at] = junk_in(rng, copy[at])
        return copy
    return rng.choice(JUNK)


class Target:
    """Makes mutations of `seeds`."""

    name = ""
    seeds = ()
    tokens = TOKENS

    def make(self, rng):
        return mutated(rng, rng.choice(self.seeds), self.tokens)

    def close(self):
        """Give back what it holds."""


class OnFiles(Target):
    """A target with a folder of its own; an input is a row of files, `names` says which."""

    names = ()
    crossed = True              # a file may turn up under another's name: a cut amidst renames

    def __init__(self):
        place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = tempfile.mkdtemp(prefix="mode3-fuzz-", dir=place) + "/"

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def lay(self, data):
        """Put the files of an input into the emptied folder."""
        for entry in os.listdir(self.folder):
            os.remove(self.folder + entry)
        parts = unpacked(data, len(self.names))
        for name, part in zip(self.names, parts, strict=True):
            if part is not None:
                with open(self.folder + name, "wb") as file:
                    file.write(part)
        return parts

    def make(self, rng):
        parts = unpacked(rng.choice(self.seeds), len(self.names))
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.randrange(len(parts))
            dice = rng.random()
            if dice < 0.1:
                parts[at] = None
            elif dice < 0.15 and self.crossed:
                parts[at] = parts[rng.randrange(len(parts))]
            elif parts[at] is not None:
                parts[at] = self.damaged(rng, parts[at])
        return packed(parts)

    def damaged(self, rng, part):
        return mutated(rng, part)

    def kept(self):
        """What `write_seeds` left in the folder, as an input."""
        parts = []
        for name in self.names:
            path = Path(self.folder + name)
            parts.append(path.read_bytes() if path.exists() else None)
        return packed(parts)
