"""Seeded fuzzing of everything that reads what others wrote: `python -m tools.checks.fuzz --help`.

Each target takes bytes and raises nothing but what its reader documents; what was refused has changed nothing; each input is
done within a second of CPU time. Inputs are mutations of good ones, made from the seed alone, so that a run repeats itself.
What was found once stands in fuzz_corpus.txt and is tried first, every time.
"""

import argparse
import json
import random
import signal
import sys
import time
from pathlib import Path

from tools.checks.report import report
from tools.twin import cpython

CORPUS = Path(__file__).with_name("fuzz_corpus.txt")
# Found, and not mended yet: (target, exception, why it can wait). Empty is how it should be.
KNOWN = ()
INPUTS = 10_000             # at least, for each target
SECONDS = 150               # all targets together
INPUT_LIMIT_S = 1           # CPU time of one input
TOKENS = (b"\0", b"\xff", b"\x80", b"\r\n", b"\n", b":", b"{", b"}", b"[", b"]", b'"', b",", b"\\ud800", b"\xc2\xb2", b"1e999",
          b"-1",
          b"99999999999999999999", b"null", b"true", b"NaN", b"0.5", b" ", b"%", b"%zz", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80")


class TooSlow(BaseException):
    """An input took longer than INPUT_LIMIT_S; no Exception, so that no reader swallows it."""


def mutated(rng, data, tokens=TOKENS):
    """A copy of data with one to six small damages."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        at = rng.randint(0, len(data))
        end = min(len(data), at + rng.choice((1, 1, 2, 4, 16, 64)))
        way = rng.randrange(8)
        if way == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif way == 1 and at < len(data):
            data[at] = rng.choice((0, 1, 0x20, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif way == 2:
            del data[at:end]
        elif way == 3:
            data[at:at] = rng.choice(tokens)
        elif way == 4:
            data[at:end] = rng.choice(tokens)
        elif way == 5:
            data[at:at] = data[at:end] * rng.choice((1, 2, 40))
        elif way == 6:
            del data[at:]
        else:
            data[at:at] = rng.randbytes(rng.choice((1, 4, 30)))
    return bytes(data)


def packed(parts):
    """Several files (None: missing) as one input."""
    out = bytearray()
    for part in parts:
        out += (0xFFFFFFFF if part is None else len(part)).to_bytes(4, "little") + (part or b"")
    return bytes(out)


def unpacked(data, count):
    """The files of an input; what is missing at its end is missing."""
    parts = []
    for _ in range(count):
        length, data = int.from_bytes(data[:4], "little") if len(data) >= 4 else 0xFFFFFFFF, data[4:]
        parts.append(None if length == 0xFFFFFFFF else data[:length])
        data = b"" if length == 0xFFFFFFFF and not data else data[0 if length == 0xFFFFFFFF else length:]
    return parts


class Broken(AssertionError):
    """A target did what it must not."""


def need(holds, text):
    if not holds:
        raise Broken(text)


def attempt(target, data):
    """None, or the text of what went wrong with this input."""
    def too_slow(signum, frame):
        raise TooSlow
    before = signal.signal(signal.SIGPROF, too_slow)
    signal.setitimer(signal.ITIMER_PROF, INPUT_LIMIT_S)
    try:
        target.run(data)
    except TooSlow:
        return "took longer than %d s of CPU time" % INPUT_LIMIT_S
    except Exception as error:
        trace = error.__traceback__
        while trace.tb_next is not None:
            trace = trace.tb_next
        place = "%s:%d" % (Path(trace.tb_frame.f_code.co_filename).name, trace.tb_lineno)
        return "%s: %s (%s)" % (type(error).__name__, error, place)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return None


def kind_of(wrong):
    """What tells one failure from another: the exception's name and its place."""
    return wrong and (wrong.partition(":")[0], wrong[wrong.rfind("("):])


def smaller(target, data, kind, most=400):
    """A shorter input that fails alike, found by leaving out pieces."""
    tries, size = 0, max(1, len(data) // 2)
    while size and tries < most:
        at, found = 0, False
        while at < len(data) and tries < most:
            less = data[:at] + data[at + size:]
            tries += 1
            if kind_of(attempt(target, less)) == kind:
                data, found = less, True
            else:
                at += size
        if not found or size > len(data):
            size //= 2
    return data


def corpus():
    """[(target name, input, what it once did)]"""
    found = []
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, text, story = line.split(None, 2)
            found.append((name, bytes.fromhex(text), story))
    return found


def replay(targets, tell=print):
    """Try the corpus; returns how many failed."""
    failed = 0
    for name, data, story in corpus():
        wrong = attempt(targets[name], data)
        if wrong is not None:
            failed += 1
            tell("%s again: %s\n  %s\n  %s" % (name, story, wrong, repeat_with(name, data)))
    return failed


def repeat_with(name, data):
    """How to try one input again."""
    return "python -m tools.checks.fuzz --target %s --hex %s" % (name, data.hex() or "''")


def fuzz(target, seed, inputs, seconds=0, tell=print):
    """At least `inputs` inputs and `seconds`; returns (how many were tried, how many different failures)."""
    rng = random.Random("%s %d" % (target.name, seed))
    begin, tried, seen, known = time.monotonic(), 0, set(), set()
    while tried < inputs or time.monotonic() - begin < seconds:
        data = target.make(rng)
        wrong = attempt(target, data)
        tried += 1
        kind = kind_of(wrong)
        if wrong is not None and kind not in seen:
            if (target.name, kind[0]) in [row[:2] for row in KNOWN]:
                known.add(kind[0])
                continue
            seen.add(kind)
            short = smaller(target, data, kind)
            tell("%s: %s\n  input %s\n  %s" % (target.name, attempt(target, short), short.hex(), repeat_with(target.name, short)))
            if len(seen) >= 5:
                break
    for name, error, why in KNOWN:
        if name == target.name and error in known:
            tell("%s: known: %s, %s" % (name, error, why))
    return tried, len(seen)


def make_targets():
    """{name: target}; to be called with the twin's shims installed."""
    from tools.checks.fuzz_targets import TARGETS
    return {one.name: one for one in (make() for make in TARGETS)}


def installed():
    """The twin's shims with a chip, so that drivers can be imported; to be undone by cpython.uninstall()."""
    from tools.twin.clock import VirtualClock
    from tools.twin.hal import Hal
    board = json.loads((Path(__file__).resolve().parents[2] / "board_configs" / "twin.json").read_text())
    clock = VirtualClock()
    hal = Hal(board, clock)
    hal.begin_boot("power")
    cpython.install(clock, hal)
    return clock


def main(argv=None):
    """Returns 0 when all went well, 1 when an input broke something."""
    parser = argparse.ArgumentParser(prog="python -m tools.checks.fuzz", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all targets together, after %d inputs each" % INPUTS)
    parser.add_argument("--inputs", type=int, default=INPUTS, help="at least so many for each target (default %d)" % INPUTS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", help="only this one")
    parser.add_argument("--hex", help="only this input of --target")
    args = parser.parse_args(argv)
    clock = installed()
    try:
        targets = make_targets()
        if args.target is not None and args.target not in targets or args.hex is not None and args.target is None:
            parser.error("--target must be one of " + ", ".join(targets))
        if args.hex is not None:
            wrong = attempt(targets[args.target], bytes.fromhex(args.hex))
            print(wrong or "went well")
            return 1 if wrong else 0
        chosen = [one for one in targets.values() if args.target in (None, one.name)]
        failed = replay(targets)
        total, begin = 0, time.monotonic()
        for number, target in enumerate(chosen):
            start = time.monotonic()
            share = max(0, args.seconds - (start - begin)) / (len(chosen) - number)
            tried, wrong = fuzz(target, args.seed, args.inputs, share)
            print("%-16s %8d inputs %6.1f s%s" % (target.name, tried, time.monotonic() - start,
                                                 "  %d FAILURES" % wrong if wrong else ""), flush=True)
            total += tried
            failed += wrong
            target.close()
        print("%d inputs, %d of the corpus, %d failures" % (total, len(corpus()), failed))
    finally:
        cpython.uninstall()
        clock.close()
    report(len(chosen) + len(corpus()) - failed, failed)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
