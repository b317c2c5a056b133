"""What the routes' docstrings do not say in a form for programs: arguments of queries, bodies and answers.

A route that is not named here takes and gives any JSON object. Schemas are JSON Schema 2020-12.
"""
from tools.docs.api.schemas import listed, obj, or_null

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
FLAG = {"type": "boolean"}
ROLE = {"enum": ["public", "read", "control", "admin"]}
CHECK = ("check", {"enum": ["0", "1"]}, "1: only tell what would change")
LIMIT = ("limit", {"type": "integer", "minimum": 1, "maximum": 200}, "most rows of the answer; 50 without it")
BEFORE = ("before", {"type": "integer", "minimum": 0, "maximum": 0xFFFFFFFF}, "`next` of the page before")
SEPARATOR = ("separator", {"enum": ["semicolon", "comma", "tab"]}, "of the cells; semicolon without it")
DECIMAL = ("decimal", {"enum": ["comma", "point"]}, "of numbers; comma without it")
CHOICE = (("month", TEXT, "2026-11"), ("from", TEXT, "first day, 2026-11-01"), ("to", TEXT, "last day, 2026-11-30"),
          ("days", {"type": "integer", "minimum": 1, "maximum": 36500}, "or so many days back from now"),
          ("uid", TEXT, "of one card"), ("account", TEXT, "of one account"))

# {(method, path): ((name, schema, what it says), …)}
QUERIES = {
    ("PUT", "/api/v1/backup"): (CHECK, ("skip", {"enum": ["0", "1"]}, "1: leave out what this charger refuses")),
    ("GET", "/api/v1/settings.txt"): (("serial", {"enum": ["0", "1"]}, "1: bound to this charger"),),
    ("PUT", "/api/v1/settings.txt"): (CHECK,),
    ("GET", "/api/v1/cards"): (LIMIT, ("after", TEXT, "`next` of the page before"), ("text", TEXT, "that UID or name hold"),
                               ("type", TEXT, "of the card")),
    ("GET", "/api/v1/cards.csv"): (SEPARATOR,),
    ("GET", "/api/v1/sessions"): (LIMIT, BEFORE, *CHOICE),
    ("GET", "/api/v1/sessions.csv"): (SEPARATOR, DECIMAL, *CHOICE),
    ("GET", "/api/v1/sessions/totals"): CHOICE,
    ("GET", "/api/v1/events"): (LIMIT, BEFORE, ("kind", TEXT, "of the events")),
    ("GET", "/api/v1/events.csv"): (SEPARATOR, ("kind", TEXT, "of the events")),
    ("GET", "/api/v1/statement"): (("month", TEXT, "2026-11"), ("uid", TEXT, "of one card"), ("account", TEXT, "of one account"),
                                   ("lang", {"enum": ["en", "de", "fr"]}, "language")),
    ("GET", "/api/v1/statement.csv"): (SEPARATOR, DECIMAL, ("month", TEXT, "2026-11"), ("uid", TEXT, "of one card"),
                                       ("account", TEXT, "of one account")),
    ("PUT", "/api/v1/update/bundle"): (("downgrade", {"enum": ["true", "false"]}, "true: an older version too"),),
}

# {(method, path): ((header, schema, what it says), …)}
HEADERS = {
    ("PUT", "/api/v1/backup"): (("X-Backup-Password", TEXT, "the backup's password, percent-encoded UTF-8"),),
    ("PUT", "/api/v1/settings.txt"): (("X-File-Name", TEXT, "the file's name; a serial number in it binds the file"),),
}

# what stands for the * at the end of a path
REST = {"/api/v1/cards/*": "uid", "/api/v1/tokens/*": "name", "/api/v1/sessions/*": "number_and_part",
        "/api/v1/network/known/*": "ssid"}

# bodies that are no JSON: {(method, path): content type}
FILES_IN = {("PUT", "/api/v1/backup"): "application/octet-stream", ("PUT", "/api/v1/settings.txt"): "text/plain",
            ("PUT", "/api/v1/cards.csv"): "text/csv", ("PUT", "/api/v1/update/bundle"): "application/octet-stream"}
