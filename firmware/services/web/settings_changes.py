"""What an import and a restored backup share: check in slices, tell the changes, carry them out at once."""

import asyncio

from firmware.services.web.reply import HttpError
from firmware.settings import schema
from firmware.settings.store import SettingError


async def in_slices(work):
    """The last thing that a generator yields; others run after each of its Nones."""
    last = None
    for last in work:
        if last is None:
            await asyncio.sleep_ms(0)
    return last


async def whole_body(request):
    """The body of a request whose row has a negative size."""
    body = bytearray()
    while True:
        piece = await request.read()
        if not piece:
            return bytes(body)
        body += piece


def flag(args, name):
    """Whether an argument of the query is 1; 0 and none are no. Raises HttpError 422 for anything else."""
    value = args.get(name, "0")
    if value not in ("0", "1"):
        raise HttpError(422, "bad_value", name + " must be 1 or 0", name)
    return value == "1"


def must_write(may_write):
    """Raises HttpError 409 while settings cannot be replaced."""
    if not may_write():
        raise HttpError(409, "charging", "settings cannot be taken over while power flows, or in a showroom")


def change_rows(settings, plan):
    """[{"key", "from", "to", "restart"}] of a Plan, in the table's order; the values of a secret are null."""
    rows = []
    for key in sorted(plan.changed):
        row = schema.find(key)
        secret = schema.kind_of(row) == schema.SECRET
        rows.append({"key": key, "from": None if secret else settings.get(key), "to": None if secret else plan.changed[key],
                     "restart": "R" in row[6]})
    return rows


async def plan_without_refused(settings, values):
    """(Plan of what may be set, [{"key", "message"}] of what may not); takes the refused out of values."""
    refused = []
    while True:
        try:
            return await in_slices(settings.planning(values, "admin")), refused
        except SettingError as error:
            del values[error.key]
            refused.append({"key": error.key, "message": str(error)})


def carry_out(settings, plan, may_write):
    """Make a plan true. Raises HttpError 409 or 503; then nothing has changed."""
    must_write(may_write)
    try:
        done = settings.commit(plan)
    except OSError:
        raise HttpError(503, "flash_failed", "the flash cannot be written; nothing was changed")
    if not done:
        raise HttpError(409, "busy", "settings were changed meanwhile; nothing of the file was taken, try again")
