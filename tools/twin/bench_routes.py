"""What the bench answers: the page's files, looks at the world, orders to it.

Everything it asks of the world runs in the clock's thread between two events (`clock.call`).
"""

import asyncio
import json
import threading
from urllib.parse import parse_qs

import microdot

from tools.twin import bench_page
from tools.twin.orders import order
from tools.twin.runner import NotNow
from tools.twin.scenario import ScenarioError
from tools.twin.stories import Stories, catalogue, files
from tools.twin.verbs import VERBS, BadValue, checked

MOST_BODY_BYTES = 10_000
READ_AWAY_BYTES = 1_000_000
POLL_S = 0.01
JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_sleep = asyncio.sleep          # taken before the firmware's shims may put another one there


class Refused(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, status, code, message, field=None):
        super().__init__(message)
        self.status, self.code, self.field = status, code, field


def _error(status, code, message, field=None):
    body = json.dumps({"error": {"code": code, "message": message, "field": field}})
    return microdot.Response(body, status, JSON)


def _json(body):
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "not_json", "the body is not JSON") from None


def _checked(verb, body):
    values = _json(body)
    try:
        return checked(verb, values)
    except BadValue as exc:
        raise Refused(422, "bad_value", str(exc), exc.field) from None


def _asked(request, name, unit, default):
    """The one number that a query may hold."""
    query = parse_qs(request.query_string or "", keep_blank_values=True)
    unknown = [word for word in query if word != name]
    if unknown:
        raise Refused(422, "bad_value", f"this is asked with {name} alone", unknown[0])
    if name not in query:
        return default
    try:
        number = float(query[name][-1])
        if not 0 <= number <= 1e12:
            raise ValueError
    except ValueError:
        raise Refused(422, "bad_value", f"{name} must be a number of {unit} from 0 to 1000000000000", name) from None
    return number


def _path(name):
    """The file of a scenario."""
    for path in files():
        if path.stem == name:
            return path
    raise Refused(422, "bad_value", "there is no such scenario; GET /api/scenarios lists them", "name")


