"""Pictures of the page in its states: `python -m host_tests.page.screenshots [--out DIR] [STATE …]`.

Needs a Chromium. Each state is taken on a phone and on a desktop, light and dark; a page that complains in its console, loads
from elsewhere or is wider than the window makes the exit status 1.
"""
import argparse
import sys
from pathlib import Path

from host_tests.page.browser import Browser, NoBrowser

ROOT = Path(__file__).resolve().parents[2]
# What the firmware imports on CPython: fetched libraries, and the device's modules.
sys.path[:0] = [str(ROOT / place) for place in ("lib", "tools/twin/shims", "tools/twin/shims_cpython")]
SIZES = ((320, 800), (360, 800), (1280, 900))
LANGUAGES = {"paused": "de", "fault": "fr", "waiting": "de", "welded": "fr", "warm": "de", "degraded": "fr", "teaching": "de"}
# A session's power as a house and a filling battery make it, put where the page keeps its curve.
CURVE = """localStorage.setItem('curve', JSON.stringify({step: 10, session: {number: 312, start: '2026-11-20T09:30:00Z'},
    points: Array.from({length: 426}, (_, n) => [n * 10, n < 6 ? 0 : n < 120 ? 10853 - n % 9 * 14 : n < 210 ? 4140 + n % 7 * 20
    : Math.round(10853 - Math.max(0, n - 330) * 42), n < 6 ? 0 : 15800, 10]).filter(([s]) => s < 2900 || s > 3050)}));
    Storage.prototype.setItem = () => {}"""     # the page that goes writes no other curve over it


def take(browser, charger, state, width, height, dark, out):
    """One picture; returns what was wrong."""
    language = LANGUAGES.get(state, "en")
    charger.show("idle" if state == "lost" else state)
    browser.show(width, height, dark, language, still=True)
    url = "http://127.0.0.1:%d/" % charger.port
    browser.open(url)
    browser.wait("location.href === '%s' && document.readyState === 'complete'" % url)
    browser.value(CURVE)
    browser.open(url)
    browser.wait("document.readyState == 'complete' && document.body.className !== 'empty'"
                 " && document.getElementById('state')?.textContent.length > 1")
    if width > 600 or state == "bare":
        browser.value("document.getElementById('more').open = true")
        browser.wait("document.getElementById('device').rows.length > 5")
    wrong = ["%s: %s" % (state, error) for error in browser.errors]
    if state == "lost":
        charger.serve(False)
        browser.wait("document.body.classList.contains('stale')")
    browser.picture(out / ("%s-%d-%s.png" % (state, width, "dark" if dark else "light")), whole=True)
    wide = browser.value("document.documentElement.scrollWidth")
    if wide > width:
        wrong.append("%s: %d px wide in a window of %d" % (state, wide, width))
    wrong += ["%s: loads %s" % (state, request) for request in browser.requests if not request.startswith(url)]
    if state == "lost":
        charger.serve(True)
    return wrong


def main(arguments=None):
    from host_tests.page.charger import Charger
    from host_tests.page.examples import CHANGES
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    states = list(CHANGES) + ["lost"]
    parser.add_argument("states", nargs="*", metavar="STATE", help="one of " + " ".join(states))
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screenshots", help="default: build/screenshots")
    parser.add_argument("--page", type=Path, default=ROOT / "firmware" / "page", help="default: the sources")
    parser.add_argument("--port", type=int, default=18480)
    options = parser.parse_args(arguments)
    for state in options.states:
        if state not in states:
            parser.error("unknown state %s; allowed: %s" % (state, " ".join(states)))
    options.out.mkdir(parents=True, exist_ok=True)
    wrong = []
    try:
        with Browser() as browser, Charger(options.page, options.port) as charger:
            for state in options.states or states:
                for width, height in SIZES:
                    for dark in (False, True):
                        wrong += take(browser, charger, state, width, height, dark, options.out)
            wrong += ["%s: %r" % told for told in charger.errors]
    except NoBrowser as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(wrong) if wrong else "pictures are in %s" % options.out)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
