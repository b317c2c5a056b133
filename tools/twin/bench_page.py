"""What the bench's page is served and shown: its files, and one picture of everything per look."""

from collections import deque
from pathlib import Path

from tools.twin.runner import NotNow
from tools.twin.verbs import described
from tools.twin.waveform import Circuit, Wave
from tools.twin.world import NOT_SIMULATED_YET

FOLDER = Path(__file__).with_name("bench")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}
RULES = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
         "form-action 'none'; frame-ancestors 'none'")
KEPT_POINTS = 4000
SCOPE_POINTS = 800
SCOPE_US = (10, 100_000)        # shortest and longest time that the oscilloscope shows
FIRST_EDGES = 400               # what a page that has just been opened is told of the past


def files(folder=FOLDER):
    """{name: (content, headers)} of the page's files, read once: what is not in here cannot be asked for."""
    return {path.name: (path.read_bytes(), {"Content-Type": TYPES[path.suffix], "Cache-Control": "no-store",
                                            "X-Content-Type-Options": "nosniff", "Content-Security-Policy": RULES})
            for path in sorted(folder.iterdir()) if path.suffix in TYPES}


def verbs(twin):
    """What may be said to the world: the page makes its switches from this."""
    port = getattr(twin, "http_port", None)
    return {"verbs": described(), "not_simulated_yet": list(NOT_SIMULATED_YET), "can_set_pace": twin.can_advance,
            "charger": port and f"http://127.0.0.1:{port}/"}


class History:
    """What the strip chart has shown: a page that is opened anew goes on where the last one was. One point per look that saw
    something new: [t_ms, offered_ma, limit_ma, drawn_ma, power_w, limited_by]."""

    def __init__(self):
        self._points = deque(maxlen=KEPT_POINTS)

    def note(self, state, charger):
        """Take over what one look saw; in a straight line only the ends are kept."""
        get = (charger or {}).get
        point = [state["t_ms"], get("offered_ma"), get("limit_ma"), max(state["meter"]["current_ma"]), state["meter"]["power_w"],
                 get("limited_by")]
        points = self._points
        if points and points[-1][0] >= point[0]:
            return
        if len(points) > 1 and points[-1][1:] == points[-2][1:] == point[1:]:
            points.pop()
        points.append(point)

    def points(self):
        """All that is kept, oldest first."""
        return list(self._points)


def scope(twin, width_us):
    """The pilot at the charger's terminal over `width_us`, the rising edge a tenth from the left: voltages in mV, by the circuit of
    waveform.py: that of the board where the twin has been given one, else its nominal values."""
    world, generator = twin.world, twin.world.generator
    times_us = [width_us * (n / SCOPE_POINTS - 0.1) for n in range(SCOPE_POINTS + 1)]
    wave = getattr(world.hal, "wave", None)
    if not generator.supplied:
        mv = [0] * len(times_us)
    elif wave is not None:
        start_us = world.hal.pilot[0]
        mv = [wave.line_mv(start_us + t_us) for t_us in times_us]
    else:
        period_us = 1_000_000 / (generator.frequency_hz or 1000)
        wave = Wave(Circuit(), [0, period_us, period_us * generator.duty_ppm / 1_000_000])
        wave.set_levels(*world.cp_levels_mv, world.line_state in ("B", "C", "D"))
        mv = [wave.line_mv(t_us) for t_us in times_us]
    circuit = wave.circuit if wave is not None else Circuit()
    return {"width_us": width_us, "mv": [round(one) for one in mv], "source_kohm": circuit.source_kohm,
            "line_nf": circuit.line_nf, "vehicle_nf": circuit.vehicle_nf}


def picture(twin, stories, history, after):
    """Everything that the page shows, in one look in the clock's thread. `after`: number of the last edge that it knows,
    None at first."""
    world, trace, pace = twin.world, twin.world.trace, twin.pace
    try:
        charger = twin.all_facts()
    except NotNow:
        charger = None
    state = world.state()
    history.note(state, charger)
    seen = {"state": state, "charger": charger, "story": stories.last, "pace": {"speed": pace.speed, "paused": pace.paused},
            "tones": list(world.front.tones), "edge_number": trace.number,
            "edges": trace.newest(max(0, trace.number - FIRST_EDGES) if after is None else after)}
    if after is None:
        seen["history"] = history.points()
    return seen