def make_app(twin):
    """The bench's routes for a running twin."""
    app = microdot.Microdot()
    page = bench_page.files()
    clock, world = twin.clock, twin.world
    stories, history = Stories(twin), bench_page.History()

    async def answer(request, work):
        origin = request.headers.get("Origin")
        if origin is not None and origin != "http://" + request.headers.get("Host", ""):
            return _error(403, "foreign_origin", "other pages in the browser may not use the bench")
        try:
            return microdot.Response(json.dumps(await work()), 200, JSON)
        except Refused as exc:
            return _error(exc.status, exc.code, str(exc), exc.field)
        except NotNow as exc:
            return _error(409, "not_now", str(exc))
        except ScenarioError as exc:            # somebody is writing it
            return _error(422, "bad_scenario", str(exc))
        except TimeoutError as exc:
            return _error(503, "busy", str(exc))

    @app.get("/")
    async def index(request):
        return microdot.Response(page["index.html"][0], 200, page["index.html"][1])

    @app.get("/page/<name>")
    async def file(request, name):
        if name not in page:
            return await not_found(request)
        return microdot.Response(page[name][0], 200, page[name][1])

    def look(path, work):
        """A GET that asks nothing."""
        @app.get("/api/" + path)
        async def carry_out(request):
            async def ask():
                return clock.call(work)
            return await answer(request, ask)

    look("state", world.state)
    look("verbs", lambda: bench_page.verbs(twin))
    look("scenarios", lambda: {"scenarios": catalogue(), "now": stories.last})

    @app.get("/api/scenarios/<name>")
    async def one_scenario(request, name):
        async def work():
            return {"name": name, "lines": _path(name).read_text(encoding="utf-8").splitlines()}
        return await answer(request, work)

    @app.get("/api/trace")
    async def trace(request):
        async def work():
            since_ms = _asked(request, "since_ms", "milliseconds", 0)
            return clock.call(lambda: world.trace.as_json(since_ms))
        return await answer(request, work)

    @app.get("/api/scope")
    async def scope(request):
        async def work():
            width_us = _asked(request, "width_us", "microseconds", 2000)
            low, high = bench_page.SCOPE_US
            if not low <= width_us <= high:
                raise Refused(422, "bad_value", f"width_us must be from {low} to {high}", "width_us")
            return clock.call(lambda: bench_page.scope(twin, width_us))
        return await answer(request, work)

    @app.get("/api/live")
    async def live(request):
        async def work():
            after = _asked(request, "after", "edges", None)
            return clock.call(lambda: bench_page.picture(twin, stories, history, None if after is None else int(after)))
        return await answer(request, work)

    @app.post("/api/scenario")
    async def scenario(request):
        async def work():
            values = _json(request.body)
            if values == {"stop": True}:
                clock.call(stories.stop)
            elif isinstance(values, dict) and set(values) == {"name"} and isinstance(values["name"], str):
                _path(values["name"])
                if not twin.can_advance:
                    raise NotNow("scenarios need a twin that can advance: one without --vm")
                clock.call(lambda: stories.play(values["name"]))
            else:
                raise Refused(422, "bad_value", 'a scenario is started with {"name": …} and ended with {"stop": true}')
            return stories.last
        return await answer(request, work)

    async def advance(seconds):
        if not twin.can_advance:
            raise NotNow("the firmware runs in real time here; only the twin without --vm can advance")
        arrived = threading.Event()
        clock.call(lambda: twin.pace.advance(int(seconds * 1_000_000), arrived.set))
        while not arrived.is_set():
            await _sleep(POLL_S)
        return clock.call(lambda: {"t_ms": clock.now_us // 1000, "utc_s": clock.utc_s()})

    def pace(values):
        if not twin.can_advance:
            raise NotNow("the firmware runs in real time here; only the twin without --vm has another pace")

        def work():
            if "speed" in values:
                twin.pace.set_speed(values["speed"])
            else:
                twin.pace.pause(values["paused"])
            return {"t_ms": clock.now_us // 1000, "speed": twin.pace.speed, "paused": twin.pace.paused}
        return clock.call(work)

    def route(verb):
        @app.post("/api/" + verb)
        async def carry_out(request):
            async def work():
                values = _checked(verb, request.body)
                if "advance_s" in values:
                    return await advance(values["advance_s"])
                if "speed" in values or "paused" in values:
                    return pace(values)
                return clock.call(lambda: order(twin, verb, values))
            return await answer(request, work)

    for verb in VERBS:
        route(verb)

    calls = ", ".join(["GET /"] + ["GET /api/" + path for path in ("state", "trace", "live", "scope", "verbs", "scenarios")] +
                      ["POST /api/" + verb for verb in (*VERBS, "scenario")])

    @app.errorhandler(404)
    async def not_found(request):
        return _error(404, "unknown_path", f"there is no {request.path[:60]}; there are {calls}")

    @app.errorhandler(405)
    async def wrong_method(request):
        return _error(405, "wrong_method", f"not with {request.method[:10]}; there are {calls}")

    @app.errorhandler(413)
    async def too_large(request):
        await _read_away(request)
        return _error(413, "too_large", f"a body may have {MOST_BODY_BYTES} bytes")

    @app.errorhandler(400)
    async def malformed(request):
        return _error(400, "malformed", "this is no HTTP request that can be understood")

    @app.errorhandler(Exception)
    async def broken(request, exc):
        return _error(500, "internal", f"the twin failed: {type(exc).__name__}: {exc}")

    @app.before_request
    async def limit(request):
        if request.content_length > MOST_BODY_BYTES:
            return _error(413, "too_large", f"a body may have {MOST_BODY_BYTES} bytes")

    return app


async def _read_away(request):
    """Takes what is still to come of a body that is refused, up to READ_AWAY_BYTES: a connection closed with bytes unread is
    reset, and the reset may overtake the answer."""
    left = min(request.content_length, READ_AWAY_BYTES)
    while left > 0:
        part = await request.stream.read(min(left, 65536))
        if not part:
            return
        left -= len(part)
