# cpython only: drives a Chromium
"""The views of past sessions, cards, events and energy, as an administrator uses them on a real twin."""
import asyncio
import json
import time
import unittest

from firmware.access.card import Card
from firmware.access.cards import CardStore
from firmware.records import curve_log
from firmware.records.event_log import EventLog
from firmware.records.session_log import SessionLog
from host_tests.page.browser import Browser
from host_tests.page.seen import ADMIN, CONTRAST, LOG_IN, Seen, need_browser
from host_tests.page.twin import CALM_CAR, FAST, PICTURES, Twin

DAY_S = 86400
SESSIONS = 45
CARDS = 60
READY = "document.querySelector('#view .body') !== null && !document.querySelector('#view [aria-busy=true]')"
NAMELESS = """[...document.querySelectorAll('#view :is(input, select, button, a)')].filter(one => !one.textContent.trim()
    && !one.labels?.length && !one.getAttribute('aria-label')).map(one => one.outerHTML)"""
ROWS = "document.querySelectorAll('#view .rows > li').length"


def setUpModule():
    need_browser()
    Seen.browser = Browser()
    unittest.addModuleCleanup(Seen.browser.close)


def fill(folder):
    """A charger's history: a session every other day, curves of the newest ten, cards, events."""
    data = str(folder / "flash" / "data") + "/"
    (folder / "flash" / "data").mkdir(parents=True)
    now_s = int(time.time())
    sessions, events, cards = SessionLog(data), EventLog(data + "events"), CardStore(data)
    sessions.start()
    for number in range(1, SESSIONS + 1):
        began_s = now_s - (SESSIONS - number) * 2 * DAY_S - 4 * 3600
        uid, user, account = (("04A1B2C3D4E5F6", "Ann <b>", "Work"), ("99887766", "Bob", "Private"), ("", "", ""))[number % 3]
        register_wh = 1000000 + number * 9000
        sessions.begin((1, 100, began_s), register_wh if number % 5 else None, uid, 3, user=user, account=account)
        sessions.end((1, 7300, began_s + 7200), 9000 + number * 37, 6000, "unplugged", register_wh + 9000, 300 + number)
        events.add((1, 100 + number, began_s), "fault" if number % 9 == 0 else "info", "meter_lost" if number % 9 == 0 else "stop",
                   number, "web")
        if number > SESSIONS - 10:
            curve_log.append(data, number, 60, 32, [11000 if at < 90 else 11000 - (at - 90) * 150 for at in range(150)])
    events.flush(True)
    for number in range(CARDS):
        cards.add(Card(bytes((4, 1, 2, number)), "Person %d" % number, 1 if number % 7 == 0 else 0))
    asyncio.run(cards.tidy(lambda: True, lambda: asyncio.sleep(0)))      # or the charger does it while it is tested