# answers that are no JSON
FILES_OUT = {("POST", "/api/v1/backup"): "application/octet-stream", ("GET", "/api/v1/settings.txt"): "text/plain; charset=utf-8",
             ("GET", "/api/v1/cards.csv"): "text/csv; charset=utf-8", ("GET", "/api/v1/sessions.csv"): "text/csv; charset=utf-8",
             ("GET", "/api/v1/events.csv"): "text/csv; charset=utf-8", ("GET", "/api/v1/statement.csv"): "text/csv; charset=utf-8",
             ("GET", "/api/v1/statement"): "text/html; charset=utf-8", ("GET", "/api/v1/report"): "text/html; charset=utf-8",
             ("GET", "/api/v1/stream"): "text/event-stream"}

_CHANGE = obj({"key": TEXT, "from": {}, "to": {}, "restart": FLAG})
_CARD = {"uid": TEXT, "name": TEXT, "type": TEXT, "master": FLAG, "state": TEXT, "expires": {"type": ["string", "null"]},
         "stations": listed(TEXT)}
_CURVE = {"number": WHOLE, "running": FLAG, "from_s": WHOLE, "step_s": WHOLE, "power_w": listed(or_null(WHOLE))}
_TOKEN = {"name": TEXT, "scope": {"enum": ROLE["enum"][1:]}}
_SESSION = obj({"role": ROLE, "user": or_null(TEXT), "csrf": or_null(TEXT), "must_change_password": FLAG})
_CERTIFICATE = obj({"https": TEXT, "source": {"enum": ["none", "provisioned", "imported"]}, "fingerprint": or_null(TEXT)})

_NOTHING = obj({}, maxProperties=0)
_KNOWN = obj({"known": listed(obj({"ssid": TEXT, "hidden": FLAG, "has_key": FLAG, "joined": FLAG})), "most": WHOLE})
_PINS = obj({"pin": FLAG, "guest_pin": FLAG})
_ACCEPTED = obj({"result": {"const": "accepted"}})

BODIES = {
    ("POST", "/api/v1/diagnostics/upload"): obj({"url": TEXT}),
    ("PUT", "/api/v1/network/known/*"): obj({"key": TEXT, "hidden": FLAG, "priority": WHOLE}, ()),
    ("PUT", "/api/v1/pins"): obj({"pin": {"type": ["string", "null"]}, "guest_pin": {"type": ["string", "null"]}}, ()),
    ("POST", "/api/v1/backup"): obj({"password": {"type": "string", "minLength": 10, "maxLength": 64}}),
    ("POST", "/api/v1/factory_reset"): obj({"cards": FLAG}, additionalProperties=False),
    ("POST", "/api/v1/login"): obj({"user": TEXT, "password": TEXT}),
    ("PUT", "/api/v1/password"): obj({"user": TEXT, "old": TEXT, "new": TEXT}, ("user", "new")),
    ("POST", "/api/v1/recover"): obj({"recovery_key": TEXT, "user": TEXT, "new": TEXT}),
    ("POST", "/api/v1/tokens"): obj(_TOKEN),
    ("PUT", "/api/v1/certificate"): obj({"certificate": TEXT, "key": TEXT}),
    ("POST", "/api/v1/cards"): obj(_CARD, ("uid",), additionalProperties=False),
    ("PUT", "/api/v1/cards/*"): obj(_CARD, (), additionalProperties=False),
    ("POST", "/api/v1/cards/type"): obj({"uids": listed(TEXT), "type": TEXT}),
    ("PUT", "/api/v1/events/debug"): obj({"minutes": WHOLE}),
    ("POST", "/api/v1/pin"): obj({"pin": TEXT, "command": {"enum": ["start", "stop"]}}, ("pin",)),
    ("POST", "/api/v1/puk"): obj({"puk": TEXT, "new_pin": TEXT}),
    ("POST", "/api/v1/update/install"): obj({"downgrade": FLAG}, ()),
}

