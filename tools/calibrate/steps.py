"""What is connected and measured, step by step: one table a kind of sensing, and one for the cable's coding.

A pilot step: (name, what the person does, steady level of the pilot: 1 is +12 V, 0 is -12 V, which pin is read). What the terminal
shows the person reads off a multimeter, so the resistors need not be exact.
"""

HIGH, LOW = 1, 0

OPEN = ("A", "Leave the pilot terminal open.", HIGH, "cp_adc")
LOADS = (
    ("B", "Connect 2.74 kΩ from pilot to earth.", HIGH, "cp_adc"),
    ("C", "Connect 882 Ω from pilot to earth (or 2.74 kΩ and 1.3 kΩ in parallel).", HIGH, "cp_adc"),
    ("D", "Connect 246 Ω from pilot to earth.", HIGH, "cp_adc"),
)
SHORT = ("E", "Connect pilot to earth by a wire.", HIGH, "cp_adc")
MINUS = ("F", "Leave the pilot terminal open: it is at -12 V now.", LOW, "cp_adc")


def _at(steps, pin):
    return tuple((name, text, level, pin) for name, text, level, _ in steps)


PILOT = {
    "full_range": (MINUS, SHORT, *reversed(LOADS), OPEN),
    "positive_comparator": (*reversed(LOADS), OPEN),        # below 150 mV an ESP32's converter tells nothing: no step at 0 V
    "peak_detector": (*_at((MINUS,), "cp_low_adc"), *_at((SHORT, *reversed(LOADS), OPEN), "cp_high_adc")),
}

# (rating in A or None, what the person does, ohm or None)
PROXIMITY = (
    (None, "Leave the proximity terminal open.", None),
    (13, "Connect 1500 Ω from proximity to earth.", 1500),
    (20, "Connect 680 Ω from proximity to earth.", 680),
    (32, "Connect 220 Ω from proximity to earth.", 220),
    (63, "Connect 100 Ω from proximity to earth.", 100),
)
