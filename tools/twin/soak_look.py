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


def state_of(chapter):
    """For people: what the charger says of itself."""
    app = chapter._app_now()
    if app is None:
        return "no firmware runs"
    facts = app.station.facts()
    state = {name: facts[name] for name in _FACTS}
    state["trips"], state["held"], state["failing"] = app.core.trips, app.station.held, dict(app.board.errors)
    state["tasks"] = {task["name"]: task["last_error"] for task in app.supervisor.fact() if task["last_error"]}
    return "faults %s, %s" % ([row[0][1] for row in app.station.faults.rows()], state)


def events_since(app, mark):
    """Events of the log, those that wait for the flash too, since a stamp (boot number, uptime in s, UTC)."""
    from firmware.records.event_log import decode
    log = app.records.events
    found = [decode(0, payload, {}) for payload in log._queue]
    for event in log.newest_first({}):
        if (event["boot"], event["uptime_s"]) < mark[:2]:
            break
        found.append(event)
    return [event for event in found if (event["boot"], event["uptime_s"]) >= mark[:2]]
