# cpython only: drives a Chromium
"""The page's views as owner and installer use them, in a real browser, on a real twin: from the first start to a charging car,
every form, two roles, three languages, a phone and a desktop, and what axe-core finds."""
import json
import re
import unittest

from host_tests.page.seen import CONTRAST, CUT_OFF, Visit, need_browser
from host_tests.page.test_page import PAGE
from host_tests.page.twin import PICTURES
from host_tests.services.publication import servers
from tools.setup import axe
from tools.setup.lib import LibError
from tools.twin.ports import free_port

VIEWS = sorted(path.stem for path in (PAGE / "views").glob("*.js")) + [
    "settings/installation", "settings/meter", "settings/publication", "help/network"]
# What is said by its key, or by what a program would say.
UNSAID = re.compile(r"\b(?:nav|form|system|network|access|pins|tokens|wizard|about|update|backup|diagnostics|setting|help|option"
                    r"|area)\.[a-z]\w*|\{\w+\}|undefined|NaN|\[object")
AXE = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(' ')).slice(0, 3).join(', ')}`))"""
# Settings that a form cannot simply change here: what they need, or what they would take away.
NOT_TRIED = {
    "inputs": "the twin's board has no such contacts", "installation.cable": "needs a socket", "meter.type": "needs registers",
    "network.known": "has a card of its own", "network.ipv4": "needs an address", "network.wifi": "takes the way here away",
    "charging.min": "stays below the highest current", "general.language": "the page would follow it"}
TEXTS = {
    "access.account_2": "Garden",
    "tariff.times": "mo-fr 22:00-06:00", "schedule.windows": "1-5 22:00-06:00 16", "sensors.": "28ff641e8216a3c1",
    "network.ip": "192.168.1.77", "network.fallback_ip": "169.254.1.9", "network.gateway": "192.168.1.1",
    "network.dns": "192.168.1.1",
    "network.mask": "255.255.0.0", "network.hostname": "garage",
    "network.proxy": "proxy.example:3128", "time.servers": "time.example.org",
    "update.url": "http://updates.example.com/mode3", "general.currency": "CHF", "meter.generic_registers": ""}
WRONG = "[...document.querySelectorAll('form.settings .error:not([hidden])')].map(one => one.textContent)"


def setUpModule():
    need_browser()


class Views(Visit):
    # width, dark, language; every other look is in looks.py, which takes longer
    looks = ((320, False, "de"), (1280, True, "fr"))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        visitor = cls("see")
        visitor.see()
        visitor.log_in("admin", cls.twin.admin_password)
        visitor.logged_in("admin")

    def choose(self, language):
        self.browser.value("(() => { const one = document.getElementById('language'); one.value = '%s';"
                           " one.dispatchEvent(new Event('change')); })()" % language)
        self.browser.wait("document.documentElement.lang === '%s'" % language)

    def test_every_view_fits_is_said_can_be_read_and_keeps_nobody_out(self):
        try:
            script = axe.script()
        except LibError as error:
            self.skipTest(str(error))
        browser = self.browser
        for width, dark, language in self.looks:
            self.see(width, 800, dark)
            self.choose(language)
            browser.value(script + "; 0")
            for view in VIEWS:
                with self.subTest(width=width, dark=dark, language=language, view=view):
                    self.go(view)
                    browser.value("import('./shell.js').then(shell => { document.getElementById('notices').replaceChildren();"
                                  " shell.notice('Well done.'); shell.notice('Not so well.', 'bad'); })")
                    self.assertLessEqual(browser.value("document.documentElement.scrollWidth"), width)
                    self.assertEqual(browser.value(CUT_OFF.replace("'unseen'", "'hidden'")), [])
                    self.assertIsNone(UNSAID.search(browser.value("document.getElementById('view').innerText")))
                    if width == 320 and self.looks is Views.looks:
                        continue
                    self.assertEqual(browser.value(CONTRAST), [])
                    self.assertEqual(browser.value(AXE), [])
                    name = "view-%s-%d-%s.png" % (view.replace("/", "-"), width, "dark" if dark else "light")
                    browser.picture(PICTURES / name, whole=True)

    def test_regression_words_and_their_signs_stay_together_on_the_smallest_phone(self):
        """The French menu broke a word in two, its steps went over the card's edge, and lines began with a semicolon."""
        self.see(320, 640)
        for language in ("en", "de", "fr"):
            self.choose(language)
            self.browser.wait("document.querySelectorAll('#menu .first span').length === 4")
            lines = self.browser.value("[...document.querySelectorAll('#menu .first span, #menu .more button')].filter(one => {"
                                       " const range = document.createRange(); range.selectNodeContents(one.lastChild);"
                                       " return range.getClientRects().length > 1; }).map(one => one.textContent)")
            self.assertEqual(lines, [], language)
            wide = self.browser.value("(() => { const steps = document.getElementById('steps'); return steps.scrollWidth"
                                      " - steps.clientWidth; })()")
            self.assertLessEqual(wide, 0, language)
        said = self.browser.value("import('./texts.js').then(t => ['a ; b « c » d: e', 'no.such'].map(one => t.text(one)))")
        self.assertEqual(said, ["a\u00a0; b «\u00a0c\u00a0» d: e", "no.such"])

    def test_regression_a_line_end_in_a_field_of_one_line_is_a_space(self):
        """Names of hosts stood in fields of four lines; Enter put a line end into them, which the charger refused."""
        self.see()
        self.go("settings/update")
        self.put("update.url", "http://updates.lan/\n")
        self.browser.click("form.settings [type=submit]")
        self.browser.wait("document.querySelector('.apply').hidden")
        self.assertEqual(self.ask("settings")["update.url"], "http://updates.lan/")
        self.put("update.url", "")
        self.browser.click("form.settings [type=submit]")
        self.browser.wait("document.querySelector('.apply').hidden")

    def test_every_setting_is_changed_in_its_form_and_read_back(self):
        self.see()
        table = self.ask("settings/table")["settings"]
        tried, refused = 0, []
        self.browser.may_fail.append("/api/v1/settings")
        areas = self.areas()
        for area in areas:
            self.go("settings/" + area)
            keys = self.browser.value("[...document.querySelectorAll('form.settings [data-field]')].map(one => one.dataset.field)")
            rows = [row for row in table if row["key"] in keys]
            values = {row["key"]: other_value(row) for row in rows if row["writable"] and row["class"] != "secret"}
            values = {key: value for key, value in values.items() if value is not None}
            for row in rows:
                if row["key"] in values:
                    self.put(row["key"], shown(row, values[row["key"]]))
            if not values:
                continue
            with self.subTest(area=area, values=values):
                refused += self.apply(rows, values)
                kept = self.ask("settings")
                self.assertEqual({key: kept[key] for key in values}, values)
                tried += len(values)
                self.go("settings")
                self.go("settings/" + area)
                read = {key: self.read(key) for key in values}
                wanted = {row["key"]: shown(row, values[row["key"]]) for row in rows if row["key"] in values}
                self.assertEqual(read, wanted)
        self.assertGreater(tried, len(table) // 2)
        self.assertLess(len(refused), 8, refused)
        self.assertEqual(sorted(row["key"] for row in table if row["key"].split(".")[0] not in
                                [key.split(".")[0] for area in areas for key in self.keys_of(area, table)]), [])

    def apply(self, rows, values):
        """Press Apply. What the charger wants in a form of its own is told at its field; it goes out of values, and is returned."""
        refused = []
        while True:
            self.browser.click("form.settings [type=submit]")
            self.browser.wait("document.querySelector('.apply').hidden || %s.length > 0" % WRONG)
            wrong = self.browser.value(WRONG)
            if not wrong:
                return refused
            key = self.browser.value("document.querySelector('form.settings .error:not([hidden])')"
                                     ".closest('[data-field]').dataset.field")
            row = next(row for row in rows if row["key"] == key)
            refused.append((key, wrong))
            del values[key]
            self.put(key, shown(row, row["value"]))

    def areas(self):
        self.go("settings")
        return self.browser.value("[...document.querySelectorAll('.tiles a')].map(one => one.hash.split('/')[2])")

    def keys_of(self, area, table):
        """Every prefix has a place: the areas with several prefixes are the page's own."""
        several = {"panel": ("lights", "sounds", "standby"), "general": ("general", "station", "time", "status", "identity")}
        return [row["key"] for row in table if row["key"].split(".")[0] in several.get(area, (area,))]

    def read(self, key):
        return self.browser.value("(() => { const one = document.querySelector('[name=\"%s\"]');"
                                  " return one.type === 'checkbox' ? one.checked : one.value; })()" % key)

    def test_wrong_input_is_told_at_its_field_before_and_after_it_is_sent(self):
        self.see()
        self.go("settings/installation")
        self.put("installation.fuse_a", "99")
        error = "document.querySelector('[data-field=\"%s\"] .error').textContent"
        invalid = "document.querySelector('[name=\"installation.fuse_a\"]').getAttribute('aria-invalid')"
        self.assertEqual(self.browser.value(error % "installation.fuse_a"), "6 to 63 A")
        self.assertEqual(self.browser.value(invalid), "true")
        self.press("Discard")
        self.assertTrue(self.browser.value("document.querySelector('.apply').hidden"))
        self.go("settings/tariff")
        self.browser.may_fail.append("/api/v1/settings")
        self.put("tariff.times", "soon")
        self.press("Apply")
        self.browser.wait(error % "tariff.times" + ".startsWith('Not possible. Allowed: days and times')")
        self.assertEqual(self.browser.value("document.activeElement.name"), "tariff.times")
        self.press("Discard")
        self.choose("de")
        self.go("settings")
        self.go("settings/tariff")
        self.put("tariff.times", "soon")
        self.press("Übernehmen")
        self.browser.wait(error % "tariff.times" + ".startsWith('Nicht möglich. Erlaubt: Tage und Zeiten')")
        self.press("Verwerfen")
        self.choose("en")

    def test_a_backup_is_saved_and_what_it_would_change_is_told_before_it_is_restored(self):
        browser = self.browser
        self.see()
        self.change("station.name", "Carport")
        self.change("lights.brightness_percent", 60)
        self.go("system")
        browser.value("window.saved = null; URL.createObjectURL = blob => { window.saved = blob; return '#/system'; }")
        self.press("Save a backup")
        browser.wait("document.querySelector('dialog[open] [name=password]') !== null")
        self.put("password", "Kirschbaum 7")
        self.put("again", "Kirschbaum 7")
        browser.click("dialog[open] [type=submit]")
        browser.wait("window.saved !== null && document.querySelector('dialog') === null")
        self.change("lights.brightness_percent", 70)
        self.press("Restore a backup")
        browser.wait("document.querySelector('dialog[open] [type=file]') !== null")
        browser.value("(() => { const files = new DataTransfer(); files.items.add(new File([window.saved], 'mode3.backup'));"
                      " document.querySelector('dialog[open] [type=file]').files = files.files; })()")
        self.put("password", "Kirschbaum 7")
        browser.click("dialog[open] [type=submit]")
        browser.wait("document.querySelector('dialog[open] li')?.textContent.includes('70 → 60') ?? false")
        self.press("Apply")
        browser.wait("document.getElementById('notices').textContent.includes('taken over')")
        self.assertEqual(self.ask("settings")["lights.brightness_percent"], 60)

    def test_a_text_of_settings_that_is_refused_says_where_and_what_is_allowed_in_the_reader_s_language(self):
        browser = self.browser
        self.see()
        self.choose("de")
        self.go("system")
        browser.may_fail.append("/api/v1/settings.txt?check=1")
        self.press("Importieren")
        browser.wait("document.querySelector('dialog[open] [type=file]') !== null")
        for text, name, said in (
                ("sounds.on = true\ninstallation.fuse_a = 99\n", "a.txt",
                 "Zeile 2, Sicherung vor der Ladestation: Nicht möglich. Erlaubt: 6 bis 63 A"),
                ("charging.resume_after_power_cut = perhaps\n", "a.txt",
                 "Nach einem Stromausfall: Nicht möglich. Erlaubt: wait, resume"),
                ("station.name = %s\n" % ("x" * 200), "a.txt", "Zeichen"),
                ("time.zone = nowhere\n", "a.txt", "Erlaubt: eine Zeitzone in POSIX-Form"),
                ("no.such = 1\n", "a.txt", "Zeile 1, no.such: Diese Einstellung gibt es nicht."),
                ("sounds\n", "a.txt", "Zeile 1: Eine Zeile ist key = value, oder beginnt mit #."),
                ("sounds.on = true\n", "settings_M3-999999.txt", "Die Datei ist für eine andere Ladestation.")):
            browser.value("(() => { const files = new DataTransfer(); files.items.add(new File([%s], %s));"
                          " document.querySelector('dialog[open] [type=file]').files = files.files; })()" % (
                              json.dumps(text), json.dumps(name)))
            browser.click("dialog[open] [type=submit]")
            browser.wait("document.querySelector('dialog[open] .error[role=alert]').textContent.includes(%s)" % json.dumps(said))
        browser.click("dialog[open] .actions button")
        self.choose("en")

    def change(self, key, value):
        """As somebody else would, over the API."""
        self.change_all({key: value})

    def change_all(self, values):
        self.browser.value("import('./api.js').then(one => one.api('PUT', 'settings', %s))" % json.dumps(values))

    def test_what_goes_out_by_itself_is_tried_by_a_press_and_the_result_told_in_words(self):
        mail, mails = servers.smtp(self, user="ada", password="secret")
        post = {"host": "127.0.0.1", "port": mail, "user": "ada", "password": "secret", "sender": "box@home.lan",
                "to": "ada@home.lan", "plain_password": True, "security": "none"}
        said = "document.querySelector('#view [role=status]').textContent"
        self.see()
        for area, path, switch in (("publication", "publication", {"publication.method": "smtp"}),
                                   ("fault_mail", "fault_mail", {"fault_mail.on": True})):
            self.choose("en")
            self.change_all({**switch, **{"%s.%s" % (area, name): value for name, value in post.items()}})
            self.go("settings/" + path)
            self.press("Test now")
            self.browser.wait(said + ".startsWith('It has arrived.')")
            for language, button, changed, words in (
                    ("de", "Jetzt testen", {"password": "wrong"}, "Der Server lehnt Benutzer oder Passwort ab. (535"),
                    ("fr", "Tester maintenant", {"security": "tls"}, "Le certificat de la CA manque."),
                    ("en", "Test now", {"security": "none", "port": free_port()}, "Nobody answers at that address and port."),
                    ("de", "Jetzt testen", {"host": "no.such.host.invalid"}, "Der Name des Servers ist nicht bekannt.")):
                self.choose(language)
                self.change_all({"%s.%s" % (area, name): value for name, value in changed.items()})
                self.go("settings")
                self.go("settings/" + path)
                self.press(button)
                self.browser.wait("%s.startsWith(%s)" % (said, json.dumps(words)))
        self.choose("en")
        self.browser.may_fail.append("/api/v1/publication/test")
        self.change_all({"publication.method": "off", "fault_mail.on": False})
        self.go("settings/publication")
        self.press("Test now")
        self.browser.wait(said + " === 'It is switched off: switch it on and apply first.'")
        self.assertEqual(len(list(mails.iterdir())), 2)

    def test_pins_and_tokens_are_made_shown_once_and_taken_away(self):
        browser = self.browser
        self.see(360, 740)
        self.go("access")
        browser.click("[aria-label='Set: Guests’ PIN']")
        browser.wait("document.querySelector('dialog[open] [name=guest_pin]') !== null")
        self.put("guest_pin", "12")
        browser.click("dialog[open] [type=submit]")
        error = "document.querySelector('dialog [data-field=guest_pin] .error').textContent"
        self.assertEqual(browser.value(error), "4 to 8 digits.")
        self.put("guest_pin", "4711")
        browser.click("dialog[open] [type=submit]")
        browser.wait("document.querySelector(\"[aria-label='Remove: Guests’ PIN']\") !== null")
        self.press("New token")
        browser.wait("document.querySelector('dialog[open] [name=scope]') !== null")
        self.fill(name="house", scope=json.dumps("read"))
        browser.click("dialog[open] [type=submit]")
        browser.wait("document.querySelector('dialog[open] li')?.textContent.startsWith('m3_') ?? false")
        token = browser.value("document.querySelector('dialog[open] li').textContent")
        status = ("fetch('api/v1/settings', {credentials: 'omit', headers: {Authorization: 'Bearer %s'}}).then(one => one.status)"
                  % token)
        self.assertEqual(browser.value(status), 200)
        self.press("Close")
        browser.click("[aria-label='Delete: house']")
        browser.wait("document.querySelector('dialog[open]') !== null")
        self.press("Delete")
        browser.wait("document.querySelector(\"[aria-label='Delete: house']\") === null")
        browser.may_fail.append("/api/v1/settings")
        self.assertIn(browser.value(status), (401, 403))

    def test_what_is_not_applied_is_not_lost_by_a_slip(self):
        self.see()
        self.go("settings/charging")
        self.put("charging.max_current_a", "20")
        self.browser.value("location.hash = '#/help'")
        self.browser.wait("document.querySelector('dialog[open]') !== null")
        self.press("Cancel")
        self.browser.wait("document.querySelector('dialog') === null")
        self.assertEqual(self.browser.value("[location.hash, document.querySelector('[name=\"charging.max_current_a\"]').value]"),
                         ["#/settings/charging", "20"])
        self.browser.value("location.hash = '#/help'")
        self.browser.wait("document.querySelector('dialog[open]') !== null")
        self.press("Discard")
        self.browser.wait("document.body.dataset.view === 'help'")

    def test_keys_alone_reach_the_content_a_window_holds_them_and_gives_them_back(self):
        browser = self.browser
        self.see()
        browser.key("Tab", 9)
        self.assertEqual(browser.value("document.activeElement.className"), "skip")
        browser.key("Enter", 13)
        self.assertEqual(browser.value("document.activeElement.id"), "main")
        browser.value("document.getElementById('account').focus()")
        browser.key("Enter", 13)
        browser.wait("document.querySelector('dialog[open]')?.contains(document.activeElement) ?? false")
        for _ in range(8):
            browser.key("Tab", 9)
            self.assertTrue(browser.value("document.activeElement === document.body"
                                          " || document.querySelector('dialog').contains(document.activeElement)"))
        browser.key("Escape", 27)
        browser.wait("document.querySelector('dialog') === null")
        self.assertEqual(browser.value("document.activeElement.id"), "account")
        self.go("diagnostics")
        self.assertEqual(browser.value("document.activeElement.tagName"), "H1")


def other_value(row):
    """A value that the setting does not have now; None where none is tried."""
    key = row["key"]
    if any(key.startswith(one) for one in NOT_TRIED):
        return None
    if row["type"] == "bool":
        return not row["value"]
    if row["type"] == "choice":
        return next((one for one in row["choices"] if one != row["value"]), None)
    if row["type"] == "int":
        return row["max"] if row["value"] != row["max"] else row["min"]
    if key == "time.zone":
        return "CET-1CEST,M3.5.0,M10.5.0/3"
    words = next((text for start, text in TEXTS.items() if key.startswith(start)), "Test")
    return words if words != row["value"] else None


def shown(row, value):
    """As the field has it."""
    if row["type"] == "bool":
        return value
    if row["type"] == "choice" or row["key"] in ("time.zone", "meter.type"):
        return json.dumps(value)
    if row["type"] == "int":
        divisor = {"mA": 1000, "0.01 ct/kWh": 100}.get(row["unit"], 1)
        return ("%f" % (value / divisor)).rstrip("0").rstrip(".")
    return value


if __name__ == "__main__":
    unittest.main()
