# cpython only: drives a Chromium
"""The bench's page as a visitor uses it, in a real browser, on a real twin."""
import json
import time
import unittest

from host_tests.page.browser import Browser
from host_tests.page.seen import CUT_OFF, need_browser
from host_tests.page.twin import CALM_CAR, FAST, PICTURES, Twin

# Whatever a finger may hit, where it is and what it is called: nothing may lie on another one or stick out of the window.
TOUCHED = """[...document.querySelectorAll('button, a, select, input, [role=button], [role=slider]')].map(one => {
    const hit = one.querySelector?.('.hit, .plate_round') ?? one, box = hit.getBoundingClientRect();
    const name = one.getAttribute('aria-label') ?? one.textContent.trim() ?? one.id;
    return [name, box.x, box.y, box.right, box.bottom, Boolean(one.closest('svg'))];
}).filter(([, x, y, right, bottom]) => right > x && bottom > y)"""


def setUpModule():
    need_browser()


class Visit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.twin = Twin()
        cls.addClassCleanup(cls.twin.close)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        twin = self.twin
        twin.post("time", speed=FAST)
        state = twin.look()["state"]
        for name in [name for name, on in state["faults"].items() if on]:
            twin.post("fault", name=name, on=False)
        twin.post("ev", **CALM_CAR)
        twin.post("house", load_w=[400, 250, 300], solar_w=0)
        twin.wait("calm", lambda seen: seen["charger"] and seen["charger"]["overview_state"] == "Idle"
                  and not seen["charger"]["faults"])
        self.see(1280, 900)

    def tearDown(self):
        self.assertEqual(self.browser.errors, [])
        self.assertEqual([one for one in self.browser.requests if not one.startswith(self.twin.url)], [])

    def see(self, width, height, dark=False):
        self.browser.show(width, height, dark, still=True)
        self.browser.open(self.twin.url)
        self.browser.wait("document.querySelectorAll('#figures div').length > 5"
                          " && document.querySelector('.plug[aria-pressed]') !== null")

    def words(self, identity):
        return self.browser.value("document.getElementById(%s).textContent" % json.dumps(identity))

    def says(self, identity, words):
        self.browser.wait("document.getElementById(%s).textContent.includes(%s)" % (json.dumps(identity), json.dumps(words)))

    def drawn(self, selector, attribute, value):
        asked = tuple(map(json.dumps, (selector, attribute, value)))
        self.browser.wait("document.querySelector(%s)?.getAttribute(%s) === %s" % asked)

    def test_a_visitor_plugs_in_watches_and_unplugs(self):
        browser = self.browser
        self.drawn(".contactor", "data-state", "open")
        browser.click(".plug")
        self.drawn(".plug", "aria-pressed", "true")
        self.drawn(".contactor", "data-state", "closed")
        self.drawn(".car", "data-charging", "yes")
        browser.wait("document.querySelector('[data-figure=Drawn] dd span').textContent === '16.0 A'")
        browser.wait("document.getElementById('overview').textContent.startsWith('Charging')")
        browser.wait("document.getElementById('scope_words').textContent.includes('state C2')")
        self.assertIn("26.7 % of 1000 Hz", self.words("scope_words"))
        self.says("strip_words", "offered 16.0 A, limit 16.0 A (installation), drawn 16.0 A")
        self.says("edges", "contacts on")
        self.twin.post("time", speed=1)
        start = browser.middle(".plug")
        browser.drag(start, (start[0] - 40, start[1] - 60), (start[0] - 120, start[1] - 120))
        self.drawn(".plug", "aria-pressed", "false")
        self.drawn(".contactor", "data-state", "open")
        self.twin.wait("the plug", lambda seen: seen["state"]["ev"]["plugged"] is False)

    def test_the_plug_is_dragged_into_the_car(self):
        start, port = self.browser.middle(".plug"), self.browser.middle(".port")
        self.browser.drag(start, ((start[0] + port[0]) / 2, start[1] + 60), (port[0] + 6, port[1] - 4))
        self.drawn(".plug", "aria-pressed", "true")
        self.twin.wait("the plug", lambda seen: seen["state"]["ev"]["plugged"])

    def test_a_plug_let_go_beside_the_car_goes_back(self):
        start = self.browser.middle(".plug")
        self.browser.drag(start, (start[0] + 20, start[1] + 90), (start[0] + 10, start[1] + 250))
        time.sleep(0.3)
        self.assertFalse(self.twin.look()["state"]["ev"]["plugged"])

    def test_sun_and_windows_are_dragged(self):
        x, y = self.browser.middle(".sun .disc")
        self.browser.drag((x, y), (x - 60, y - 40), (x - 160, y - 90), (x - 200, y - 110))
        self.twin.wait("the sun", lambda seen: seen["state"]["house"]["solar_w"] > 3000)
        self.browser.wait("Number(document.querySelector('.sun').getAttribute('aria-valuenow')) > 3000")
        x, y = self.browser.middle(".window .pane")
        self.browser.drag((x, y), (x, y - 10), (x, y - 20))
        self.twin.wait("the load", lambda seen: seen["state"]["house"]["load_w"][0] > 2500)
        self.assertEqual(self.twin.look()["state"]["house"]["load_w"][1:], [250, 300])      # they are no part of what was dragged

    def test_a_fault_shows_red_and_ends(self):
        browser = self.browser
        fault = "[...document.querySelectorAll('#faults button')].find(one => one.textContent.startsWith('rcd ac'))"
        self.twin.post("ev", plugged=True)
        self.drawn(".contactor", "data-state", "closed")
        browser.value("window.said = []; new MutationObserver(() => said.push(document.getElementById('say').textContent))"
                      ".observe(document.getElementById('say'), {childList: true}); 0")
        browser.value(fault + ".click()")
        self.drawn(".contactor", "data-state", "open")
        browser.wait("document.querySelector('.lamp[data-colour=red]') !== null")
        browser.wait("document.getElementById('overview').classList.contains('bad')")
        self.says("overview", "residual current")
        browser.wait("said.some(sentence => sentence.includes('residual current'))")
        browser.wait(fault + ".getAttribute('aria-pressed') === 'true'")
        browser.value(fault + ".click()")
        self.twin.wait("the fault's end", lambda seen: not seen["state"]["faults"]["rcd_ac"])
        browser.click(".plug")
        browser.wait("document.getElementById('overview').textContent === 'Idle'")

    def test_everything_can_be_done_with_the_keyboard(self):
        browser = self.browser
        browser.value("document.querySelector('.plug').focus()")
        browser.key("Enter", 13)
        self.drawn(".plug", "aria-pressed", "true")
        browser.value("document.querySelector('.sun').focus()")
        for _ in range(4):
            browser.key("ArrowUp", 38)
        self.twin.wait("the sun", lambda seen: seen["state"]["house"]["solar_w"] == 1000)
        browser.value("document.querySelector('.reader').focus()")
        self.twin.post("time", paused=True)          # a card is held to the reader for 0.3 s
        browser.key("Enter", 13)
        self.twin.wait("the card", lambda seen: seen["state"]["card"] is not None)
        names = browser.names()
        for role, name in (("slider", "Sun"), ("slider", "House load on L2"), ("heading", "Control pilot"), ("button", "Pause")):
            self.assertIn((role, name), names)
        unnamed = browser.value(
            "[...document.querySelectorAll('button, select, input, [role=button], [role=slider]')].filter("
            "one => !(one.getAttribute('aria-label') || one.closest('label') || one.textContent.trim())).length")
        self.assertEqual(unnamed, 0)

    def test_a_button_is_pressed_as_long_as_it_is_held(self):
        browser = self.browser
        self.twin.post("time", speed=1)
        place = browser.middle("#box button")
        browser._mouse("mousePressed", place)
        self.twin.wait("the press", lambda seen: seen["state"]["buttons"]["service"])
        begin_ms = self.twin.look()["state"]["t_ms"]
        self.twin.wait("time", lambda seen: seen["state"]["t_ms"] > begin_ms + 700)      # longer than a press that nobody holds
        self.assertTrue(self.twin.look()["state"]["buttons"]["service"])
        browser._mouse("mouseReleased", place)
        self.twin.wait("the release", lambda seen: not seen["state"]["buttons"]["service"])

    def test_the_buzzer_is_silent_until_it_is_asked_for_and_is_seen_anyway(self):
        browser = self.browser
        self.assertEqual(browser.value("document.getElementById('sound').getAttribute('aria-pressed')"), "false")
        browser.click("#sound")
        self.drawn("#sound", "aria-pressed", "true")
        self.twin.post("time", paused=True)          # it sounds for a moment only
        self.twin.post("button", name="service", hold_ms=2600)
        for _ in range(40):
            self.twin.post("time", advance_s=0.1)
            if any(hz > 1000 for _, hz in self.twin.look()["tones"]):
                break
        self.assertTrue(any(hz > 1000 for _, hz in self.twin.look()["tones"]))
        browser.wait("document.querySelector('.buzz').classList.contains('on')")

    def test_the_pace_is_chosen_and_time_can_stand_still(self):
        browser, pick = self.browser, "[...document.querySelectorAll('#pace button')].find(one => one.textContent === %s).click()"
        browser.value("document.querySelector('#pace [aria-label=Pause]').click()")
        self.twin.wait("the pause", lambda seen: seen["pace"]["paused"])
        before = self.twin.look()["state"]["t_ms"]
        time.sleep(0.3)                  # six seconds, would time go on; what the firmware is doing it may end
        self.assertLess(self.twin.look()["state"]["t_ms"] - before, 500)
        browser.value(pick % "'60×'")
        self.twin.wait("the pace", lambda seen: seen["pace"] == {"speed": 60, "paused": False})
        self.twin.wait("time", lambda seen: seen["state"]["t_ms"] > before + 2000)

    def test_a_story_is_told_line_by_line_and_can_be_left(self):
        browser = self.browser
        self.twin.post("time", speed=2)
        browser.wait("document.querySelector('.story_list button') !== null")
        browser.click(".story_list button")
        browser.wait("document.querySelector('.told li.now') !== null && document.querySelector('.told li.done') !== null")
        browser.value("[...document.querySelectorAll('#stories button')].find(one => one.textContent.startsWith('Stop')).click()")
        browser.wait("document.querySelector('#stories [role=status]').textContent.endsWith('stopped.')")
        self.twin.post("time", speed=FAST)
        self.twin.wait("the calm after it", lambda seen: not seen["state"]["ev"]["plugged"])

    def test_a_power_cut_and_its_end_are_drawn(self):
        browser = self.browser
        browser.value("document.getElementById('power_cut').click()")
        browser.wait("document.querySelector('.scene').classList.contains('no_power')")
        browser.wait("document.getElementById('overview').textContent === 'No power'")
        browser.value("document.getElementById('power_cut').click()")
        browser.wait("document.getElementById('overview').textContent === 'Idle'")

    def test_an_edge_is_picked_with_the_keyboard_and_measured_from(self):
        self.twin.post("ev", plugged=True)
        self.drawn(".contactor", "data-state", "closed")
        self.twin.post("ev", plugged=False)
        self.browser.wait("document.querySelector('#edges li b').textContent === 'contacts off'")
        self.browser.value("document.getElementById('edges').focus()")
        self.browser.key("ArrowDown", 40)
        self.browser.wait("document.getElementById('lanes_words').textContent.includes('Measured from')")
        self.assertIn("contacts off", self.words("lanes_words"))
        self.browser.key("ArrowDown", 40)
        self.browser.key("ArrowDown", 40)
        self.browser.wait("!document.getElementById('lanes_words').textContent.includes('contacts off')")

    def test_a_twin_that_does_not_answer_is_told_and_comes_back(self):
        browser = self.browser
        self.assertTrue(browser.value("document.getElementById('lost').hidden"))
        browser.offline(True)
        browser.wait("!document.getElementById('lost').hidden")
        browser.offline(False)
        browser.wait("document.getElementById('lost').hidden")
        self.twin.post("ev", plugged=True)
        self.drawn(".plug", "aria-pressed", "true")
        errors, browser.errors = browser.errors, []        # the browser's own lines about the network, no script's
        self.assertEqual([error for error in errors if "net::ERR_" not in error], [])

    def test_nothing_overlaps_or_sticks_out_on_phone_and_desk(self):
        self.twin.post("ev", plugged=True)
        self.twin.post("house", solar_w=6000)
        self.drawn(".car", "data-charging", "yes")
        for width, height, dark in ((320, 700, True), (360, 800, False), (360, 800, True), (900, 900, False), (1280, 900, False),
                                    (1280, 900, True)):
            with self.subTest(width=width, dark=dark):
                self.browser.show(width, height, dark, still=True)
                self.browser.wait("innerWidth === %d && document.querySelector('.story_list button') !== null" % width)
                self.browser.drawn_anew()
                self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), width)
                self.assertEqual(self.browser.value(CUT_OFF), [])
                touched = self.browser.value(TOUCHED)
                self.assertGreater(len(touched), 40)
                for name, left, _top, right, _bottom, _drawn in touched:
                    self.assertTrue(left >= 0 and right <= width + 0.5, (name, left, right))
                for n, (name, left, top, right, bottom, drawn) in enumerate(touched):
                    for other in touched[n + 1:]:
                        apart = other[1] >= right - 1 or other[3] <= left + 1 or other[2] >= bottom - 1 or other[4] <= top + 1
                        self.assertTrue(apart or drawn and other[5], (name, other[0]))
                if width in (360, 1280):
                    self.browser.picture(PICTURES / ("bench-%d-%s.png" % (width, "dark" if dark else "light")), whole=True)


if __name__ == "__main__":
    unittest.main()
