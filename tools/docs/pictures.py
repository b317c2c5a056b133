"""The pictures of the documents: `python -m tools.docs.pictures` starts a twin, lets it charge and photographs its pages.

They are taken with the browser that the tests use; no check compares them byte by byte, as fonts differ between machines.
"""
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from PIL import Image

from host_tests.page.browser import Browser, NoBrowser
from tools.checks.source import ROOT

OUT = ROOT / "docs" / "pictures"
START_S = 30
SPEED = 10

# name, address after the page's (None: the bench), width, height, dark, language, logged in
PICTURES = (
    ("overview-phone", "#/overview", 390, 844, False, "en", False),
    ("overview", "#/overview", 1280, 860, False, "en", True),
    ("overview-dark", "#/overview", 1280, 860, True, "de", True),
    ("settings", "#/settings/installation", 1280, 860, False, "en", True),
    ("history", "#/history", 1280, 860, False, "en", True),
    ("network-phone", "#/network", 390, 844, True, "fr", True),
    ("bench", None, 1280, 860, False, "en", False),
)


def post(url, body):
    """Give the bench an order."""
    asked = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(asked, timeout=60).read()


def take(known, out):
    """Photograph what PICTURES names; the files' names."""
    post(known["bench"] + "/api/ev", {"plugged": True, "phases": 3, "max_current_a": 16, "soc": 0.4})
    time.sleep(20)
    post(known["bench"] + "/api/ev", {"plugged": False})
    time.sleep(3)
    post(known["bench"] + "/api/ev", {"plugged": True, "phases": 3, "max_current_a": 11, "soc": 0.3})
    time.sleep(25)
    taken = []
    with Browser() as browser:
        logged_in = False
        for name, place, width, height, dark, language, wants_login in PICTURES:
            browser.show(width, height, dark, language)
            if wants_login and not logged_in:
                browser.open(known["http"] + "/")
                body = json.dumps({"user": "admin", "password": known["admin_password"]})
                browser._call("Runtime.evaluate", awaitPromise=True, expression="fetch('/api/v1/login', {method: 'POST', headers: "
                              "{'Content-Type': 'application/json'}, body: %s})" % json.dumps(body))
                logged_in = True
            browser.open("about:blank")
            browser.open(known["bench"] + "/" if place is None else known["http"] + "/" + place)
            time.sleep(5)
            path = out / (name + ".png")
            browser.picture(str(path))
            Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)      # a third of the bytes
            taken.append(path)
            print("%7d  %s" % (path.stat().st_size, path.relative_to(ROOT)), flush=True)
    return taken


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        twin = subprocess.Popen([sys.executable, "-m", "tools.twin", "--headless", "--http", "0", "--bench", "0", "--mqtt-port",
                                 "0", "--speed", str(SPEED), "--data", folder], cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            place = Path(folder, "twin.json")
            end = time.monotonic() + START_S
            while not place.exists() and time.monotonic() < end:
                time.sleep(0.2)
            time.sleep(3)
            take(json.loads(place.read_text()), OUT)
        except NoBrowser as problem:
            print(problem)
            return 1
        finally:
            twin.terminate()
            twin.wait(20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
