"""The page's files over HTTP: packed where they are packed, never anything outside the folder."""
import binascii
import os
import struct
import unittest

from firmware.services.web.roles import PUBLIC
from firmware.services.web.static import StaticFiles
from host_tests.services.web.harness import Server, run

_FILES = {"index.html": b"<p>" + b"x" * 5000, "main.js": b"1", "words/en.json": b"{}", "secret.txt": b"no", ".hidden.js": b"no",
          "empty.json": b""}
_PACKED = {"main.js": b"packed", "only.css": b"packed css " * 300, "words/only.json": b"last", "secret.txt": b"no", "empty.js": b""}


def _pack():
    """page.pack of _PACKED, in the order in which they stand; tools/build/page.py has the format and is not for the VM."""
    at, index, content = 8 + 16 * len(_PACKED), b"", b""
    for name in sorted(_PACKED):
        data = _PACKED[name]
        index += struct.pack("<IIII", binascii.crc32(name.encode()), at, len(data), binascii.crc32(data))
        content += data
        at += len(data)
    return b"M3PK" + struct.pack("<I", len(_PACKED)) + index + content


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
    _write(name + ".pack", _pack())
    return name


def _write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def _remove(name):
    for path in _FILES:
        os.remove(name + "/" + path)
    os.remove(name + ".pack")
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
                self.assertEqual((answer.body, answer.headers["content-encoding"]), (_PACKED["only.css"], "gzip"))
                answer = await server.call("GET", "/p/words/only.json")
                self.assertEqual((answer.body, answer.headers["content-length"]), (b"last", "4"))
                answer = await server.call("GET", "/p/empty.js")
                self.assertEqual((answer.status, answer.body), (200, b""))
                answer = await server.call("HEAD", "/p/only.css")
                self.assertEqual((answer.body, answer.headers["content-length"]), (b"", str(len(_PACKED["only.css"]))))
        run(main())

    def test_a_packed_page_that_is_none_hides_no_source(self):
        async def main():
            async with self._server() as server:
                for pack in (b"", b"M3PK", b"M3PK\x05\0\0\0", b"M3PX" + _pack()[4:], b"M3PK\xff\xff\xff\xff" + _pack()[8:],
                             _pack()[:17]):
                    with self.subTest(pack=pack[:12]):
                        _write(self.folder + ".pack", pack)
                        answer = await server.call("GET", "/p/main.js", headers=(("Accept-Encoding", "gzip"),))
                        self.assertEqual((answer.status, answer.body), (200, b"1"))
                        self.assertEqual((await server.call("GET", "/p/only.css")).status, 404)
        run(main())

    def test_a_file_of_which_the_packed_page_lacks_the_end_is_not_begun(self):
        async def main():
            async with self._server() as server:
                _write(self.folder + ".pack", _pack()[:-1])            # "words/only.json" is the last, and now "las"
                answer = await server.call("GET", "/p/words/only.json", headers=(("Accept-Encoding", "gzip"),))
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (404, "not_found"))
                answer = await server.call("GET", "/p/only.css", headers=(("Accept-Encoding", "gzip"),))
                self.assertEqual((answer.status, answer.body), (200, _PACKED["only.css"]))
                _write(self.folder + ".pack", _pack()[:8 + 16 * len(_PACKED)])
                answer = await server.call("GET", "/p/main.js", headers=(("Accept-Encoding", "gzip"),))
                self.assertEqual((answer.status, answer.body), (200, b"1"))       # it lies there plain, too
        run(main())

    def test_a_packed_file_is_asked_for_again_when_its_content_has_changed_and_only_then(self):
        async def main():
            async with self._server() as server:
                tag = (await server.call("GET", "/p/only.css")).headers["etag"]
                _write(self.folder + ".pack", _pack().replace(b"last", b"past"))
                self.assertEqual((await server.call("GET", "/p/only.css", headers=(("If-None-Match", tag),))).status, 304)
                changed = _PACKED["only.css"].replace(b"p", b"q")
                new = _pack().replace(_PACKED["only.css"], changed)
                crc, crc_changed = [struct.pack("<I", binascii.crc32(data)) for data in (_PACKED["only.css"], changed)]
                new = new.replace(crc, crc_changed)
                _write(self.folder + ".pack", new)
                answer = await server.call("GET", "/p/only.css", headers=(("If-None-Match", tag),))
                self.assertEqual((answer.status, answer.body), (200, changed))
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
