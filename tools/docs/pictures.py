"""The pictures of the documents: `python -m tools.docs.pictures` starts a twin, lets it charge and photographs its pages; then
a new one, which is set up as its owner does it.

They are taken with the browser and the steps of the page's tests; no check compares them byte by byte, as fonts differ between
machines. A test holds their names against the documents.
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
from host_tests.page.seen import READY, Visit
from host_tests.page.twin import Twin
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
# of a new charger's set-up, and of a fault; all on a phone
SETUP = ("setup-password", "setup-installation", "setup-network", "setup-summary", "cards-phone", "fault-phone")
PHONE = (390, 700)
CARDS = ({"uid": "04A1B2C3D4E580", "name": "Anna", "type": "user"}, {"uid": "04112233445566", "name": "Guest", "type": "user",
                                                                     "expires": "2027-03-31"})


def post(url, body):
    """Give the bench an order."""
    asked = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(asked, timeout=60).read()


def take(known, out):
    """Photograph what PICTURES names; the files' names."""
    post(known["bench"] + "/api/house", {"solar_w": 5200})
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
            keep(browser, path)
            taken.append(path)
    return taken


def keep(browser, path):
    """Write what the browser shows, with as many colours as it needs: a third of the bytes."""
    browser.picture(str(path))
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)
    print("%7d  %s" % (path.stat().st_size, path.relative_to(ROOT)), flush=True)


class SetUp(Visit):
    """A new charger from the label's password to a charge, and the first fault, as the tests walk through it."""

    def picture(self, name, out, top=None):
        """Without what was told in passing; top: what it begins with, below the bar."""
        self.browser.value("document.getElementById('notices').replaceChildren()")
        if top:
            self.browser.value("window.scrollTo(0, document.querySelector(%s).getBoundingClientRect().top + scrollY - 12)"
                               % json.dumps(top))
        time.sleep(1)
        keep(self.browser, out / (name + ".png"))

    def walk(self, out):
        """Take SETUP's pictures."""
        browser = self.browser
        self.see(*PHONE)
        self.log_in("admin", self.twin.admin_password)
        browser.wait("document.querySelector('dialog[open] [name=new]') !== null", 12)
        self.picture("setup-password", out)
        self.fill(new="Sonne-2026-Dach", again="Sonne-2026-Dach")
        browser.click("dialog[open] [type=submit]")
        self.logged_in("admin")
        browser.wait("document.body.dataset.view === 'wizard' && " + READY, 12)
        self.put("general.country", json.dumps("DE"))
        self.put("station.name", "Garage")
        self.onwards("Time")
        self.put("time.zone", json.dumps("CET-1CEST,M3.5.0,M10.5.0/3"))
        self.onwards("Installation")
        self.put("installation.fuse_a", "16")
        self.picture("setup-installation", out, "#view")
        self.onwards("Network")
        self.twin.post("ap", ssid="home", key="kirschbaum", rssi_dbm=-55)
        self.press("Look for networks")
        browser.wait("document.querySelector(\"[aria-label='Connect: home']\") !== null", 20)
        self.picture("setup-network", out, "#view")
        self.onwards("Access")
        self.onwards("Other systems")
        self.onwards("Summary")
        self.picture("setup-summary", out)
        self.press("Finish")
        browser.wait("document.body.dataset.view === 'overview' && document.getElementById('news').hidden", 12)
        for card in CARDS:
            browser.value("import('./api.js').then(door => door.api('POST', 'cards', %s)).then(() => true)" % json.dumps(card))
        self.go("cards")
        self.picture("cards-phone", out, "#view")
        self.go("")
        self.twin.post("ev", plugged=True)
        browser.wait("document.getElementById('state').textContent === 'Charging'", 30)
        self.twin.post("fault", name="rcd_ac", on=True)
        browser.wait("document.getElementById('state').textContent === 'Fault'", 20)
        self.picture("fault-phone", out, "#overview")

    def onwards(self, title):
        """To the next step, which has this title."""
        self.press("Next")
        self.browser.wait("document.querySelector('#view h2.title')?.textContent === %s && %s" % (json.dumps(title), READY), 12)


def set_up(out):
    """SETUP's pictures, of a twin that nobody has set up."""
    visit = SetUp()
    visit.twin = Twin("--fresh")
    try:
        visit.url = visit.twin.charger
        with Browser() as visit.browser:
            visit.walk(out)
    finally:
        visit.twin.close()


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
            set_up(OUT)
        except NoBrowser as problem:
            print(problem)
            return 1
        finally:
            twin.terminate()
            twin.wait(20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
