"""The page's files over HTTP: packed where they are packed, never anything outside the folder."""
import os
import unittest

from firmware.services.web.roles import PUBLIC
from firmware.services.web.static import StaticFiles
from host_tests.services.web.harness import Server, run

_FILES = {"index.html": b"<p>" + b"x" * 5000, "main.js": b"1", "main.js.gz": b"packed", "only.css.gz": b"packed css",
          "words/en.json": b"{}", "secret.txt": b"no", ".hidden.js": b"no", "empty.json": b""}


def _folder():
    name = "build/static-%d" % int.from_bytes(os.urandom(3), "little")
    for folder in ("build", name, name + "/words"):
        try:
            os.mkdir(folder)
        except OSError:
            continue
    for path in _FILES:
        with open(name + "/" + path, "wb") as file:
            file.write(_FILES[path])
    return name


def _remove(name):
    for path in _FILES:
        os.remove(name + "/" + path)
    os.rmdir(name + "/words")
    os.rmdir(name)


class Static(unittest.TestCase):
    def setUp(self):
        self.folder = _folder()

    def tearDown(self):
        _remove(self.folder)

    def _server(self):
        return Server(rows=(("GET", "/p/*", PUBLIC, StaticFiles(self.folder, "1.0").handle, 0),))

    def test_files_arrive_whole_with_type_length_and_guard_headers(self):
        async def main():
            async with self._server() as server:
                for path, name, kind in (("/p/", "index.html", "text/html; charset=utf-8"),
                                         ("/p/words/en.json", "words/en.json", "application/json"),
                                         ("/p/empty.json", "empty.json", "application/json"),
                                         ("/p/main.js", "main.js", "text/javascript; charset=utf-8")):
                    with self.subTest(path=path):
                        answer = await server.call("GET", path)
                        self.assertEqual((answer.status, answer.body), (200, _FILES[name]))
                        self.assertEqual(answer.headers["content-length"], str(len(_FILES[name])))
                        self.assertEqual(answer.headers["content-type"], kind)
                        self.assertEqual(answer.headers["cache-control"], "no-cache")
                        self.assertIn("script-src 'self'", answer.headers["content-security-policy"])
                        self.assertNotIn("unsafe", answer.headers["content-security-policy"])
        run(main())

    def test_a_packed_file_goes_first_to_who_can_unpack_it(self):
        async def main():
            async with self._server() as server:
                answer = await server.call("GET", "/p/main.js", headers=(("Accept-Encoding", "gzip, br"),))
                self.assertEqual((answer.body, answer.headers["content-encoding"]), (b"packed", "gzip"))
                answer = await server.call("GET", "/p/main.js")
                self.assertEqual(answer.body, b"1")
                self.assertNotIn("content-encoding", answer.headers)
                answer = await server.call("GET", "/p/only.css")       # there is no other form of it
                self.assertEqual((answer.body, answer.headers["content-encoding"]), (b"packed css", "gzip"))
        run(main())

    def test_an_unchanged_file_is_not_sent_again(self):
        async def main():
            async with self._server() as server:
                tag = (await server.call("GET", "/p/main.js")).headers["etag"]
                again = await server.call("GET", "/p/main.js", headers=(("If-None-Match", tag),))
                self.assertEqual((again.status, again.body), (304, b""))
                packed = await server.call("GET", "/p/main.js", headers=(("If-None-Match", tag), ("Accept-Encoding", "gzip")))
                self.assertEqual((packed.status, packed.body), (200, b"packed"))
                with open(self.folder + "/main.js", "wb") as file:
                    file.write(b"22")
                self.assertEqual((await server.call("GET", "/p/main.js", headers=(("If-None-Match", tag),))).body, b"22")
        run(main())

    def test_nothing_else_can_be_had(self):
        async def main():
            async with self._server() as server:
                for path in ("secret.txt", ".hidden.js", "../settings", "words/../main.js", "%2e%2e/main.js", "//main.js",
                             "words", "words/", "words//en.json", "main.js.gz", "MAIN.JS", "none.js", "./main.js", "a\\b.js"):
                    with self.subTest(path=path):
                        answer = await server.call("GET", "/p/" + path)
                        self.assertEqual((answer.status, answer.json()["error"]["code"]), (404, "not_found"))
                self.assertEqual((await server.call("POST", "/p/main.js")).status, 405)
        run(main())


if __name__ == "__main__":
    unittest.main()
