"""The whole firmware as it ships (.mpy in slots, 32-bit VM, real time) updates itself from a real file server."""
import http.client
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from host_tests.ota_powercut.site import Site, free_port
from tools.build import keys, release
from tools.setup.vm import vm_command
from tools.twin import slots, vm_build
from tools.twin.provision import ACCESS
from tools.twin.vm_runner import VmTwin

HEAP_KB = 4096
WAIT_S = 90
POLL_S = 0.02


class Failed(Exception):
    """The charger did not do what was expected; the text says what."""


class _Story:
    def __init__(self, place):
        self.place = Path(place)
        self.port = free_port()
        self.headers = {}
        self.events = []
        self.resets = []

    def prepare(self):
        """Two releases that differ in their version, a charger with the first, a server with the second."""
        moduli = (keys.make(self.place / "key.pem"),)
        old, new = (release.application(version, moduli) for version in ("1.0.0", "1.1.0"))
        for name in ("site", "nginx", "build"):
            (self.place / name).mkdir()
        text = release.manifest_text(new, "1.1.0", "2026-11-20", notes="Better.")
        release.write(self.place / "site", new, release.signed(text, self.place / "key.pem"), "1.1.0")
        vm_build.build(self.place / "build")
        (self.place / "build" / "image.romfs").unlink()          # it shall run from its slots
        self.twin = VmTwin(self.place / "flash", self.port, vm_command(HEAP_KB), build=self.place / "build", event=self._told)
        slots.put(self.place / "flash", old)
        return old, new

    def _told(self, text):
        self.events.append(text)
        self.resets.append(time.monotonic())

    def call(self, method, path, body=None):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            client.request(method, path, None if body is None else json.dumps(body), self.headers)
            answer = client.getresponse()
            return answer.status, answer.read(), answer.getheader("Set-Cookie")
        except (OSError, http.client.HTTPException):
            return 0, b"{}", None
        finally:
            client.close()

    def wait(self, ready, what):
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            found = ready()
            if found:
                return found
            time.sleep(POLL_S)
        raise Failed("no %s: %s, %s" % (what, self.events, self.call("GET", "/api/v1/update")))

    def log_in(self):
        status, body, cookie = self.call("POST", "/api/v1/login", {"user": "admin", "password": ACCESS["admin_password"]})
        if status != 200:
            return False
        self.headers = {"Cookie": cookie.split(";")[0], "X-CSRF-Token": json.loads(body)["csrf"]}
        return True

    def tell(self, url):
        self.wait(self.log_in, "log-in")
        values = {"update.url": url, "update.mode": "off"}
        if self.call("PUT", "/api/v1/settings", values)[0] != 200:
            raise Failed("the settings are refused")
        begun = time.monotonic()
        if self.call("POST", "/api/v1/update/install", {})[0] != 200:
            raise Failed("the press is refused")
        self.headers = {}
        self.wait(lambda: self.resets, "restart")
        self.wait(lambda: self.call("GET", "/")[0] == 200, "page")
        page_s = time.monotonic() - self.resets[0]
        status = self.wait(lambda: self.call("GET", "/api/v1/status")[0] == 200 and self.call("GET", "/api/v1/status"), "status")
        facts = json.loads(status[1])
        if (facts["version"], facts["reset_detail"]) != ("1.1.0", "update 1.1.0"):
            raise Failed("after the update: %s, %s" % (facts["version"], facts["reset_detail"]))
        return {"fetched_and_switched_s": self.resets[0] - begun, "reset_to_page_s": page_s}


def update(server=None):
    """{"fetched_and_switched_s", "reset_to_page_s", "files", "bytes", "asked", "server"}. Failed."""
    told = []
    with tempfile.TemporaryDirectory() as place:
        story = _Story(place)
        old, new = story.prepare()
        with Site(story.place / "site", story.place / "nginx", server=server) as site:
            def run():
                try:
                    told.append(story.tell(site.url))
                except Exception as error:       # raised again below
                    told.append(error)
                story.twin.clock.call(story.twin.end)
            threading.Thread(target=run, daemon=True).start()
            try:
                story.twin.run()
            finally:
                story.twin.close()
            if isinstance(told[0], Exception):
                raise told[0]
            there = {path.relative_to(story.place / "flash/b").as_posix(): path.read_bytes()
                     for path in (story.place / "flash/b").rglob("*") if path.is_file()}
            there.pop("manifest")
            if there != new:
                raise Failed("the slot holds something else: %s" % sorted(set(there) ^ set(new)))
            asked = len(site.asked()) - 1 if site.server == "nginx" else None
            return dict(told[0], files=len(new), bytes=sum(map(len, new.values())), asked=asked, server=site.server)


def report(out=sys.stdout):
    """Prints what update() found."""
    found = update()
    print("as shipped: %(files)d files, %(bytes)d bytes; %(asked)s fetched (%(server)s) in %(fetched_and_switched_s).1f s; "
          "from the reset to the page %(reset_to_page_s).2f s of this host's VM" % found, file=out)


if __name__ == "__main__":
    from tools.twin import cpython
    if not cpython.installations():
        cpython.install()
    report()
