# cpython only: a real HTTP proxy from the standard library stands in the way
"""What is fetched from far goes through the owner's proxy with his name; what is near, and what needs none, does not."""
import base64
import http.server
import threading
import unittest

from firmware.services import http_client
from firmware.services.way_out import WayOut
from host_tests.services.web.harness import run


class Handler(http.server.BaseHTTPRequestHandler):
    """As a proxy it is asked for whole URLs, as a server for paths; it wants ann's password for the former."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Host"), self.headers.get("Proxy-Authorization")))
        word = "Basic " + base64.b64encode(b"ann:s3cret").decode()
        good = not self.path.startswith("http://") or self.headers.get("Proxy-Authorization") == word
        body = b"far away" if good else b""
        self.send_response(200 if good else 407)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Inline:
    """A pool that runs things in place."""

    async def to_thread(self, fn, *args):
        return fn(*args)


class WayOutTest(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.asked = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.place = "127.0.0.1:%d" % self.server.server_address[1]

    def fetch(self, url, **settings):
        way = WayOut(Inline())
        values = {"network.proxy": "", "network.proxy_user": "", "network.proxy_password": ""}
        values.update({"network." + name: value for name, value in settings.items()})
        way.apply(values.get)
        got = []

        async def main():
            answer = await http_client.get(url, way)
            got.append(await answer.read())
            answer.close()
        run(main())
        return got[0]

    def test_a_far_server_is_reached_through_the_proxy(self):
        body = self.fetch("http://updates.example.org:8000/a?b=c", proxy=self.place, proxy_user="ann", proxy_password="s3cret")
        self.assertEqual(body, b"far away")
        path, host, word = self.server.asked[0]
        self.assertEqual((path, host), ("http://updates.example.org:8000/a?b=c", "updates.example.org:8000"))

    def test_a_wrong_password_is_an_http_status(self):
        with self.assertRaises(http_client.HttpFailure) as caught:
            self.fetch("http://updates.example.org/a", proxy=self.place, proxy_user="ann", proxy_password="wrong")
        self.assertEqual((caught.exception.code, caught.exception.detail), ("http_status", "407"))

    def test_what_is_near_is_asked_directly_and_never_hears_the_password(self):
        self.fetch("http://%s/near" % self.place, proxy="proxy.example:3128", proxy_user="ann", proxy_password="s3cret")
        self.assertEqual(self.server.asked, [("/near", self.place, None)])


if __name__ == "__main__":
    unittest.main()
