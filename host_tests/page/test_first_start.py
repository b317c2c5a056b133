# cpython only: drives a Chromium
"""A new charger is set up from a phone: the assistant, from the label's password to a charging car."""
import json

from host_tests.page.seen import READY, Visit, need_browser
from host_tests.page.twin import PICTURES


def setUpModule():
    need_browser()


class FromFirstStart(Visit):
    options = ("--fresh",)

    def test_a_new_charger_is_set_up_and_charges(self):
        browser = self.browser
        self.see(360, 740)
        self.assertEqual(browser.value("document.body.dataset.role"), "public")
        self.assertEqual(browser.value("[...document.querySelectorAll('#menu a')].length"), 2)
        self.log_in("admin", "not-the-label")
        browser.wait("document.querySelector('dialog [data-field=password] .error')?.textContent.length > 5")
        self.fill(password=self.twin.admin_password)
        browser.click("dialog[open] [type=submit]")
        browser.wait("document.querySelector('dialog[open] [name=new]') !== null")
        self.fill(new="too short")
        self.fill(again="too short")
        browser.click("dialog[open] [type=submit]")
        self.assertIn("At least 10", browser.value("document.querySelector('[data-field=new] .error').textContent"))
        self.fill(new="Sonne-2026-Dach")
        self.fill(again="Sonne-2026-Dach")
        browser.click("dialog[open] [type=submit]")
        self.logged_in("admin")
        browser.wait("document.body.dataset.view === 'wizard' && " + READY)
        self.put("general.country", json.dumps("DE"))
        self.put("station.name", "Garage")
        self.press("Next")
        self.at_step("Time")
        self.put("time.zone", json.dumps("CET-1CEST,M3.5.0,M10.5.0/3"))
        self.press("Next")
        self.at_step("Installation")
        self.put("installation.fuse_a", "70")
        self.press("Next")
        browser.wait("document.querySelector('[data-field=\"installation.fuse_a\"] [aria-invalid]') !== null")
        self.put("installation.fuse_a", "16")
        self.press("Next")
        self.at_step("Network")
        self.see(360, 740)                      # the browser is closed and opened: the set-up goes on where it was left
        browser.wait("document.querySelector('#news a[href=\"#/wizard\"]') !== null")
        browser.click("#news a")
        self.at_step("Network")
        self.join("home", "kirschbaum")
        self.press("Next")
        self.at_step("Access")
        self.press("Next")
        self.at_step("Other systems")
        self.press("Skip")
        self.at_step("Summary")
        self.assertIn("Germany", browser.value("document.querySelector('#view .body').textContent"))
        browser.picture(PICTURES / "view-wizard-summary-360.png", whole=True)
        self.press("Finish")
        browser.wait("document.body.dataset.view === 'overview' && document.getElementById('news').hidden")
        settings = self.ask("settings")
        keys = ("installation.fuse_a", "general.country", "general.setup_done", "station.name")
        self.assertEqual([settings[key] for key in keys], [16, "DE", True, "Garage"])
        self.twin.post("ev", plugged=True)
        browser.wait("document.getElementById('state').textContent === 'Charging'")
        browser.wait("document.querySelector('[data-fact=offered]').textContent.startsWith('16')")
        self.browser.may_fail.append("/api/v1/login")        # the wrong password above

        self.reset()

    def join(self, ssid, key):
        """Into the home network: a wrong key is told, the right one leads in."""
        browser = self.browser
        self.twin.post("ap", ssid=ssid, key=key, rssi_dbm=-55)
        self.press("Look for networks")
        browser.wait("document.querySelector(\"[aria-label='Connect: %s']\") !== null" % ssid)
        browser.picture(PICTURES / "view-wizard-network-360.png", whole=True)
        browser.click("[aria-label='Connect: %s']" % ssid)
        browser.wait("document.querySelector('dialog[open] [name=key]') !== null")
        self.put("key", "short")
        browser.may_fail.append("/api/v1/network/known")
        browser.click("dialog[open] [type=submit]")
        browser.wait("document.querySelector('dialog [data-field=key] .error').textContent.includes('8 to 63')")
        self.put("key", key)
        browser.click("dialog[open] [type=submit]")
        browser.wait("document.querySelector('#view .body').innerText.includes('Reached by Wi-Fi at')")

    def reset(self):
        """Back to what the label says, without a backup; then the set-up begins anew."""
        browser = self.browser
        browser.may_fail.append("api/v1/")          # while it restarts
        self.twin.post("ev", plugged=False)
        browser.wait("document.getElementById('state').textContent === 'No vehicle'")
        self.go("system")
        self.press("Reset")
        self.press("Without a backup")
        browser.wait("document.querySelector('dialog[open] [name=sure]') !== null")
        self.assertIn("all settings", browser.value("document.querySelector('dialog[open]').innerText"))
        browser.picture(PICTURES / "view-reset-360.png")
        self.put("sure", "no")
        browser.click("dialog[open] [type=submit]")
        browser.wait("document.querySelector('dialog [data-field=sure] .error').textContent.length > 5")
        self.put("sure", "reset")
        browser.click("dialog[open] [type=submit]")
        self.twin.wait("the restart", lambda seen: seen["charger"] and seen["charger"]["station_name"] is None)
        self.see(360, 740)
        self.assertEqual(browser.value("document.body.dataset.role"), "public")
        self.log_in("admin", self.twin.admin_password)       # the label's again
        browser.wait("document.querySelector('dialog[open] [name=new]') !== null")

    def at_step(self, title):
        self.browser.wait("document.querySelector('#view h2.title')?.textContent === %s && %s" % (json.dumps(title), READY))