class RecordViews(Seen):
    @classmethod
    def setUpClass(cls):
        cls.twin = Twin(prepare=fill)
        cls.addClassCleanup(cls.twin.close)
        cls.url = cls.twin.charger

    def setUp(self):
        self.twin.post("time", speed=1)
        self.twin.post("ev", **CALM_CAR)
        self.see()
        self.browser.may_fail = ["/api/v1/session"]

    def tearDown(self):
        self.browser.requests = [one for one in self.browser.requests if not one.startswith("data:")]    # the browser's own icons
        super().tearDown()

    def see(self, *args, **more):
        super().see(*args, **more)
        if not self.browser.value(ADMIN):
            self.browser.value(LOG_IN % self.twin.admin_password)
            super().see(*args, **more)

    def open(self, view):
        self.browser.value("location.hash = '#/%s'" % view)
        self.browser.wait("document.body.dataset.view === '%s'" % view)
        self.browser.wait(READY)

    def choose(self, selector, value, event="change"):
        self.browser.value("(() => { const one = document.querySelector(%s); one.value = %s; one.dispatchEvent(new Event('%s',"
                           " {bubbles: true})); })()" % (json.dumps(selector), json.dumps(value), event))

    def fill_in(self, **values):
        """Fields of the dialog, then its answer."""
        self.browser.wait("document.querySelector('dialog[open]') !== null")
        for name, value in values.items():
            self.browser.value("(() => { const one = document.querySelector('dialog [data-field=%s] :is(input, select)'),"
                               " value = %s; if (one.type === 'checkbox') one.checked = value; else one.value = value; })()"
                               % (name, json.dumps(value)))
        self.browser.click("dialog [type=submit]")

    def text_of(self, path):
        """What the browser gets from an address, with its own cookie."""
        return self.browser.value("fetch(%s).then(answer => answer.text())" % json.dumps(path))

    def href(self, selector):
        """Where a link leads when it is followed."""
        return self.browser.value("(() => { const one = document.querySelector(%s); one.addEventListener('click', event =>"
                                  " event.preventDefault(), {once: true}); one.click(); return one.getAttribute('href'); })()"
                                  % json.dumps(selector))

    def count(self, wanted):
        self.browser.wait(READY)
        self.browser.wait("%s === %d" % (ROWS, wanted))

    def test_past_sessions_are_paged_filtered_and_looked_at_with_their_curve(self):
        self.open("history")
        self.count(20)
        newest = self.browser.value("document.querySelector('.session').dataset.number")
        known = [row["number"] for row in json.loads(self.text_of("api/v1/sessions?limit=200"))["sessions"]]
        self.assertEqual(int(newest), known[0])          # other tests charge too
        for more in list(range(40, len(known), 20)) + [len(known)]:
            self.browser.click("#view .stack > button")
            self.count(more)
        self.assertTrue(self.browser.value("document.querySelector('#view .stack > button').hidden"))
        newest = "[data-number=\"%d\"]" % SESSIONS
        self.browser.click(newest + " summary")
        self.browser.wait("document.querySelector('%s .line')?.getAttribute('d')?.length > 500" % newest)
        self.assertIn("kW", self.browser.value("document.querySelector('%s .readout').textContent" % newest))
        self.browser.picture(PICTURES / "view-history-open.png", whole=True)
        self.browser.may_fail.append("/curve")
        self.choose("#view .picks:has(datalist) label:nth-of-type(4) input", "99 88 77 66")
        self.count(SESSIONS // 3)
        self.choose("#view .picks:has(datalist) label:nth-of-type(5) select", "Work")
        self.count(0)
        self.choose("#view .picks:has(datalist) label:nth-of-type(4) input", "")
        self.count(SESSIONS // 3)
        self.assertIn("Ann <b>", self.browser.value("document.querySelector('.session .when').textContent"))
        self.choose("#view .picks:has(datalist) label:nth-of-type(1) select", "own")
        old = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 29 * DAY_S))
        self.choose("#view .picks:has(datalist) label:nth-of-type(2) input", old)
        self.browser.wait("%s === 5" % ROWS)

    def test_the_file_has_what_was_chosen_and_the_statement_is_a_page_with_its_look(self):
        self.open("history")
        self.choose("#view .picks:has(datalist) label:nth-of-type(5) select", "Private")
        self.count(SESSIONS // 3)
        self.choose("#view [name=separator]", "tab")
        self.choose("#view [name=decimal]", "point")
        href = self.href("#sessions_csv")
        self.assertIn("account=Private", href)
        lines = self.text_of(href).strip().split("\r\n")
        self.assertEqual((len(lines), lines[1].split("\t")[6]), (1 + SESSIONS // 3, "Bob"))
        statement = self.href("#statement")
        self.browser.show(900, 1200)
        self.browser.open(self.url + statement)
        self.browser.wait("document.readyState === 'complete' && document.querySelector('table') !== null")
        self.assertEqual(self.browser.value("getComputedStyle(document.querySelector('h2')).borderBottomStyle"), "solid")
        self.assertIn("M3-TWIN-0001", self.browser.value("document.body.textContent"))
        self.browser.picture(PICTURES / "statement.png", whole=True)

    def test_a_card_is_added_found_changed_blocked_and_deleted(self):
        self.open("cards")
        self.browser.wait(ROWS + " === 50")
        self.browser.click("#add_card")
        self.browser.may_fail.append("/api/v1/cards")
        self.fill_in(uid="04 A1", name="Carla")
        self.browser.wait("!document.querySelector('dialog [data-field=uid] .error').hidden")
        self.fill_in(uid="04 A1 B2 C3 D4 E5 F6")
        self.browser.wait("document.querySelector('dialog') === null")
        self.choose("#view [name=find]", "carla", "input")
        self.count(1)
        self.browser.click("#view li .edit")
        self.fill_in(name="Carla B.", blocked=True, expires="2020-01-31")
        self.browser.wait("document.querySelector('#view .rows')?.textContent.includes('Carla B.')")
        badges = self.browser.value("[...document.querySelectorAll('#view .badge.bad')].map(one => one.textContent)")
        self.assertEqual(badges, ["blocked", "expired 2020-01-31"])
        self.browser.click("#view li .delete")
        self.fill_in()
        self.count(0)
        self.choose("#view [name=find]", "", "input")
        self.browser.wait(ROWS + " === 50")

    def test_regression_a_refusal_is_said_in_the_reader_s_language(self):
        """German and French owners read the API's own English sentences."""
        self.see(language="de")
        self.open("cards")
        self.browser.click("#add_card")
        self.browser.may_fail.append("/api/v1/cards")
        self.fill_in(uid="04 A1")
        self.browser.wait("document.querySelector('dialog [data-field=uid] .error').textContent.includes('hexadezimale Ziffern')")
        self.fill_in(uid="04 01 02 03")
        self.browser.wait("document.querySelector('dialog [data-field=uid] .error').textContent.includes('schon in der Liste')")
        self.browser.key("Escape", 27)
        self.browser.wait("document.querySelector('dialog') === null")
        self.upload("uid;expires\n04010299;tomorrow\n")
        self.browser.wait("document.querySelector('.toast.bad')?.textContent.includes('Zeile 2, expires: Ein Tag')")

    def test_many_cards_get_another_kind_at_once(self):
        self.open("cards")
        for n in (2, 3, 4):
            self.browser.click("#view .rows li:nth-child(%d) .choose input" % n)
        self.choose("#view [name=many_kind]", "vip")
        self.browser.click("#view .actions:has([name=many_kind]) button")
        self.browser.wait("[...document.querySelectorAll('#view .rows li')].slice(1, 4)"
                          ".every(one => one.textContent.includes('VIP'))")

    def upload(self, text):
        self.browser.click("#import_cards")
        self.browser.wait("document.querySelector('dialog [type=file]') !== null")
        self.browser.value("(() => { const files = new DataTransfer(); files.items.add(new File([%s], 'cards.csv'));"
                           " document.querySelector('dialog [type=file]').files = files.files; })()" % json.dumps(text))
        self.browser.click("dialog [type=submit]")

    def test_an_import_names_the_bad_line_and_changes_nothing_and_an_export_comes_back(self):
        self.open("cards")
        before = self.text_of(self.href("#cards_csv"))
        cards = len(before.strip().split("\r\n")) - 1
        self.assertGreaterEqual(cards, CARDS)
        self.browser.may_fail.append("/api/v1/cards.csv")
        self.upload("uid;name\n04010299;Zoe\nno uid;Max\n")
        self.browser.wait("document.querySelector('.toast.bad')?.textContent.includes('line 3, uid')")
        self.assertEqual(self.text_of(self.href("#cards_csv")), before)
        for text, said in (("uid;nome\n", "line 1, nome: The first line names the columns"), ("uid\n01\"\n", "line 2, uid: 8, 14"),
                           ("uid;name\n04010299;\"Zoe\n", "line 2: The quotation marks"),
                           ("uid\n04010299\n04010299\n", "line 3, uid: It stands in the file twice.")):
            self.browser.click(".toast button")
            self.upload(text)
            self.browser.wait("document.querySelector('.toast.bad')?.textContent.includes(%s)" % json.dumps(said))
        self.browser.click(".toast button")
        self.upload(before + "04:01:02:99,Zoe,user,no,accepted,,\r\n")
        self.browser.wait("document.querySelector('.toast.good')?.textContent.includes('%d cards')" % (cards + 1))
        self.choose("#view [name=find]", "zoe", "input")
        self.count(1)
        self.browser.click("#clear_cards")
        self.browser.wait("document.querySelector('dialog[open]') !== null")
        self.browser.key("Escape", 27)
        self.browser.wait("document.querySelector('dialog') === null")
        self.upload(before)
        self.browser.wait("document.querySelector('.toast:last-child')?.textContent.includes('%d cards')" % cards)

    def test_cards_are_taught_at_the_reader_while_a_countdown_runs(self):
        self.open("cards")
        self.choose("#view [name=find]", "0455", "input")
        self.count(0)
        self.browser.click("#view [data-mode=add]")
        self.browser.wait("/ (30|2\\d) s/.test(document.querySelector('#view .countdown')?.textContent)")
        for _ in range(6):                       # on a busy machine the reader may miss 0.3 s
            self.twin.post("card", uid="0455667788AABB")
            time.sleep(1.5)
            if self.browser.value(ROWS) == 1:
                break
        self.browser.wait(ROWS + " === 1")
        self.browser.click("#view .teach button")
        self.browser.wait("document.querySelector('#view [data-mode=add]') !== null")

    def test_the_log_is_filtered_taken_away_and_deleted_and_tells_more_for_a_while(self):
        self.open("events")
        self.browser.wait(ROWS + " >= 40")
        self.choose("#view [name=kind]", "fault")
        self.browser.wait(ROWS + " >= 5 && " + ROWS + " < 20")
        self.assertIn("meter_lost", self.browser.value("document.querySelector('#view .rows li:last-child').textContent"))
        lines = self.text_of(self.href("#events_csv")).strip().split("\r\n")
        self.assertEqual({line.split(",")[4] for line in lines[1:]}, {"fault"})
        self.choose("#view [name=kind]", "")
        self.browser.wait(READY + " && " + ROWS + " >= 40")
        self.browser.click("#debug_begin")
        self.browser.wait("document.querySelector('#debug_end') !== null")
        self.twin.post("ev", plugged=True)
        self.browser.wait("document.querySelector('#state').textContent === 'Charging'")
        self.twin.post("ev", plugged=False)
        self.browser.wait("document.querySelector('#state').textContent === 'No vehicle'")
        self.browser.wait("fetch('api/v1/events?limit=50&kind=debug').then(answer => answer.json())"
                          ".then(found => found.events.length > 2)")
        self.choose("#view [name=kind]", "debug")
        self.browser.wait(READY + " && " + ROWS + " >= 3")
        self.browser.click("#debug_end")
        self.browser.wait("document.querySelector('#debug_begin') !== null")
        self.choose("#view [name=kind]", "")
        self.browser.wait(READY + " && " + ROWS + " === 50")
        self.browser.click("#clear_events")
        self.fill_in()
        self.browser.wait(ROWS + " === 1")
        self.assertIn("Event log deleted", self.browser.value("document.querySelector('#view .rows li').textContent"))

    def test_energy_shows_the_meter_by_phase_the_month_and_the_tariff(self):
        self.twin.post("ev", plugged=True)
        self.open("energy")
        self.browser.wait("/1[56]\\.\\d\\u202fA/.test(document.querySelector('#view .numbers tbody').textContent)")
        self.browser.wait("document.querySelector('#view .month .sum') !== null")
        total = self.browser.value("document.querySelector('#view .month .sum').textContent")
        self.assertIn("kWh", total)
        self.assertIn("SDM630", self.browser.value("document.querySelector('#view').textContent"))

    def test_a_browser_that_comes_late_draws_the_curve_that_the_charger_kept(self):
        self.twin.post("time", speed=FAST)
        self.twin.post("ev", plugged=True)
        self.browser.wait("document.querySelector('#state').textContent === 'Charging'")
        self.browser.wait("Number(document.getElementById('chart').getAttribute('aria-valuemax')) > 50")
        self.browser.value("window.addEventListener('pagehide', () => localStorage.removeItem('curve'))")
        self.twin.post("time", speed=1)
        self.see()
        self.browser.wait("Number(document.getElementById('chart').getAttribute('aria-valuemax')) > 20")

    def test_every_view_fits_can_be_read_and_has_names(self):
        for width, dark, language in ((320, False, "de"), (360, True, "fr"), (1280, True, "en"), (1280, False, "en")):
            self.see(width, 800 if width < 600 else 900, dark, language)
            for view in ("history", "cards", "events", "energy"):
                with self.subTest(view=view, width=width, dark=dark):
                    self.open(view)
                    name = "view-%s-%d-%s.png" % (view, width, "dark" if dark else "light")
                    self.browser.picture(PICTURES / name, whole=True)
                    self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), width)
                    self.assertEqual(self.browser.value(CONTRAST), [])
                    self.assertEqual(self.browser.value(NAMELESS), [])
