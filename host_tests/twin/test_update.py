# cpython only: the whole firmware on the twin in one process, a real file server, OpenSSL
"""A charger updates itself: signed, fetched from a real file server, tried, confirmed, or rolled back."""
import functools
import http.client
import http.server
import json
import shutil
import tempfile
import threading
import time
import unittest
from pathlib import Path

from firmware.services.ota.refusal import REASONS
from firmware.services.updates import STATES
from tools.build import keys, release
from tools.twin import slots
from tools.twin.ports import free_port
from tools.twin.provision import ACCESS
from tools.twin.runner import Twin

SPEED = 20
WAIT_S = 100


class _Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        self.server.asked.append(self.path)


class Words(unittest.TestCase):
    def test_the_page_has_words_for_every_state_and_every_reason(self):
        for language in ("en", "de", "fr"):
            words = json.loads((release.ROOT / "firmware/page/translations" / ("system.%s.json" % language)).read_text())
            for state in STATES:
                self.assertIn("update.state." + state, words)
            for code in [row[0] for row in REASONS] + ["downloaded", "installed"]:
                self.assertIn("update.reason." + code, words)


class Update(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.key = cls.folder / "key.pem"
        try:
            cls.moduli = (keys.make(cls.key),)
        except keys.KeyProblem as problem:
            raise unittest.SkipTest(str(problem)) from None
        cls.old = release.sources("1.0.0", cls.moduli)
        cls.new = release.sources("1.1.0", cls.moduli)

    def setUp(self):
        self.place = Path(tempfile.mkdtemp(dir=self.folder))
        self.flash = self.place / "flash"
        self.site = self.place / "site"
        self.serve()
        self.port = free_port()
        self.events = []

    def serve(self):
        handler = functools.partial(_Files, directory=str(self.site))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.asked = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def publish(self, files, version, key=None):
        text = release.manifest_text(files, version, "2026-11-20", notes="Better.\nFaster.")
        release.write(self.site, files, release.signed(text, key or self.key), version)

    def play(self, story):
        """Run the twin from slot a with 1.0.0, and the story beside it."""
        self.twin = Twin(self.flash, self.port, speed=SPEED, event=self.events.append)
        self.addCleanup(self.twin.close)
        slots.put(self.flash, self.old)
        told = []

        def run():
            try:
                self.wait(self.log_in, "log-in")
                self.set({"update.url": "http://127.0.0.1:%d" % self.server.server_address[1], "update.mode": "off"})
                story()
            except Exception as error:      # raised again below
                told.append(error)
            self.twin.clock.call(self.twin.end)
        teller = threading.Thread(target=run, daemon=True)
        teller.start()
        self.twin.run()
        teller.join(60)
        if told:
            raise told[0]

    def log_in(self):
        """A token that outlives restarts, as an administrator makes one for scripts."""
        self.headers = {}
        try:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            client.request("POST", "/api/v1/login", json.dumps({"user": "admin", "password": ACCESS["admin_password"]}))
            answer = client.getresponse()
            self.headers = {"Cookie": answer.getheader("Set-Cookie").split(";")[0], "X-CSRF-Token": json.load(answer)["csrf"]}
            status, made = self.call("POST", "tokens", {"name": "test", "scope": "admin"})
        except OSError:
            return False
        self.assertEqual(status, 200, made)
        self.headers = {"Authorization": "Bearer " + made["token"]}
        return True

    def call(self, method, path, body=None):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            body = body if isinstance(body, bytes) or body is None else json.dumps(body)
            client.request(method, "/api/v1/" + path, body, self.headers)
            answer = client.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            client.close()

    def get(self, path):
        try:
            status, found = self.call("GET", path)
        except (OSError, ValueError, http.client.HTTPException):
            return None
        return found if status == 200 else None

    def set(self, values):
        self.assertEqual(self.call("PUT", "settings", values)[0], 200)

    def wait(self, ready, what):
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            if ready():
                return
            time.sleep(0.05)
        self.fail("no %s; update: %s, events: %s" % (what, self.get("update"), self.events))

    def update(self, **values):
        found = self.get("update") or {}
        return all(found.get(name) == value for name, value in values.items())

    def advance(self, seconds):
        done = threading.Event()
        self.twin.clock.call(lambda: self.twin.pace.advance(seconds * 1_000_000, done.set))
        self.assertTrue(done.wait(WAIT_S))

    def results(self):
        return [(entry["version"], entry["result"]) for entry in self.get("update")["log"]]

    def test_it_looks_fetches_what_changed_restarts_and_confirms(self):
        self.publish(self.new, "1.1.0")

        def story():
            self.assertEqual(self.call("POST", "update/check", {}), (200, {"result": "accepted"}))
            self.wait(lambda: self.update(state="available", version="1.1.0", notes="Better.\nFaster."), "offer")
            self.assertEqual(self.server.asked, ["/manifest"])
            self.assertEqual(self.call("POST", "update/install", {}), (200, {"result": "accepted"}))
            self.wait(lambda: self.update(running="1.1.0"), "new version")
            self.assertEqual(sorted(self.server.asked[1:]),
                             ["/manifest", "/objects/" + release.hashlib.sha256(self.new["firmware/version.py"]).hexdigest()])
            self.assertTrue(self.update(trial=True))
            refusing = self.flash / "slot.json.new"       # the flash refuses the first confirmation
            refusing.mkdir()
            self.advance(70)
            self.assertTrue(self.update(trial=True))
            refusing.rmdir()
            self.advance(70)
            self.wait(lambda: self.update(trial=False), "confirmation")
            self.wait(lambda: self.results() == [("1.1.0", "installed"), ("1.1.0", "downloaded")], "update log")
            self.assertEqual(json.loads((self.flash / "slot.json").read_text())["active"], "b")
        self.play(story)
        self.assertEqual({path: data for path, data in self.in_slot("b").items() if path != "manifest"}, self.new)

    def in_slot(self, slot):
        base = self.flash / slot
        return {path.relative_to(base).as_posix(): path.read_bytes() for path in base.rglob("*")
                if path.is_file() and "__pycache__" not in path.parts}

    def test_a_version_that_does_not_come_up_is_rolled_back_logged_and_not_tried_again_by_itself(self):
        broken = dict(self.new)
        broken["firmware/app.py"] = b"def run(root):\n    raise RuntimeError('broken')\n"
        self.publish(broken, "1.1.0")

        def story():
            self.set({"update.mode": "install"})
            self.assertEqual(self.call("POST", "update/check", {})[0], 200)
            self.wait(lambda: self.update(state="restarting") or self.events, "restart")
            self.advance(60)
            self.wait(lambda: self.update(running="1.0.0", reason="rolled_back"), "roll-back")
            self.set({"update.mode": "notify"})
            self.assertEqual(self.results()[0], ("1.1.0", "rolled_back"))
            self.advance(70)
            self.call("POST", "update/check", {})
            self.wait(lambda: self.update(reason="failed_before"), "refusal")
        self.play(story)
        self.assertEqual(self.in_slot("a").keys(), self.old.keys())

    def test_a_bundle_is_uploaded_and_what_is_not_ours_is_refused_with_its_reason(self):
        self.publish(self.new, "1.1.0")
        bundle = (self.site / "mode3-1.1.0.bundle").read_bytes()
        other = self.place / "other.pem"
        keys.make(other)
        self.publish(self.new, "1.1.0", other)
        stranger = (self.site / "mode3-1.1.0.bundle").read_bytes()
        self.publish(self.new, "0.9.0")
        older = (self.site / "mode3-0.9.0.bundle").read_bytes()
        signature = bundle.index(b"\nsignature ")
        swapped = older[:older.index(b"\nsignature ")] + bundle[signature:]
        changed = bundle.index(b"VERSION = '1.1.0'")       # the only file that the running slot has not
        flipped = bytearray(bundle)
        flipped[changed] ^= 1
        unsigned = bundle[:signature + 1]

        def story():
            for data, status, code in ((stranger, 422, "bad_signature"), (older, 422, "older"), (swapped, 422, "bad_signature"),
                                       (bytes(flipped), 422, "wrong_hash"), (bundle[:changed], 422, "wrong_length"),
                                       (unsigned, 422, "unsigned"), (bundle[:100], 422, "bad_manifest"), (b"", 422, "bad_manifest"),
                                       (bundle.replace(b" firmware/app.py", b" ../boot/app.py"), 422, "bad_path")):
                got = self.call("PUT", "update/bundle", data)
                self.assertEqual((got[0], got[1]["error"]["code"]), (status, code))
                self.assertTrue(self.update(running="1.0.0", reason=code))
            self.twin.clock.call(lambda: self.twin.world.set_ev({"plugged": True}))
            self.advance(5)
            got = self.call("PUT", "update/bundle", bundle)
            self.assertEqual((got[0], got[1]["error"]["code"]), (409, "vehicle"))
            got = self.call("POST", "update/install", {})
            self.assertEqual((got[0], got[1]["error"]["code"]), (409, "vehicle"))
            self.twin.clock.call(lambda: self.twin.world.set_ev({"plugged": False}))
            self.advance(5)
            got = self.call("PUT", "update/bundle", bundle)
            self.assertEqual((got[0], got[1]["state"], got[1]["version"]), (200, "ready", "1.1.0"))
            self.assertEqual(self.call("POST", "update/install", {})[0], 200)
            self.wait(lambda: self.update(running="1.1.0"), "new version")
            got = self.call("PUT", "update/bundle?downgrade=true", older)
            self.assertEqual((got[0], got[1]["error"]["code"]), (409, "on_trial"))
            self.advance(70)
            got = self.call("PUT", "update/bundle?downgrade=true", older)
            self.assertEqual((got[0], got[1]["state"], got[1]["version"]), (200, "ready", "0.9.0"))
        self.play(story)

    def test_diagnostics_are_sent_to_an_address_without_secrets_and_persons(self):
        taken = []

        class Taker(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                body = b""
                while True:
                    size = int(self.rfile.readline(), 16)
                    body += self.rfile.read(size)
                    self.rfile.readline()
                    if not size:
                        break
                taken.append((self.path, self.headers["Content-Type"], body))
                self.send_response(500 if self.path == "/full" else 201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                """Nothing."""
        place = http.server.HTTPServer(("127.0.0.1", 0), Taker)
        threading.Thread(target=place.serve_forever, daemon=True).start()
        self.addCleanup(place.server_close)
        self.addCleanup(place.shutdown)
        url = "http://127.0.0.1:%d" % place.server_address[1]

        def story():
            self.set({"station.name": "Dr. Ida Muster", "access.mode": "local"})
            self.twin.clock.call(lambda: self.twin.world.set_ev({"plugged": True}))
            self.assertEqual(self.call("POST", "cards", {"uid": "04A1B2C3D4E5F6", "name": "Ida"})[0], 200)
            self.twin.clock.call(lambda: self.twin.world.present_card("04A1B2C3D4E5F6"))
            self.advance(5)
            self.assertIsNotNone(self.get("status")["session"]["id"])
            self.assertEqual(self.call("POST", "diagnostics/upload", {"url": url + "/case-7?key=x"}),
                             (200, {"result": "sent", "status": 201}))
            for bad, status, code in (({"url": "file:///etc"}, 422, "bad_address"), ({}, 422, "bad_value"),
                                      ({"url": url + "/full"}, 409, "http_status"),
                                      ({"url": "http://127.0.0.1:9"}, 409, "no_connection")):
                got = self.call("POST", "diagnostics/upload", bad)
                self.assertEqual((got[0], got[1]["error"]["code"]), (status, code))
            self.assertEqual(self.get("diagnostics")["format"], "mode3-diagnostics 1")
        self.play(story)
        path, kind, body = taken[0]
        self.assertEqual((path, kind), ("/case-7?key=x", "application/json"))
        found = json.loads(body)
        self.assertEqual(found["facts"]["version"], "1.0.0")
        self.assertEqual(found["start"]["start"], "power_on")
        self.assertEqual(found["slots"]["active"], "a")
        self.assertIn("boot", [event["kind"] for event in found["events"]])
        self.assertIn("update.url", found["settings"])
        told = [key for key in found["settings"] if "password" in key]
        self.assertEqual(sorted(told), ["fault_mail.plain_password", "publication.plain_password"])    # whether one may go in plain
        for word in (b"Ida", b"04A1B2C3D4E5F6", b'"password'):
            self.assertNotIn(word, body)


if __name__ == "__main__":
    unittest.main()
