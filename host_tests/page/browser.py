"""A headless Chromium, spoken to over its debugging pipe with the standard library alone."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from host_tests.programs import program

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
         "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe")
PATIENCE_S = 60             # real time: nothing is slower than a busy machine
LEFT = ("navigated or closed", "context was destroyed", "Cannot find context")      # what Chromium says when a page has gone


class NoBrowser(Exception):
    """There is no Chromium here."""


def find_browser():
    """Path of a Chromium: $CHROMIUM, or one where packages put it; raises NoBrowser."""
    named = os.environ.get("CHROMIUM")
    path = program(*((named,) if named else ()), *NAMES)
    if path:
        return path
    raise NoBrowser("no Chromium found; looked for %s and $CHROMIUM" % ", ".join(NAMES))


class Browser:
    """One browser with one page. errors: what the page's console and scripts complained about."""

    def __init__(self):
        self._folder = tempfile.mkdtemp()
        to_read, self._to = os.pipe()
        self._from, from_write = os.pipe()

        def place_pipes():
            # Chromium wants them as 3 and 4; by way of high numbers, so that none overwrites the other.
            high_in, high_out = os.dup2(to_read, 60), os.dup2(from_write, 61)
            os.dup2(high_in, 3)
            os.dup2(high_out, 4)

        self._process = subprocess.Popen(
            (find_browser(),) + OPTIONS + ("--user-data-dir=" + self._folder, "about:blank"), preexec_fn=place_pipes,
            close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self._text = b""
        self._number = 0
        self._session = None
        self.errors = []
        self.requests = []
        self.may_fail = ["/api/v1/session", "/api/v1/curve"]      # not behind the examples; parts of addresses that may be refused
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self._call(domain + ".enable")

    def _receive(self, timeout_s):
        end = time.monotonic() + timeout_s
        while b"\0" not in self._text:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._from], [], [], left)[0]:
                return None
            data = os.read(self._from, 1 << 16)
            if not data:
                raise NoBrowser("Chromium has ended")
            self._text += data
        message, _, self._text = self._text.partition(b"\0")
        message = json.loads(message)
        self._note(message)
        return message

    def _note(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error" and not self._expected(params["entry"]):
            self.errors.append("%s (%s)" % (params["entry"]["text"], params["entry"].get("url")))
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def _expected(self, entry):
        """The browser writes every refused request into its console; a test says which ones it means."""
        return any(part in entry.get("url", "") for part in self.may_fail)

    def _call(self, method, **params):
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive(PATIENCE_S)
            if answer is None:
                raise TimeoutError(method)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]

    def show(self, width, height, dark=False, language="en", still=False):
        """Set the window (CSS pixels), the colour scheme, the browser's language, and whether the reader wants no motion."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self._call("Emulation.setEmulatedMedia",
                   features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                             {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}])
        agent = self._call("Runtime.evaluate", expression="navigator.userAgent")["result"]["value"]
        self._call("Network.setUserAgentOverride", userAgent=agent, acceptLanguage=language)

    def open(self, url):
        """Load a page; errors and requests begin anew."""
        self.errors.clear()
        self.requests.clear()
        self._call("Page.navigate", url=url)

    def value(self, expression):
        """What a JavaScript expression gives."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description"))
        return answer["result"].get("value")

    def wait(self, expression):
        """Wait until a JavaScript expression is true; a page that goes away meanwhile is none in which it is."""
        end = time.monotonic() + PATIENCE_S
        while not self._is(expression):
            if time.monotonic() > end:
                raise TimeoutError("%s; errors: %s" % (expression, self.errors))
            self._receive(0.05)

    def _is(self, expression):
        try:
            return self.value(expression)
        except RuntimeError as error:
            if any(words in str(error) for words in LEFT):
                return False
            raise

    def drawn_anew(self):
        """Wait until the page has laid itself out, and drawn what it draws then."""
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))")

    def middle(self, selector):
        """Where an element is in the window, scrolled into it: (x, y) in CSS pixels."""
        return tuple(self.value(
            "(() => { const one = document.querySelector(%s); one.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const box = one.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()"
            % json.dumps(selector)))

    def click(self, selector):
        """Press and let go the mouse in the middle of an element."""
        self.drag(self.middle(selector))

    def drag(self, start, *ways):
        """Press the mouse at a point, go over other points, let go."""
        self._mouse("mouseMoved", start)
        self._mouse("mousePressed", start)
        end = start
        for end in ways:
            self._mouse("mouseMoved", end)
        self._mouse("mouseReleased", end)

    def offline(self, on):
        """Take the network away, or give it back."""
        self._call("Network.emulateNetworkConditions", offline=on, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def _mouse(self, kind, point):
        button = {"button": "left", "clickCount": 1} if kind != "mouseMoved" else {"button": "left"}
        self._call("Input.dispatchMouseEvent", type=kind, x=point[0], y=point[1], **button)

    def key(self, name, code):
        """Press and let go a key, for example ("Tab", 9)."""
        text = {"text": "\r"} if name == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code,
                       **(text if kind == "keyDown" else {}))

    def names(self):
        """[(role, name)] of the page as a screen reader meets it."""
        nodes = self._call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node["name"]["value"]) for node in nodes
                if not node["ignored"] and node.get("name", {}).get("value")]

    def picture(self, path, whole=False):
        """Write a PNG of the window, or of the whole page."""
        more = {}
        if whole:
            size = self._call("Page.getLayoutMetrics")["cssContentSize"]
            more = {"captureBeyondViewport": True,
                    "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
        data = self._call("Page.captureScreenshot", format="png", **more)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        """End the browser."""
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()
