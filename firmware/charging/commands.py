"""Every command the charger takes: the one table, and the check of what is handed in.

Page, MQTT, OCPP, Modbus, cards and buttons all say these words, so that a command behaves alike wherever it comes from.
Rows are added, never renamed.
"""

from firmware.keyed import keyed

MAX_TEXT = 64        # characters; longer than any UID (20), account name or reason
MAX_CURRENT_MA = 80000   # IEC 61851-1 table A.7 ends at 80 A
MAX_TIMEOUT_S = 86400    # a failsafe later than a day is none
MAX_STEPS = 24           # of a plan
MAX_ID = 36              # characters of an id that a reservation holds: as long as a central system's
MAX_RESERVATION_S = 604800
MAX_PLAN_S = 604800      # a plan reaches a week ahead at most
PLAN_S = 86400           # it holds so long where nothing else is said

# any command may be refused with one of these, beside its own
EVERYWHERE = ("not_allowed", "demo")     # a source that is not allowed; a showroom

# argument: (name, type, lowest or choices, highest, required); of a plan: most steps, highest current
_SOURCE = ("source", "str", 1, 24, True)
COMMANDS = (
    # (name, arguments, role, refusals, what it does)
    ("set_ceiling", (_SOURCE, ("limit_ma", "int", 0, MAX_CURRENT_MA, True), ("failsafe_ma", "int", 0, MAX_CURRENT_MA, False),
                     ("timeout_s", "int", 1, MAX_TIMEOUT_S, False), ("reason", "str", 1, MAX_TEXT, False)),
     "control", ("not_allowed", "too_many"),
     "caps the charging current under a name; after timeout_s without renewal failsafe_ma holds (else the settings' value)"),
    ("clear_ceiling", (_SOURCE,), "control", ("not_allowed", "unknown_ceiling"), "takes a named cap away"),
    ("authorize", (("id", "str", 1, MAX_TEXT, False),), "control", ("inoperative", "occupied", "reserved"),
     "lets this plug-in charge"),
    ("start", (), "control", ("inoperative", "not_authorized", "fault"), "goes on after a stop"),
    ("stop", (("reason", "str", 1, MAX_TEXT, False),), "control", (), "ends the charge in order; the vehicle stays plugged"),
    ("unlock", (), "control", ("no_lock",), "ends the charge, then unlocks the socket"),
    ("clear", (), "control", ("nothing_to_clear", "not_clearable"), "clears faults that may be cleared by hand"),
    ("availability", (("operative", "bool", None, None, True),), "control", (), "puts the charger in or out of service"),
    ("mode", (("mode", "choice", ("immediate", "smart"), None, True),), "control", (), "immediate or smart charging"),
    ("account", (("account", "str", 0, MAX_TEXT, True),), "control", ("unknown_account",),
     "books this and later sessions to one of the accounts (fact accounts); an empty text books them to none"),
    ("phases", (("phases", "choice", (1, 3), None, True),), "control", ("no_phase_switching",), "phases to offer"),
    ("restart", (), "control", (), "ends a charge in order, then restarts"),
    ("clock", (("utc_s", "int", 1735689600, 4102444800, True),), "control", ("clock_known",),
     "sets the wall clock, Unix seconds (2025-2099); what comes from outside only while nobody knows it, but for a central system"),
    ("set_plan", (("plan", "plan", MAX_STEPS, MAX_CURRENT_MA, True), ("valid_s", "int", 60, MAX_PLAN_S, False)),
     "control", ("bad_plan",),
     "smart charging follows [[start_s, limit_ma], ...] from now on, for valid_s (else a day); an empty plan takes it away"),
    ("service_mode", (("mode", "choice", ("normal", "commissioning", "demo"), None, True),), "admin", ("vehicle_plugged",),
     "commissioning (an hour without authorisation, for tests), or a showroom that never gives power until the next log-in"),
    ("teach_cards", (("mode", "choice", ("off", "add", "remove", "master"), None, True),), "control",
     ("vehicle_plugged", "no_reader", "central_list"),
     "for 30 s each card at the reader is added to the list, or removed; or for 60 s the next one becomes the master card"),
    ("reserve", (("id", "str", 1, MAX_ID, True), ("for_s", "int", 60, MAX_RESERVATION_S, True),
                 ("number", "int", 0, 2147483647, False)), "control", ("inoperative", "occupied", "fault", "reserved"),
     "only the card with this id may charge here, for so long or until it has begun; the same number or id replaces a reservation"),
    ("cancel_reservation", (("number", "int", 0, 2147483647, False),), "control", ("not_reserved",),
     "ends the reservation, where a number is given only the one of that number"),
    ("clear_cache", (), "admin", (), "forgets what the central system has said about cards"),
)