ANSWERS = {
    ("DELETE", "/api/v1/cards"): _NOTHING,
    ("DELETE", "/api/v1/cards/*"): _NOTHING,
    ("GET", "/api/v1/network/known"): _KNOWN,
    ("PUT", "/api/v1/network/known/*"): _KNOWN,
    ("DELETE", "/api/v1/network/known/*"): _KNOWN,
    ("GET", "/api/v1/openapi.json"): obj({"openapi": TEXT}),
    ("GET", "/api/v1/pin"): obj({"asked": FLAG, "wait_s": or_null(WHOLE)}),
    ("POST", "/api/v1/pin"): obj({"result": {"const": "accepted"}, "id": TEXT}),
    ("GET", "/api/v1/pins"): _PINS,
    ("PUT", "/api/v1/pins"): _PINS,
    ("GET", "/api/v1/update"): obj({"running": TEXT}),
    ("POST", "/api/v1/update/check"): _ACCEPTED,
    ("POST", "/api/v1/update/install"): _ACCEPTED,
    ("POST", "/api/v1/publication/test"): obj({"result": TEXT}),
    ("POST", "/api/v1/publication/test/mail"): obj({"result": TEXT}),
    ("GET", "/api/v1/network/scan"): obj({"scanning": FLAG, "age_s": or_null(WHOLE), "networks": listed(obj({
        "ssid": {"type": ["string", "null"]}, "rssi_dbm": WHOLE, "channel": WHOLE}))}),
    ("GET", "/api/v1/facts"): obj({"facts": listed(obj({"name": TEXT, "unit": TEXT, "type": TEXT, "null_means": TEXT,
                                                        "doc": TEXT}))}),
    ("GET", "/api/v1/commands"): obj({"commands": listed(obj({"name": TEXT, "arguments": listed(obj({
        "name": TEXT, "type": TEXT, "required": FLAG})), "role": ROLE, "refusals": listed(TEXT), "doc": TEXT}))}),
    ("GET", "/api/v1/meters"): obj({"meters": listed(obj({"name": TEXT}))}),
    ("PUT", "/api/v1/settings.txt"): obj({"changes": listed(_CHANGE)}),
    ("PUT", "/api/v1/backup"): obj({"changes": listed(_CHANGE), "refused": listed(obj({"key": TEXT, "message": TEXT}))}),
    ("GET", "/api/v1/backup/progress"): obj({"permille": or_null(WHOLE)}),
    ("GET", "/api/v1/factory_reset"): obj({"clears": listed(obj({"what": TEXT, "bytes": WHOLE})), "keeps": listed(TEXT)}),
    ("POST", "/api/v1/factory_reset"): obj({"restarting": FLAG}),
    ("GET", "/api/v1/session"): _SESSION,
    ("POST", "/api/v1/login"): _SESSION,
    ("PUT", "/api/v1/password"): _SESSION,
    ("GET", "/api/v1/certificate"): _CERTIFICATE,
    ("PUT", "/api/v1/certificate"): _CERTIFICATE,
    ("DELETE", "/api/v1/certificate"): _CERTIFICATE,
    ("GET", "/api/v1/tokens"): obj({"tokens": listed(obj(_TOKEN))}),
    ("POST", "/api/v1/tokens"): obj(dict(_TOKEN, token=TEXT)),
    ("GET", "/api/v1/cards"): obj({"count": WHOLE, "teaching": obj({"mode": TEXT, "left_s": WHOLE}),
                                   "cards": listed(obj(_CARD)), "next": {"type": ["string", "null"]}}),
    ("POST", "/api/v1/cards"): obj(_CARD),
    ("GET", "/api/v1/cards/*"): obj(_CARD),
    ("PUT", "/api/v1/cards/*"): obj(_CARD),
    ("PUT", "/api/v1/cards.csv"): obj({"cards": WHOLE}),
    ("POST", "/api/v1/cards/type"): obj({"changed": WHOLE}),
    ("GET", "/api/v1/sessions"): obj({"sessions": listed(obj({"number": WHOLE, "energy_wh": WHOLE})), "next": or_null(WHOLE)}),
    ("GET", "/api/v1/sessions/totals"): obj({"cards": listed(obj({"uid": TEXT, "sessions": WHOLE, "energy_wh": WHOLE}))}),
    ("GET", "/api/v1/events"): obj({"debug_left_s": WHOLE, "events": listed(obj({"seq": WHOLE, "kind": TEXT, "code": TEXT})),
                                    "next": or_null(WHOLE)}),
    ("PUT", "/api/v1/events/debug"): obj({"debug_left_s": WHOLE}),
    ("GET", "/api/v1/curve"): obj(dict(_CURVE, number=or_null(WHOLE))),
    ("GET", "/api/v1/sessions/*"): obj(_CURVE),
}
