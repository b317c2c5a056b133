"""firmware/page/api/openapi.json: the HTTP API as OpenAPI 3.1, made from the routes of the real charger, the docstrings of their
handlers, and the tables of facts, commands and settings.

`python -m tools.docs.openapi` writes it, `--check` fails when it is stale. The charger serves it as it is: no heap, no work.
"""
import json
import sys

from tools.checks.source import ROOT
from tools.docs import texts
from tools.docs.api import details, schemas
from tools.docs.api.rows import routes
from tools.docs.api.schemas import listed, obj
from tools.docs.made import run

from firmware.charging.commands import COMMANDS, EVERYWHERE  # isort: skip  # MicroPython's modules had to be there first
from firmware.version import VERSION  # isort: skip

PAGE = ROOT / "firmware" / "page" / "api" / "openapi.json"
COMMAND_PATH = "/api/v1/commands/*"
ABOUT = """The charger's own interface: everything its page does. Answers are JSON; errors {"error": {"code", "message", "field"}},
with "rule" where a setting is refused: range, guard (of this charger) or rule (between settings), and where a file is: what of its
form is wrong.

Roles: public < read < control < admin. A program uses a token (`Authorization: Bearer`) whose scope is one of the last three; a
browser logs in (`POST /api/v1/login`) and gets a cookie, and its changing calls carry `X-CSRF-Token`. What a path needs stands with
it. Names are only ever added."""


def _refer(name):
    return {"$ref": "#/components/schemas/" + name}


def _or_empty(one):
    """An argument of a query that is there without a value counts as not there."""
    if one.get("type") == "string":
        return one
    return dict(one, enum=[*one["enum"], ""]) if "enum" in one else {"anyOf": [one, {"const": ""}]}


def _file():
    return {"type": "string"}


class _Document:
    def __init__(self, texts):
        self.texts = texts
        self.paths = {}

    def operation(self, method, path, doc, role, body, answer, key, parameters=()):
        """Describe one operation. key: the route's (method, path), for the tables of details."""
        words = " ".join((doc or "").split())
        found = {"operationId": method.lower() + path.replace("/api/v1", "").replace("/", "_").replace("{", "").replace("}", "")
                 .replace(".", "_"), "tags": [path.split("/")[3].split(".")[0]], "summary": _first_sentence(words),
                 "description": words + ("\n\n" if words else "") + "Needs the role %s." % role}
        parameters = list(parameters)
        for name, one, said in details.QUERIES.get(key, ()):
            parameters.append({"name": name, "in": "query", "schema": _or_empty(one), "description": said})
        for name, one, said in details.HEADERS.get(key, ()):
            parameters.append({"name": name, "in": "header", "schema": one, "description": said})
        if parameters:
            found["parameters"] = parameters
        if key in details.FILES_IN:
            found["requestBody"] = {"required": False, "content": {details.FILES_IN[key]: {"schema": _file()}}}
        elif body is not None:
            found["requestBody"] = {"required": bool(body.get("required")), "content": {"application/json": {"schema": body}}}
        kind = details.FILES_OUT.get(key)
        content = {kind: {"schema": _file()}} if kind else {"application/json": {"schema": answer}}
        found["responses"] = {"200": {"description": "done", "content": content}, "4XX": {"$ref": "#/components/responses/Refused"},
                              "503": {"$ref": "#/components/responses/Busy"}}
        if role == "public":
            found["security"] = []
        self.paths.setdefault(path, {})[method.lower()] = found

    def route(self, method, path, role, doc, most):
        """Describe one route; that of commands becomes a path for each command."""
        key = (method, path)
        if path == COMMAND_PATH:
            for row in COMMANDS:
                reasons = sorted(set(row[3] + EVERYWHERE))
                self.operation(method, path[:-1] + row[0], "%s. Refused (409) with one of: %s." % (
                    row[4][0].upper() + row[4][1:], ", ".join(reasons)), row[2], schemas.command_body(row), _refer("Accepted"), key)
            return
        parameters = ()
        if path.endswith("*"):
            name = details.REST.get(path, "name")
            path = path[:-1] + "{%s}" % name
            parameters = ({"name": name, "in": "path", "required": True, "schema": {"type": "string"}},)
        body = None
        if most:
            body = details.BODIES.get(key, {"type": "object"})
        answer = details.ANSWERS.get(key, {"type": "object"})
        if path == "/api/v1/status":
            answer = _refer("Status")
        elif path == "/api/v1/settings/table":
            answer = obj({"settings": listed(_refer("SettingRow"))})
        elif path == "/api/v1/settings":
            answer = _refer("Settings" if method == "GET" else "ChangedSettings")
            body = _refer("SettingsChange") if most else None
        self.operation(method, path, doc, role, body, answer, key, parameters)

    def whole(self):
        """The document."""
        effect = obj({name: listed({"type": "string"}) for name in ("applied", "restart_needed")})
        changed = {"allOf": [_refer("Settings"), effect]}
        error = obj({"error": obj({"code": {"type": "string"}, "message": {"type": "string"},
                                   "field": {"type": ["string", "null"]}, "rule": {"enum": list(schemas.RULES)}},
                                  ["code", "message", "field"])})
        refused = {"content": {"application/json": {"schema": _refer("Error")}}}
        return {
            "openapi": "3.1.0",
            "info": {"title": "Mode3", "version": VERSION, "description": ABOUT, "license": {"name": "MIT", "identifier": "MIT"}},
            "servers": [{"url": "/"}],
            "security": [{}, {"token": []}, {"cookie": [], "csrf": []}],
            "paths": self.paths,
            "components": {
                "schemas": {
                    "Status": schemas.status(), "Settings": schemas.settings(self.texts, False), "ChangedSettings": changed,
                    "SettingsChange": schemas.settings(self.texts, True), "SettingRow": schemas.setting_row(),
                    "Accepted": obj({"result": {"const": "accepted"}}), "Error": error},
                "responses": {
                    "Refused": dict(refused, description="it cannot be done; the code and, where one is to blame, the field"),
                    "Busy": dict(refused, description="not now: memory, flash or a place is wanting; try again")},
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer"}, "cookie": {"type": "apiKey", "in": "cookie", "name": "mode3"},
                    "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"}}}}


def _first_sentence(words):
    end = min([at for at in (words.find(mark) for mark in (". ", "; ", ": ")) if at > 0], default=len(words))
    return words[:end].rstrip(".")[:120]


def document():
    """The whole description as a dict."""
    made = _Document(texts.read("settings.en"))
    done = set()
    for method, path, role, doc, most in routes():
        if (method, path) not in done:
            done.add((method, path))
            made.route(method, path, role, doc, most)
    made.paths = {path: made.paths[path] for path in sorted(made.paths)}
    return made.whole()


def text():
    """As it is written to the file."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    sys.exit(run("openapi", __doc__, lambda: {PAGE: text()}))
