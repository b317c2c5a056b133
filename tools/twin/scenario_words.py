"""Words of a scenario's line: times, values, edges, and who asks. What is no such word raises ValueError."""

import json
import shlex

from tools.twin.trace import EVENTS, SIGNALS
from tools.twin.verbs import FAULTS

UNITS_US = {"ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}
LONGEST_US = 366 * 24 * UNITS_US["h"]
# who asks: the page's owner, its installer, or somebody who has not logged in, in the API's words
ROLES = {"user": "control", "admin": "admin", "anybody": "public"}


def words_of(text):
    """The words of a line; a JSON object in a command or call is one of them, as it is written."""
    start = text.find("{")
    if not text.startswith(("command ", "call ")) or start < 0:
        return shlex.split(text, comments=True)
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        raise ValueError(f"{text[start:start + 40]} is no JSON object") from None
    return [*shlex.split(text[:start]), text[start:end], *shlex.split(text[end:], comments=True)]


def tail_of(words, form, names):
    """(words before, value of each of `names` at the end or None)."""
    found = dict.fromkeys(names)
    for at in range(len(words)):
        if words[at] in names:
            rest = words[at:]
            if len(rest) % 2:
                raise ValueError(form)
            for name, value in zip(rest[::2], rest[1::2], strict=True):
                if name not in names or found[name] is not None:
                    raise ValueError(form)
                found[name] = value
            words = words[:at]
            break
    if found["as"] is not None and found["as"] not in ROLES:
        raise ValueError(f"{found['as']} is nobody here; as one of {', '.join(ROLES)}")
    return words, *found.values()


def times_of(words, names, form):
    """{name: microseconds, 0 when it is not said} of `within 3 s for 2 s`."""
    found = dict.fromkeys(names, 0)
    while words:
        name, size = words[0], 1
        if name not in names or found[name]:
            raise ValueError(f"{name} is not understood here; {form}")
        while size < len(words) and words[size] not in names:
            size += 1
        found[name] = duration_us(words[1:size], name)
        words = words[size:]
    return found


def duration_us(words, after):
    """Microseconds of "500 ms", "2 s", "3 min" or "1 h"; `after` is the word a message names."""
    joined = "".join(words)
    digits = joined.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = joined[len(digits):]
    try:
        us = int(float(digits) * UNITS_US[unit])
        if not 0 <= us <= LONGEST_US or len(words) > 2:
            raise ValueError
    except (ValueError, KeyError, OverflowError):
        message = f"{after} wants a time as 500 ms, 2 s, 3 min or 1 h, not {' '.join(words) or 'nothing'}"
        raise ValueError(message) from None
    return us


def value_of(word):
    """What a word stands for: JSON where it is that, else the word itself."""
    try:
        return json.loads(word)
    except (ValueError, RecursionError):
        return word


def edge_of(words):
    """(signal, value) of two words."""
    signal, word = words
    if signal not in SIGNALS:
        raise ValueError(f"there is no signal {signal}; signals are {', '.join(SIGNALS)}")
    if signal in EVENTS:
        if word not in FAULTS:
            raise ValueError(f"{signal} is one of {', '.join(FAULTS)}, not {word}")
        return signal, word
    value = value_of({"on": "true", "off": "false"}.get(word, word))
    wanted = {"ev_state": str, "duty_permille": int}.get(signal, bool)
    if type(value) is not wanted or (signal == "ev_state" and value not in tuple("ABCDEF")):
        allowed = {"ev_state": "A to F", "duty_permille": "a whole number"}.get(signal, "true or false")
        raise ValueError(f"{signal} is {allowed}, not {word}")
    return signal, value
