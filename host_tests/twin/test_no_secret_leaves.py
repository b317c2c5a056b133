# cpython only: drives the twin as a process
"""Every address that answers a GET is asked as an administrator, as a user and as nobody: no secret may be in any answer."""
import http.client
import json
import unittest
import urllib.parse

from host_tests.twin.test_cli import CliCase

# What paths with a place for a name are asked with, beside a name that nothing has.
NAMES = ("1", "04A1B2C3", "home")


class Visitor:
    """One who is logged in, or nobody."""

    def __init__(self, url, user=None, password=None):
        self._place = urllib.parse.urlsplit(url).netloc
        self._headers = {}
        if user is not None:
            status, body, headers = self.ask("POST", "/api/v1/login", {"user": user, "password": password})
            if status != 200:
                raise AssertionError("log-in of %s: %d %s" % (user, status, body))
            self._headers = {"Cookie": headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": json.loads(body)["csrf"]}

    def ask(self, method, path, body=None):
        client = http.client.HTTPConnection(self._place, timeout=60)
        try:
            headers = dict(self._headers, **({"Content-Type": "application/json"} if body is not None else {}))
            client.request(method, path, None if body is None else json.dumps(body), headers)
            answer = client.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace"), answer.headers
        finally:
            client.close()


class NoSecretLeaves(CliCase):
    def test_no_answer_holds_a_secret_of_the_label_the_settings_or_the_flash(self):
        _, known = self.start()
        admin = Visitor(known["http"], "admin", known["admin_password"])
        user = Visitor(known["http"], "user", known["user_password"])
        nobody = Visitor(known["http"])
        rows = json.loads(admin.ask("GET", "/api/v1/settings/table")[1])["settings"]
        secrets = {}
        for row in rows:
            if row["class"] == "secret" and row["type"] == "str":
                secrets[row["key"]] = "Geheim-" + row["key"].replace(".", "-").replace("_", "-")[:20]
        taken = 0
        for key, value in secrets.items():
            status, body, _ = admin.ask("PUT", "/api/v1/settings", {key: value})
            if status != 200:
                self.assertIn(status, (403, 422), body)      # one that is set another way, or wants a form of its own
                self.assertNotIn(value, body)
            taken += status == 200
        self.assertGreater(taken, 3)
        identity = json.loads((self.data / "flash" / "identity.json").read_text())
        hidden = set(secrets.values()) | {identity[name] for name in ("hotspot_key", "password", "recovery_key", "puk")}
        hidden |= {known["admin_password"], known["user_password"], known["control_token"], "home-network"}
        paths = [path for path, methods in json.loads(admin.ask("GET", "/api/v1/openapi.json")[1])["paths"].items()
                 if "get" in methods and path != "/api/v1/stream"]
        self.assertGreater(len(paths), 25)
        answered = 0
        for path in paths:
            begin, brace, rest = path.partition("{")
            for name in NAMES if brace else ("",):
                place = begin + name + rest.partition("}")[2]
                for who in (admin, user, nobody):
                    status, body, headers = who.ask("GET", place)
                    self.assertLess(status, 500, (place, body))
                    answered += status == 200
                    told = body + str(headers)
                    self.assertEqual([value for value in sorted(hidden) if value in told], [], place)
        self.assertGreater(answered, 40)
        log = self.data / "flash" / "data"
        kept = b"".join(path.read_bytes() for path in log.rglob("*") if path.is_file() and "event" in path.name)
        self.assertEqual([value for value in sorted(hidden) if value.encode() in kept], [])


if __name__ == "__main__":
    unittest.main()
