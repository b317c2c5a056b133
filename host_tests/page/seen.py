"""What tests of the page look for in a browser, and the two ways in which they use one."""
import json
import unittest

from host_tests.page.browser import Browser, NoBrowser, find_browser
from host_tests.page.twin import PICTURES, Twin

SHOWN = "!window.old && document.getElementById('state') !== null && !document.body.classList.contains('empty')"
# Of each text that is seen: how much it differs from what lies behind it (WCAG 2), where that is less than 4.5.
CONTRAST = """(() => {
    const read = colour => { const n = colour.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
    const over = ([r, g, b, a], under) => [r, g, b].map((one, n) => one * a + under[n] * (1 - a));
    const light = rgb => { const [r, g, b] = rgb.map(one => (one /= 255) <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = one => {
        if (!one) return [[255, 255, 255]];
        const style = getComputedStyle(one), stops = style.backgroundImage.match(/rgba?\\([^)]+\\)/g);
        if (stops) return stops.map(stop => read(stop).slice(0, 3));
        const own = read(style.backgroundColor);
        return own[3] === 1 ? [own.slice(0, 3)] : behind(one.parentElement).map(under => over(own, under));
    };
    const found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const one = texts.currentNode.parentElement, words = texts.currentNode.data.trim();
        if (!words || !one.checkVisibility({visibilityProperty: true}) || one.closest('.hidden, option, noscript')) continue;
        const ink = one instanceof SVGElement ? getComputedStyle(one).fill : getComputedStyle(one).color;
        for (const under of behind(one)) {
            const [dim, bright] = [light(over(read(ink), under)), light(under)].sort((a, b) => a - b);
            const ratio = (bright + 0.05) / (dim + 0.05);
            if (ratio < 4.5) found.push(`${words.slice(0, 30)}: ${ratio.toFixed(2)}`);
        }
    }
    return found;
})()"""
CUT_OFF = """[...document.querySelectorAll('button, h1, h2, h3, p, dd, dt, label, li, pre')].filter(one => one.clientWidth
    && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'visible' && !one.classList.contains('unseen'))
    .map(one => one.id || one.textContent.slice(0, 40))"""
ADMIN = "fetch('api/v1/session').then(answer => answer.json()).then(found => found.role === 'admin')"
LOG_IN = """fetch('api/v1/login', {method: 'POST', body: JSON.stringify({user: 'admin', password: '%s'})})
    .then(answer => answer.status)"""
READY = """document.body !== null && !document.body.classList.contains('empty')
    && document.getElementById('menu')?.children.length > 1
    && (document.body.dataset.view === 'overview' || !document.getElementById('view')?.hasAttribute('aria-busy')
        && document.querySelector('#view .body') !== null)"""

def need_browser():
    """For setUpModule(): the module's tests are skipped where there is no Chromium."""
    try:
        find_browser()
    except NoBrowser as error:
        raise unittest.SkipTest(str(error)) from None
    PICTURES.mkdir(parents=True, exist_ok=True)


class Seen(unittest.TestCase):
    """What both kinds of visit need. A subclass gives self.url; the browser is one for all."""

    browser = None

    def tearDown(self):
        self.assertEqual(self.browser.errors, [])
        self.assertEqual([one for one in self.browser.requests if not one.startswith(self.url)], [])

    def see(self, width=1280, height=900, dark=False, language="en"):
        self.browser.show(width, height, dark, language, still=True)
        self.browser.value("window.old = true")
        self.browser.open(self.url)
        self.browser.wait(SHOWN)

    def words(self, identity):
        return self.browser.value("document.getElementById(%s).textContent" % json.dumps(identity)).replace("\u202f", " ")

    def until(self, identity, words):
        """Wait until an element says the words; spaces that do not break are as good as others."""
        asked = (json.dumps(identity), json.dumps(words))
        self.browser.wait("document.getElementById(%s).textContent.replaceAll('\u202f', ' ').includes(%s)" % asked)


class Visit(unittest.TestCase):
    """A browser before a twin. A subclass says with which options the twin begins."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.twin = Twin(*cls.options)
        cls.addClassCleanup(cls.twin.close)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)
        cls.url = cls.twin.charger

    def tearDown(self):
        self.assertEqual(self.browser.errors, [])
        self.assertEqual([one for one in self.browser.requests if not one.startswith((self.url, "blob:", "data:"))], [])

    def see(self, width=1280, height=900, dark=False, language="en"):
        self.browser.show(width, height, dark, language, still=True)
        self.browser.value("window.old = true; try { localStorage.removeItem('language') } catch {}")
        self.browser.open(self.url)
        self.browser.wait("!window.old && " + READY)

    def go(self, view):
        """Open a view by its address, as a link does."""
        browser = self.browser
        browser.value("document.querySelector('#view .body')?.remove(); location.hash = %s" % json.dumps("#/" + view))
        browser.wait("document.body.dataset.view === %s && %s" % (json.dumps(view.split("/")[0] or "overview"), READY))

    def fill(self, **values):
        """Put values into the fields of these names, as somebody who types or chooses."""
        for name, value in values.items():
            self.put(name, value)

    def put(self, name, value):
        self.browser.value("""(() => {
            const one = document.querySelector('dialog[open] [name="%s"]') ?? document.querySelector('[name="%s"]');
            if (one.type === 'checkbox') one.checked = %s; else one.value = %s;
            for (const kind of ['input', 'change']) one.dispatchEvent(new Event(kind, {bubbles: true})); })()"""
                           % (name, name, json.dumps(value), json.dumps(value)))

    def press(self, words):
        """Press the button with these words, in the open window where there is one."""
        self.browser.wait("""(() => { const place = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
            const one = [...place.querySelectorAll('button')].find(one => one.checkVisibility() && one.textContent === %s);
            one?.click(); return Boolean(one); })()""" % json.dumps(words))

    def log_in(self, user, password):
        self.browser.click("#account")
        self.browser.wait("document.querySelector('dialog[open] [name=password]') !== null")
        self.fill(user=json.dumps(user), password=password)
        self.browser.click("dialog[open] [type=submit]")

    def logged_in(self, role):
        self.browser.wait("document.body.dataset.role === %s && document.querySelector('dialog') === null" % json.dumps(role))

    def ask(self, path):
        return self.browser.value("fetch('api/v1/%s').then(answer => answer.json())" % path)
