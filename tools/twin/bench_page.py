"""What the bench's page is served and shown: its files, and one picture of everything per look."""

from pathlib import Path

from tools.twin.runner import NotNow
from tools.twin.verbs import described
from tools.twin.world import NOT_SIMULATED_YET

FOLDER = Path(__file__).with_name("bench")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}
RULES = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
         "form-action 'none'; frame-ancestors 'none'")
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


def picture(twin, stories, after):
    """Everything that the page shows, in one look in the clock's thread. `after`: number of the last edge that it knows,
    None at first."""
    trace, pace = twin.world.trace, twin.pace
    try:
        charger = twin.all_facts()
    except NotNow:
        charger = None
    return {"state": twin.world.state(), "charger": charger, "story": stories.last,
            "pace": {"speed": pace.speed, "paused": pace.paused},
            "edge_number": trace.number,
            "edges": trace.newest(max(0, trace.number - FIRST_EDGES) if after is None else after)}