class CommandError(Exception):
    """A command that cannot be understood: code, field, message."""

    def __init__(self, code, field, message):
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message


def row_of(name):
    """The row of a command; raises CommandError("unknown_command")."""
    row = keyed(COMMANDS, name)
    if row is not None:
        return row
    raise CommandError("unknown_command", name, "unknown command %s; allowed: %s" % (
        name, ", ".join([row[0] for row in COMMANDS])))


def _allowed(arg):
    kind, low, high = arg[1], arg[2], arg[3]
    if kind == "int":
        return "a whole number from %d to %d" % (low, high)
    if kind == "str":
        return "text of %d to %d characters without control characters" % (low, high)
    if kind == "bool":
        return "true or false"
    if kind == "plan":
        return "a list of at most %d pairs [start_s, limit_ma], whole numbers to %d and %d" % (low, MAX_PLAN_S, high)
    return "one of " + ", ".join([str(choice) for choice in low])


def is_clean(text):
    """No control characters, and no lone surrogates: those have no UTF-8, so no record could hold them."""
    for char in text:
        code = ord(char)
        if code < 0x20 or code == 0x7F or 0xD800 <= code <= 0xDFFF:
            return False
    return True


def _is_step(step, high):
    return (isinstance(step, list) and len(step) == 2 and type(step[0]) is int and type(step[1]) is int
            and 0 <= step[0] <= MAX_PLAN_S and 0 <= step[1] <= high)


def _is_in_order(plan, valid_s):
    last_s = -1
    for start_s, _limit_ma in plan:
        if not last_s < start_s < valid_s:
            return False
        last_s = start_s
    return True


def _fits(arg, value):
    kind, low, high = arg[1], arg[2], arg[3]
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if kind == "str":
        return isinstance(value, str) and low <= len(value) <= high and is_clean(value)
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "plan":
        return isinstance(value, list) and len(value) <= low and all([_is_step(step, high) for step in value])
    for choice in low:
        if type(value) is type(choice) and value == choice:    # 1.0 and true are no 1
            return True
    return False


def check_arguments(name, args):
    """Check args (a dict) against the table; raises CommandError that names the argument and what is allowed."""
    row = row_of(name)
    if not isinstance(args, dict):
        raise CommandError("bad_value", None, "arguments of %s must be an object" % name)
    for key in sorted(args):
        if key not in [arg[0] for arg in row[1]]:
            raise CommandError("unknown_argument", key, "%s takes no %s; allowed: %s" % (
                name, key, ", ".join([arg[0] for arg in row[1]]) or "nothing"))
    for arg in row[1]:
        value = args.get(arg[0])
        if value is None:
            if arg[4]:
                raise CommandError("missing_argument", arg[0], "%s needs %s: %s" % (name, arg[0], _allowed(arg)))
        elif not _fits(arg, value):
            raise CommandError("bad_value", arg[0], "%s of %s must be %s" % (arg[0], name, _allowed(arg)))
    if "plan" in args and not _is_in_order(args["plan"] or (), args.get("valid_s") or PLAN_S):
        raise CommandError("bad_value", "plan", "steps of plan must come in order of start_s, before valid_s (else %d)" % PLAN_S)
    return row
