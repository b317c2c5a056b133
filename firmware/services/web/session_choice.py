"""Which past sessions a query wants."""

from firmware.records import export
from firmware.records.export import Choice
from firmware.services.web.query import whole
from firmware.services.web.reply import HttpError

_DAY_S = 86400


def sessions_chosen(args, zone, now_utc_s):
    """?from=2026-11-01&to=2026-11-30 (local days, both included) or month=2026-11 or days=90; uid=, account=, before=.
    Raises HttpError 422."""
    from_utc = to_utc = 0
    field = "month"
    try:
        if args.get("month"):
            from_utc, to_utc = export.month_from_text(args["month"], zone)
        field = "from"
        if args.get("from"):
            from_utc = export.day_from_text(args["from"], zone)
        field = "to"
        if args.get("to"):
            to_utc = export.day_from_text(args["to"], zone, 1)
    except ValueError as error:
        raise HttpError(422, "bad_value", str(error), field)
    if args.get("days"):
        days = whole(args, "days", 1, 36500, 90)
        from_utc = max(0, now_utc_s - days * _DAY_S)       # the clock is unknown: all
    return Choice(from_utc, to_utc, args.get("uid", ""), args.get("account", ""), whole(args, "before", 0, 0xFFFFFFFF, 0))
