"""What is looked at in a chapter's charger: whether it charges, whether its tasks live, what its log tells."""

_FACTS = ("overview_state", "session_state", "cp_state", "contactor", "offered_ma", "limit_ma", "limited_by", "retry_in_s",
          "authorized", "availability")
LEAST_MW = 500_000


def charges(chapter):
    """Power flows, as the world's meter sees it."""
    return chapter.world.mains.power_mw > LEAST_MW


def tasks_live(chapter):
    """Every task of the table runs."""
    app = chapter._app_now()
    return app is not None and all(not entry.down and entry.task is not None and not entry.task.done()
                                   for entry in app.supervisor.tasks)


def talks(chapter):
    """It is connected to the broker."""
    app = chapter._app_now()
    return app is not None and app.station.fact("mqtt")["state"] == "connected"


def state_of(chapter):
    """For people: what the charger says of itself."""
    app = chapter._app_now()
    if app is None:
        return "no firmware runs"
    facts = app.station.facts()
    state = {name: facts[name] for name in _FACTS}
    state["trips"], state["held"], state["failing"] = app.core.trips, app.station.held, dict(app.board.errors)
    state["tasks"] = {task["name"]: task["last_error"] for task in app.supervisor.fact() if task["last_error"]}
    state["mqtt"] = app.station.fact("mqtt")
    return "faults %s, %s" % ([row[0][1] for row in app.station.faults.rows()], state)


def mark(app):
    """What events_since() takes: the number of the next event on flash, and those that wait for it now."""
    log = app.records.events
    return log._log.next_seq, [_what(event) for event in _waiting(log)]


def events_since(app, marked):
    """Events since then, with those that wait for the flash."""
    log = app.records.events
    found = _waiting(log)
    for event in log.newest_first({}):
        if event["seq"] < marked[0]:
            break
        found.append(event)
    return [event for event in found if _what(event) not in marked[1]]


def _waiting(log):
    from firmware.records.event_log import decode
    return [decode(0, payload, {}) for payload in log._queue]


def _what(event):
    return event["boot"], event["uptime_s"], event["kind"], event["code"], event["detail"]


def persons_way(app):
    """What the fault table asks a person for in what is wrong now: "power_cycle", "unplug", "restart", or None."""
    from firmware.charging.faults import CLEARED, LATCHED, SEVERITY
    ways = [(row[CLEARED], row[SEVERITY]) for row, _ in app.station.faults.rows()]
    if ("power_cycle", LATCHED) in ways:
        return "power_cycle"
    if ("unplug", LATCHED) in ways:
        return "unplug"
    return "restart" if app.core.trips and app.board.contactor._disobeyed else None
