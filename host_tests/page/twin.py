"""A twin in a process of its own, as `make run` starts it, for tests that look at its pages in a browser."""
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "screenshots"
START_S = 60
PATIENCE_S = 60
FAST = 20
CALM_CAR = {"plugged": False, "state": "auto", "phases": 3, "max_current_a": 16, "asleep": False, "soc": 0.4}


class Twin:
    """A twin as `make run` starts it, in a process of its own. prepare(folder): what was there before it started."""

    def __init__(self, *options, prepare=lambda folder: None):
        self._folder = tempfile.TemporaryDirectory()
        data = Path(self._folder.name)
        prepare(data)
        self._process = subprocess.Popen([sys.executable, "-m", "tools.twin", "--headless", "--http", "0", "--bench", "0",
                                          "--mqtt-port", "0", "--data", str(data), *options], cwd=ROOT,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_S
        while True:
            try:
                places = json.loads((data / "twin.json").read_text())
                self.url, self.charger = places["bench"] + "/", places["http"] + "/"
                self.admin_password, self.user_password = places["admin_password"], places["user_password"]
                self.look()
                return
            except (OSError, ValueError):
                if time.monotonic() > end:
                    self.close()
                    raise
                time.sleep(0.05)

    def look(self):
        with urllib.request.urlopen(self.url + "api/live", timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())

    def post(self, verb, **body):
        with urllib.request.urlopen(self.url + "api/" + verb, json.dumps(body).encode(), timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())

    def wait(self, what, holds):
        """Until holds(picture)."""
        end = time.monotonic() + PATIENCE_S
        while not holds(self.look()):
            if time.monotonic() > end:
                raise AssertionError(what + " did not come")
            time.sleep(0.05)

    def close(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(PATIENCE_S)
        self._folder.cleanup()
