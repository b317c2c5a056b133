# cpython only: drives a Chromium
"""What an owner, a stranger and a guest see of the page, and what they may do."""
import json

from host_tests.page.seen import READY, Visit, need_browser


def setUpModule():
    need_browser()


class Owner(Visit):
    def test_an_owner_sees_the_installers_settings_and_may_not_change_them_and_is_logged_out_when_idle(self):
        browser = self.browser
        self.see(360, 740)
        browser.value("location.hash = '#/settings'")            # a stranger is asked who he is
        browser.wait("document.querySelector('dialog[open] [name=password]') !== null")
        self.fill(user=json.dumps("user"), password=self.twin.user_password)
        browser.click("dialog[open] [type=submit]")
        self.logged_in("control")
        browser.wait("document.querySelector('.tiles a') !== null")
        self.go("settings/installation")
        open_fields = "[...document.querySelectorAll('form.settings [name]')].filter(one => !one.disabled && !one.readOnly).length"
        self.assertEqual(browser.value(open_fields), 0)
        self.go("settings/charging")
        self.assertTrue(browser.value("!document.querySelector('[name=\"charging.max_current_a\"]').readOnly"))
        self.go("system")
        self.assertNotIn("Factory reset", browser.value("document.getElementById('view').innerText"))
        browser.value("fetch('api/v1/session').then(answer => answer.json()).then(({csrf}) => fetch('api/v1/logout',"
                      " {method: 'POST', headers: {'X-CSRF-Token': csrf}, body: '{}'}))")         # as the charger does by itself
        browser.value("(() => { const now = Date.now; Date.now = () => now() + 26 * 60000;"
                      " document.dispatchEvent(new Event('visibilitychange')); })()")
        browser.wait("document.getElementById('notices').textContent.includes('25 minutes')")
        browser.wait("document.body.dataset.role === 'public'")


class Locked(Visit):
    def test_where_strangers_may_not_even_look_the_page_asks_who_they_are(self):
        browser = self.browser
        browser.may_fail += ["/api/v1/status", "/api/v1/stream"]
        self.see()
        self.log_in("admin", self.twin.admin_password)
        self.logged_in("admin")
        browser.value("import('./api.js').then(({api}) => api('PUT', 'settings', {'status.public': false}))")
        browser.click("#account")
        self.press("Log out")
        browser.wait("document.querySelector('dialog[open] [name=password]') !== null")
        browser.value("window.old = true")
        browser.open(self.url)
        browser.wait("!window.old && document.querySelector('dialog[open] [name=password]') !== null")
        self.assertIn("log in", self.browser.value("document.getElementById('lost').textContent"))
        self.fill(user=json.dumps("user"), password=self.twin.user_password)
        browser.click("dialog[open] [type=submit]")
        self.logged_in("control")
        browser.wait(READY + " && document.getElementById('lost').hidden")


class Guest(Visit):
    def test_a_guest_starts_and_stops_with_a_pin_and_nothing_else(self):
        browser = self.browser
        browser.may_fail += ["/api/v1/commands/", "/api/v1/pin"]
        self.see(360, 740)
        self.log_in("user", self.twin.user_password)
        self.logged_in("control")
        browser.value("import('./api.js').then(async ({api}) => { await api('PUT', 'pins', {guest_pin: '4711'});"
                      " await api('PUT', 'settings', {'access.pin': true}); })")
        browser.click("#account")
        self.press("Log out")
        self.logged_in("public")
        self.twin.post("ev", plugged=True)
        self.command("authorize", "Charge with a PIN")
        self.put("pin", "1234")
        browser.click("dialog[open] [type=submit]")
        browser.wait("document.querySelector('dialog [data-field=pin] .error').textContent === 'The PIN is wrong.'"
                     " || document.querySelector('dialog .error[role=alert]').textContent === 'The PIN is wrong.'")
        self.twin.post("time", speed=20)
        browser.value("new Promise(done => setTimeout(done, 1500))")         # a wrong guess makes the next one wait
        self.twin.post("time", speed=1)
        self.put("pin", "4711")
        browser.click("dialog[open] [type=submit]")
        browser.wait("document.getElementById('state').textContent === 'Charging'")
        self.assertEqual(browser.value("document.body.dataset.role"), "public")
        self.command("stop", "Stop with a PIN")
        self.put("pin", "4711")
        browser.click("dialog[open] [type=submit]")
        browser.wait("document.getElementById('state').textContent === 'Paused'")

    def command(self, name, way):
        """Press a button that asks who one is, and choose the PIN."""
        self.browser.wait("document.querySelector('#buttons [data-command=%s]') !== null" % name)
        self.browser.click("#buttons [data-command=%s]" % name)
        self.browser.wait("document.querySelector('dialog[open] [name=password]') !== null")
        self.press(way)
        self.browser.wait("document.querySelector('dialog[open] [name=pin]') !== null")
