# cpython only: the validator and the whole firmware on the twin
"""The description of the API is valid OpenAPI, tells every route, and is what the charger gives out."""
import ast
import asyncio
import json
import unittest

from firmware.charging.commands import COMMANDS
from firmware.charging.facts import NAMES
from firmware.services.web.static import StaticFiles
from firmware.settings.schema import SETTINGS
from tools.checks.source import ROOT
from tools.docs import openapi
from tools.docs.api import details
from tools.docs.api.rows import routes


def described():
    return json.loads(openapi.PAGE.read_text(encoding="utf-8"))


class Description(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.document = described()
        cls.rows = routes()

    def operations(self):
        return [(path, method, one) for path, methods in self.document["paths"].items() for method, one in methods.items()]

    def test_it_is_valid(self):
        try:
            from openapi_spec_validator import OpenAPIV31SpecValidator
        except ImportError:
            self.skipTest("no openapi-spec-validator; tools/setup/dev.lock has it")
        OpenAPIV31SpecValidator(self.document).validate()

    def test_it_tells_every_route_and_no_other(self):
        wanted = set()
        for method, path, _, _, _ in self.rows:
            if path == openapi.COMMAND_PATH:
                wanted |= {(path[:-1] + row[0], method.lower()) for row in COMMANDS}
            else:
                wanted.add((path[:-1] + "{%s}" % details.REST.get(path, "name") if path.endswith("*") else path, method.lower()))
        self.assertEqual({(path, method) for path, method, _ in self.operations()}, wanted)

    def test_every_route_says_what_it_does_and_each_has_a_name_of_its_own(self):
        for path, method, one in self.operations():
            with self.subTest(path=path, method=method):
                self.assertGreater(len(one["summary"]), 3, "its handler's docstring is missing")
                self.assertIn("Needs the role", one["description"])
        names = [one["operationId"] for _, _, one in self.operations()]
        self.assertEqual(len(set(names)), len(names))

    def test_what_is_told_of_queries_bodies_and_answers_belongs_to_a_route(self):
        known = {(method, path) for method, path, _, _, _ in self.rows}
        for table in (details.QUERIES, details.HEADERS, details.FILES_IN, details.FILES_OUT, details.BODIES, details.ANSWERS):
            self.assertEqual(set(table) - known, set())

    def test_facts_commands_and_settings_are_those_of_the_tables(self):
        kept = self.document["components"]["schemas"]
        self.assertEqual(list(kept["Status"]["properties"]), list(NAMES))
        self.assertEqual(list(kept["SettingsChange"]["properties"]), [row[0] for row in SETTINGS if "w" in row[5]])
        fuse = kept["SettingsChange"]["properties"]["installation.fuse_a"]
        self.assertEqual((fuse["minimum"], fuse["maximum"], fuse["type"]), (6, 63, ["integer", "null"]))
        body = self.document["paths"]["/api/v1/commands/set_ceiling"]["post"]["requestBody"]["content"]["application/json"]
        self.assertEqual(body["schema"]["required"], ["source", "limit_ma"])

    def test_every_rule_that_a_refusal_names_is_told(self):
        named = set()
        for place in (ROOT / "firmware").rglob("*.py"):
            for node in ast.walk(ast.parse(place.read_text(encoding="utf-8"))):
                for one in getattr(node, "keywords", ()) if isinstance(node, ast.Call) else ():
                    if one.arg == "rule" and isinstance(one.value, ast.Constant):
                        named.add(one.value.value)
        rules = self.document["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["rule"]["enum"]
        self.assertTrue({"columns", "form", "encoding"} <= named)      # it looks in the right places
        self.assertEqual(named - set(rules), set())
        self.assertEqual(set(rules) - named, {"range", "guard", "rule"})    # a setting's, given by position

    def test_it_is_given_out_as_it_lies_there(self):
        pages = StaticFiles(str(ROOT / "firmware" / "page"), "1")
        request = type("Request", (), {"headers": {}})
        reply = asyncio.run(pages.handle(request, "api/openapi.json"))
        self.assertEqual(json.loads(b"".join(reply._pieces)), self.document)
        self.assertIn(("GET", "/api/v1/openapi.json"), [row[:2] for row in self.rows])


if __name__ == "__main__":
    unittest.main()
