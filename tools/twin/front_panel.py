"""What a person sees and hears at the charger's front: the LEDs as segments and single lights with colours, the buzzer."""

from collections import deque
from functools import partial

NAMED = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "orange": (255, 80, 0), "yellow": (255, 255, 0),
         "cyan": (0, 255, 255), "magenta": (255, 0, 255), "white": (255, 200, 160)}
KEPT_TONES = 24
SINGLES = ("reader", "connection", "mode")
PLAIN = ("red", "green", "blue")


def colour_name(rgb):
    """The colour that an eye would call it, whatever its brightness; "off" when it is dark."""
    brightest = max(rgb)
    if not brightest:
        return "off"
    seen = [value * 255 / brightest for value in rgb]
    return min(NAMED, key=lambda name: sum((a - b) ** 2 for a, b in zip(seen, NAMED[name], strict=True)))


class FrontPanel:
    """board: its facts. The strip is a row of four segments and, where its length is 4 n + 3, three single lights."""

    def __init__(self, board, clock):
        self._clock = clock
        self.tones = deque(maxlen=KEPT_TONES)       # [t_us, Hz] of the buzzer, 0 = silent from then on
        facts = board.get("led") or {}
        self._order = facts.get("order", "grb")
        self._pins = pins = board["pins"]
        low = board.get("active_low", ())
        self._inverted = ["led_" + colour in low for colour in PLAIN]
        self._plain = [pins.get("led_" + colour) is not None for colour in PLAIN]
        self._buzzer_low = "buzzer" in low
        self._buzzer_own_hz = (board.get("buzzer") or {}).get("frequency_hz", 2700)
        self.buzzer_hz = 0
        self.dark()

    def handlers(self):
        """{(signal, gpio): what the world calls with its value} of all that is fitted."""
        found = {}
        if self._pins.get("led_strip") is not None:
            found["neopixel", self._pins["led_strip"]] = self.strip
        rows = [("led_" + colour, partial(self.plain, number)) for number, colour in enumerate(PLAIN)] + [("buzzer", self.buzzer)]
        for name, handler in rows:
            for signal in ("pwm", "pin") if self._pins.get(name) is not None else ():
                found[signal, self._pins[name]] = handler
        return found

    def dark(self):
        """The supply is gone."""
        self.leds = [[0, 0, 0]] if any(self._plain) else []
        self._sound(0)

    def strip(self, data):
        """The bytes of the strip as they go over the wire."""
        size = len(self._order)
        self.leds = [[data[n + self._order.index(colour)] for colour in "rgb"] for n in range(0, len(data) - size + 1, size)]

    def plain(self, number, value):
        """PWM (frequency, high time in ns) or level at the pin of a plain LED, 0 red, 1 green, 2 blue."""
        if isinstance(value, tuple):
            share = value[1] * value[0] / 1e9
        else:
            share = value or 0
        if value is not None and self._inverted[number]:
            share = 1 - share
        self.leds[0][number] = round(255 * share)

    def buzzer(self, value):
        """PWM or level at the buzzer's pin; a constant level is silent, but for a buzzer that makes its own tone."""
        if isinstance(value, tuple):
            hz, high_ns = value
            self._sound(hz if 0 < high_ns * hz < 1_000_000_000 * 0.999 else 0)
        else:
            sounds = value is not None and bool(value) != self._buzzer_low
            self._sound(self._buzzer_own_hz if sounds else 0)

    def _sound(self, hz):
        if hz != self.buzzer_hz:
            self.buzzer_hz = hz
            self.tones.append([self._clock.now_us, hz])

    def state(self):
        """Names of the colours now; `leds` has every LED as [red, green, blue]."""
        singles = SINGLES if len(self.leds) % 4 == 3 and len(self.leds) > 4 else ()
        each = (len(self.leds) - len(singles)) // 4
        names = [colour_name(led) for led in self.leds]
        state = {"segments": names[:4 * each:each] if each else names[:1] * 4, "reader": None, "connection": None, "mode": None,
                 "leds": [list(led) for led in self.leds]}
        for number, name in enumerate(singles):
            state[name] = names[4 * each + number]
        if not state["segments"]:
            state["segments"] = ["off"] * 4
        return state
