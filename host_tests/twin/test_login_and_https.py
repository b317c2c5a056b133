# cpython only: the world runs in CPython
"""Log-in and HTTPS as a user meets them: a provisioned twin, and clients of others' making."""
import http.client
import json
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from host_tests.programs import program

ROOT = Path(__file__).resolve().parents[2]
NAME = "mode3-m3-twin-0001.local"
START_S = 60


class Charger:
    """A twin in a process of its own, with whatever port is free; ask() as the administrator."""

    def __init__(self, *options):
        self._folder = tempfile.TemporaryDirectory()
        self.data = Path(self._folder.name)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.twin", "--headless", "--http", "0", "--https", "0", "--bench", "0", "--mqtt-port", "0",
             "--data", str(self.data), *options], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.headers = {}
        self.wait(lambda: self.ask("GET", "status")[0] == 200)
        places = self.places()
        status, said, headers = self.ask("POST", "login", {"user": "admin", "password": places["admin_password"]})
        self.headers = {"Cookie": headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": said["csrf"]}

    def places(self):
        return json.loads((self.data / "twin.json").read_text())

    def ask(self, method, path, body=None):
        """(status, answer, headers) over plain HTTP."""
        return self.send(http.client.HTTPConnection(self.places()["http"].removeprefix("http://"), timeout=60), method, path, body)

    def send(self, client, method, path, body=None, headers=None):
        client.request(method, "/api/v1/" + path, None if body is None else json.dumps(body),
                       self.headers if headers is None else headers)
        answer = client.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers

    def wait(self, there):
        end = time.monotonic() + START_S
        while True:
            try:
                if there():
                    return
            except (OSError, ValueError, http.client.HTTPException):
                pass                   # not yet
            if time.monotonic() > end or self._process.poll() is not None:
                raise AssertionError("the twin did not get there")
            time.sleep(0.05)

    def close(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        self._folder.cleanup()


class LoginAndHttpsTest(unittest.TestCase):
    def test_a_showroom_ends_with_the_next_log_in_and_forgets_its_settings(self):
        charger = Charger()
        self.addCleanup(charger.close)
        self.assertEqual(charger.ask("POST", "commands/service_mode", {"mode": "demo"})[0], 200)
        self.assertEqual(charger.ask("PUT", "settings", {"charging.max_current_a": 10})[0], 200)
        self.assertEqual(charger.ask("GET", "status")[1]["service_mode"], "demo")
        charger.ask("POST", "login", {"user": "user", "password": "wrong"})
        self.assertEqual(charger.ask("GET", "status")[1]["service_mode"], "demo")
        places = charger.places()
        self.assertEqual(charger.ask("POST", "login", {"user": "user", "password": places["user_password"]})[0], 200)
        charger.headers = {"Authorization": "Bearer " + places["control_token"]}
        self.assertEqual(charger.ask("GET", "status")[1]["service_mode"], "normal")
        self.assertNotEqual(charger.ask("GET", "settings")[1]["charging.max_current_a"], 10)

    def test_the_owner_turns_https_on_and_clients_that_trust_the_certificate_get_in(self):
        charger = Charger()
        self.addCleanup(charger.close)
        self.assertEqual(charger.ask("GET", "certificate")[1]["https"], "off")
        self.assertEqual(charger.ask("PUT", "settings", {"web.http": False})[0], 422)       # no way in would be left
        self.assertEqual(charger.ask("PUT", "settings", {"web.https": True})[0], 200)
        boot = charger.ask("GET", "status")[1]["boot_number"]
        self.assertEqual(charger.ask("POST", "commands/restart")[0], 200)
        charger.wait(lambda: charger.ask("GET", "status")[1]["boot_number"] > boot)
        port = int(charger.places()["https"].rpartition(":")[2])
        pem = charger.data / "cert.pem"
        pem.write_text(ssl.DER_cert_to_PEM_cert((charger.data / "flash" / "cert.der").read_bytes()))

        with self.subTest("curl"):
            if program("curl") is None:
                self.skipTest("no curl (a package of Debian; macOS has it)")
            there, page = ("--resolve", f"{NAME}:{port}:127.0.0.1"), f"https://{NAME}:{port}/"
            said = subprocess.run(["curl", "--silent", "--show-error", "--cacert", str(pem), *there, page + "api/v1/status", "-o",
                                   str(charger.data / "one"), page, "-o", str(charger.data / "two"), "--write-out",
                                   "%{http_code} %{num_connects}\n"], capture_output=True, text=True, timeout=60)
            self.assertEqual(said.stdout.split(), ["200", "1", "200", "0"], said.stderr)      # both over one connection
            said = subprocess.run(["curl", "--silent", *there, page], capture_output=True, timeout=60)
            self.assertEqual(said.returncode, 60)              # nobody vouches for the certificate

        context = ssl.create_default_context(cafile=str(pem))
        context.check_hostname = False
        client = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
        places = charger.places()
        status, said, headers = charger.send(client, "POST", "login", {"user": "admin", "password": places["admin_password"]}, {})
        self.assertEqual((status, said["role"]), (200, "admin"))
        cookie = headers["Set-Cookie"]
        self.assertTrue(cookie.startswith("__Host-mode3=") and "; Secure" in cookie, cookie)
        own = {"Cookie": cookie.split(";")[0], "X-CSRF-Token": said["csrf"]}
        self.assertEqual(charger.send(client, "PUT", "settings", {"web.http": False}, own)[0], 200)
        with self.assertRaises((OSError, http.client.HTTPException)):
            charger.ask("GET", "status")
        self.assertEqual(charger.send(client, "GET", "status", None, own)[0], 200)
        self.assertEqual(charger.send(client, "PUT", "settings", {"web.http": True}, own)[0], 200)
        charger.wait(lambda: charger.ask("GET", "status")[0] == 200)


if __name__ == "__main__":
    unittest.main()
