# cpython only: drives a Chromium
"""The charger's own page as its owner uses it, in a real browser: on a real twin, and with example statuses behind the server."""
import json
import re
import tempfile
import time
import unittest
from pathlib import Path

from host_tests.page.browser import Browser
from host_tests.page.charger import Charger
from host_tests.page.examples import CHANGES, status
from host_tests.page.seen import ADMIN, CONTRAST, CUT_OFF, LOG_IN, Seen, need_browser
from host_tests.page.test_page import PAGE
from host_tests.page.twin import CALM_CAR, FAST, PICTURES, Twin
from tools.build.page import build
from tools.twin.ports import free_port

SHIFTS = """new Promise(done => { let sum = 0; new PerformanceObserver(list => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value; })
    .observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(sum), 60); })"""

# Presses the button, and ends when the page has shown what it was told: that follows at once.
REFRESH = """new Promise(done => { const real = window.fetch; window.fetch = async (...asked) => {
    window.fetch = real;
    const answer = await real(...asked), read = answer.json.bind(answer);
    answer.json = async () => { const found = await read(); setTimeout(done, 0); return found; };
    return answer; };
    document.getElementById('refresh').click(); })"""


def setUpModule():
    need_browser()
    Seen.browser = Browser()
    unittest.addModuleCleanup(Seen.browser.close)


class OnTheTwin(Seen):
    @classmethod
    def setUpClass(cls):
        cls.twin = Twin()
        cls.addClassCleanup(cls.twin.close)
        cls.url = cls.twin.charger

    def setUp(self):
        twin = self.twin
        twin.post("time", speed=FAST)
        for name in [name for name, on in twin.look()["state"]["faults"].items() if on]:
            twin.post("fault", name=name, on=False)
        twin.post("ev", **CALM_CAR)
        twin.wait("calm", lambda seen: seen["charger"] and seen["charger"]["overview_state"] == "Idle"
                  and not seen["charger"]["faults"])
        self.see()

    def see(self, *args, **more):
        self.twin.post("time", speed=1)       # the server's patience with connections that say nothing is in the charger's time
        super().see(*args, **more)
        if not self.browser.value(ADMIN):
            self.browser.value(LOG_IN % self.twin.admin_password)
            super().see(*args, **more)
        self.twin.post("time", speed=FAST)

    def charge(self):
        self.twin.post("ev", plugged=True)
        self.until("state", "Charging")
        self.browser.wait("parseFloat(document.querySelector('[data-fact=power]').textContent) > 10")

    def test_a_visitor_plugs_in_sees_it_charge_stops_and_starts(self):
        self.assertEqual(self.words("state"), "No vehicle")
        self.twin.post("time", speed=1)
        begin_ms = self.twin.look()["state"]["t_ms"]
        self.twin.post("ev", plugged=True)
        self.until("state", "Charging")
        closed_ms = [edge["t_us"] // 1000 for edge in self.twin.look()["edges"] if edge["signal"] == "contacts" and edge["value"]]
        self.assertLess(closed_ms[-1] - begin_ms, 8000)
        self.twin.post("time", speed=FAST)
        self.browser.wait("/^1[01]\\.\\d+\u202fkW$/.test(document.querySelector('[data-fact=power]').textContent)")
        self.until("limit", "16 A because the installation’s fuse allows no more.")
        self.browser.wait("document.getElementById('phases').rows[2].cells[1].textContent.startsWith('16.0')")
        self.assertEqual(self.browser.value("document.querySelector('#steps [aria-current]').dataset.stage"), "charge")
        self.assertTrue(self.browser.value("document.body.classList.contains('charging')"))
        self.browser.click("[data-command=stop]")
        self.until("state", "Paused")
        self.until("step", "Stopped by the web page.")
        self.twin.wait("the stop", lambda seen: seen["charger"]["contactor"] == "open")
        self.browser.click("[data-command=start]")
        self.until("state", "Charging")
        for mode in ("smart", "immediate"):
            self.browser.click("[data-mode=%s]" % mode)
            self.browser.wait("document.querySelector('[data-mode=%s]').getAttribute('aria-pressed') === 'true'" % mode)
            self.twin.wait("the mode", lambda seen, mode=mode: seen["charger"]["mode"] == mode)
        self.assertLess(self.browser.value(SHIFTS), 0.1)

    def test_a_tap_or_an_arrow_key_tells_a_value_of_the_curve_which_outlives_a_reload(self):
        self.charge()
        self.browser.wait("Number(document.getElementById('chart').getAttribute('aria-valuemax')) > 12")
        x, y = self.browser.middle("#chart")
        self.browser.drag((x, y))
        self.assertRegex(self.words("readout"), r"^\d\d:\d\d:\d\d( [AP]M)? · [\d.]+ k?W · \d+\.\d A$")
        tapped = self.words("readout")
        self.assertFalse(self.browser.value("document.querySelector('.rule').hasAttribute('hidden')"))
        time.sleep(0.3)
        self.assertEqual(self.words("readout"), tapped)           # time goes on, the finger stays
        self.browser.value("document.getElementById('chart').focus()")
        self.browser.key("Home", 36)
        self.browser.wait("document.getElementById('chart').ariaValueText.includes('· 0\\u202fW ·')")
        self.browser.key("End", 35)
        self.browser.wait("document.getElementById('readout').textContent.match(/· 1[01]\\.\\d+\u202fkW ·/) !== null")
        self.browser.key("Escape", 27)
        self.browser.wait("document.querySelector('.rule').hasAttribute('hidden')")
        before = int(self.browser.value("document.getElementById('chart').getAttribute('aria-valuemax')"))
        self.see()
        self.browser.wait("Number(document.getElementById('chart').getAttribute('aria-valuemax')) >= %d" % before)

    def test_pause_stands_still_and_refresh_asks_once(self):
        self.charge()
        duration = "document.querySelector('[data-fact=duration]').textContent"
        self.browser.click("#pause")
        self.browser.wait("document.getElementById('link').dataset.link === 'paused'")
        time.sleep(0.2)
        before, asked = self.browser.value(duration), len(self.browser.requests)
        time.sleep(0.6)                   # twelve seconds of the charger
        self.assertEqual(self.browser.value(duration), before)
        self.assertEqual(len(self.browser.requests), asked)
        self.browser.click("#refresh")
        self.browser.wait(duration + " !== " + json.dumps(before))
        once = self.browser.value(duration)
        time.sleep(0.5)
        self.assertEqual(self.browser.value(duration), once)
        self.assertEqual(len(self.browser.requests), asked + 1)
        self.browser.click("#pause")
        self.browser.wait(duration + " !== " + json.dumps(once))
        self.browser.wait("document.getElementById('link').dataset.link === 'on'")

    def test_a_fault_is_shown_with_advice_and_goes(self):
        self.charge()
        self.twin.post("fault", name="rcd_ac", on=True)
        self.until("faults", "Residual current: power was cut (")
        self.assertIn("Unplug the vehicle. Have vehicle, cable and installation checked", self.words("faults"))
        self.assertTrue(self.browser.value("document.body.classList.contains('fault')"))
        self.twin.post("fault", name="rcd_ac", on=False)
        self.twin.post("ev", plugged=False)
        self.browser.wait("document.getElementById('faults').hidden")
        self.until("state", "No vehicle")


class WithExamples(Seen):
    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.charger = Charger(PAGE, port)
        cls.addClassCleanup(cls.charger.close)
        cls.url = "http://127.0.0.1:%d/" % port

    def take(self, facts):
        """Show another status in the page that is open."""
        self.charger.station.values = facts
        self.browser.value(REFRESH)

    def hold(self, width, dark, language="en"):
        self.charger.show("idle")
        self.see(width, 800, dark, language)
        self.browser.value("document.getElementById('more').open = true; document.getElementById('pause').click()")
        self.take(status("idle"))       # what was asked for before the pause has come by then

    def test_every_state_fits_in_every_language_and_can_be_read(self):
        for width, dark, language in ((320, False, "de"), (360, True, "fr"), (1280, False, "en")):
            self.hold(width, dark, language)
            for name in CHANGES:
                with self.subTest(width=width, dark=dark, language=language, state=name):
                    self.take(status(name))
                    self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), width)
                    self.assertEqual(self.browser.value(CUT_OFF.replace(".unseen", ".hidden").replace("'unseen'", "'hidden'")), [])
                    self.assertEqual(self.browser.value(CONTRAST), [])
                    shown = self.browser.value("document.body.innerText")
                    if width != 320 and name in ("charging", "fault", "idle"):
                        look = "dark" if dark else "light"
                        self.browser.picture(PICTURES / ("page-%s-%d-%s.png" % (name, width, look)), whole=True)
                    self.assertIsNone(re.search(r"\b(why|state|step|because|flag|source|refused|smart|link)\.\w|\{\w+\}|undefined|NaN",
                                                shown), shown)

    def test_what_the_charger_says_is_text_and_never_markup(self):
        self.hold(360, False)
        evil = "<img src=x onerror=alert(1)>"
        facts = status("warm")
        facts.update(station_name=evil, serial=evil, version=evil, session=dict(facts["session"], account=evil),
                     limit_reason={"code": "outside_said", "name": evil, "by": "mqtt", "text": evil},
                     flags=[{"name": evil, "source": evil}])
        self.take(facts)
        self.assertEqual(self.words("name"), evil)
        self.assertEqual(self.browser.value("document.querySelectorAll('img').length"), 0)

    def test_a_screen_reader_meets_names_for_everything(self):
        self.hold(1280, False)
        self.take(status("charging"))
        names = self.browser.names()
        for role, name in (("heading", "Charging"), ("slider", "Power in this session"), ("button", "Stop charging"),
                           ("button", "Refresh once"), ("group", "Charging mode"), ("combobox", "Language")):
            self.assertIn((role, name), names)
        self.assertEqual(self.words("say"), "Charging. The vehicle is being charged.")

    def test_who_charges_is_asked_for_since_the_stream_tells_nobody(self):
        self.charger.show("warm")
        self.see()
        account = "document.querySelector('[data-fact=account]').textContent"
        self.browser.wait(account + " === 'Familie Müller-Lüdenscheid'")
        time.sleep(1.3)                   # what the stream says next takes nothing away
        self.assertEqual(self.browser.value(account), "Familie Müller-Lüdenscheid")
        self.charger.show("idle")
        self.browser.wait(account + " === '–'")

    def test_language_and_look_are_chosen_and_kept(self):
        self.hold(360, False)
        self.browser.value("(() => { const one = document.getElementById('language'); one.value = 'de';"
                           " one.dispatchEvent(new Event('change')); })()")
        self.until("state", "Kein Fahrzeug")
        self.browser.click("#theme")
        self.browser.click("#theme")
        back = "getComputedStyle(document.body).backgroundColor"
        self.assertEqual(self.browser.value(back), "rgb(9, 13, 19)")
        self.see(360, 800, False)
        self.assertEqual(self.words("state"), "Kein Fahrzeug")
        self.assertEqual(self.browser.value(back), "rgb(9, 13, 19)")
        self.browser.value("localStorage.clear()")

    def test_a_lost_connection_is_told_and_comes_back_by_itself(self):
        self.charger.show("charging")
        self.see()
        self.charger.serve(False)
        self.browser.wait("!document.getElementById('lost').hidden && document.body.classList.contains('stale')")
        self.until("lost", "Connection to the charger lost.")
        self.charger.serve(True)
        self.browser.wait("document.getElementById('lost').hidden && !document.body.classList.contains('stale')")
        for error in self.browser.errors:
            self.assertRegex(error, "ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|INCOMPLETE")
        self.browser.errors.clear()


class AsShipped(Seen):
    def test_the_packed_page_does_what_its_sources_do(self):
        with tempfile.TemporaryDirectory() as folder:
            build(PAGE, Path(folder, "page.pack"))
            with Charger(Path(folder, "page"), free_port()) as charger:
                self.url = "http://127.0.0.1:%d/" % charger.port
                charger.show("charging")
                self.see(language="de")
                self.assertEqual(self.words("state"), "Lädt")
                self.browser.value("location.hash = '#/settings/installation'")
                self.browser.wait("document.querySelector('#view form .card') !== null")
                self.until("view", "Sicherung vor der Ladestation")
                self.browser.value("location.hash = '#/help'")
                self.browser.wait("document.querySelectorAll('#view .card').length > 8")
                self.assertEqual(charger.errors, [])


if __name__ == "__main__":
    unittest.main()
