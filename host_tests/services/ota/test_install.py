"""A package comes into the other slot whole or not at all, whatever the server does; what is there already is not fetched."""

import asyncio
import os
import unittest

from firmware.services import http_client
from firmware.services.ota import install, package, slot_files
from firmware.services.ota.manifest import Manifest
from firmware.services.ota.refusal import REASONS, UpdateError
from firmware.storage import files
from host_tests.services.ota.file_server import FileServer, manifest_of, sha
from host_tests.services.web.harness import run

ROOT = "update_of_test/"
OLD = {"firmware/app.py": b"old app", "firmware/same.mpy": bytes(range(256)) * 9, "firmware/gone/away.mpy": b"gone"}
NEW = {"firmware/app.py": b"new app", "firmware/same.mpy": OLD["firmware/same.mpy"],
       "firmware/new/big.mpy": bytes(range(251)) * 100, "lib/empty.mpy": b"", "lib/twin.mpy": b"new app"}
BIG = "objects/" + sha(NEW["firmware/new/big.mpy"])
ticks_ms = [0]


async def inline(fn, *args):
    return fn(*args)


def put(slot, content):
    for path, data in content.items():
        place = ROOT + slot + "/" + path
        files.make_folders(place[:place.rfind("/")])
        with open(place, "wb") as file:
            file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def found_in(slot):
    """{path: bytes} of a slot."""
    return {path: read(ROOT + slot + "/" + path) for path, folder in slot_files.walk(ROOT + slot) if not folder}


def remove_all(folder):
    for path, is_folder in slot_files.walk(folder):
        (os.rmdir if is_folder else os.remove)(folder + "/" + path)


class Case(unittest.TestCase):
    def setUp(self):
        self.waits = http_client.WAIT_MS, http_client.CONNECT_MS
        http_client.WAIT_MS = http_client.CONNECT_MS = 250
        files.make_folders(ROOT + "data")
        put("a", OLD)
        self.may = None
        self.percents = []

    def tearDown(self):
        http_client.WAIT_MS, http_client.CONNECT_MS = self.waits
        remove_all(ROOT[:-1])

    def allowed(self):
        if self.may:
            raise UpdateError(self.may)

    async def into_b(self, source, data=None):
        """Install from the source; what it is said to be is taken on trust."""
        data = manifest_of(NEW) if data is None else data
        with open(ROOT + "data/update_manifest", "wb") as file:
            file.write(data)
        manifest = Manifest()
        manifest.feed(data)
        work = install.Install(ROOT, "a", self.allowed, source, self.percents.append)
        await work.run(ROOT + "data/update_manifest", manifest)
        return work

    def objects(self):
        return dict([("objects/" + sha(data), data) for data in NEW.values()])

    def assert_old_is_whole(self):
        self.assertEqual(found_in("a"), OLD)

    def assert_new_is_whole(self):
        there = found_in("b")
        self.assertEqual(there.pop("manifest"), manifest_of(NEW))
        self.assertEqual(there, NEW)
        self.assertFalse(files.exists(ROOT + "data/update_manifest"))

    def refused(self, code, error):
        self.assertIn(code, [row[0] for row in REASONS])
        self.assertEqual(error.code, code)


class TestInstall(Case):
    def test_only_what_changed_is_fetched_and_what_is_stale_goes(self):
        put("b", {"firmware/app.py": b"older", "firmware/old/very.mpy": b"x", "stray": b"x"})

        async def main():
            async with FileServer(self.objects()) as server:
                work = await self.into_b(package.Server(server.url, inline, lambda: 0))
                self.assertEqual(sorted(set([path for path, _ in server.asked])),
                                 sorted(set(["objects/" + sha(data) for path, data in NEW.items() if path != "firmware/same.mpy"])))
                self.assertEqual(work.copied_bytes, len(NEW["firmware/same.mpy"]))
        run(main())
        self.assert_new_is_whole()
        self.assert_old_is_whole()
        self.assertFalse(files.exists(ROOT + "b/firmware/old"))
        self.assertEqual(self.percents[-1], 100)
        self.assertEqual(self.percents, sorted(self.percents))

    def test_what_the_other_slot_has_already_stays_and_a_damaged_file_does_not(self):
        put("b", NEW)
        put("b", {"firmware/new/big.mpy": NEW["firmware/new/big.mpy"][:-1] + b"!"})

        async def main():
            async with FileServer(self.objects()) as server:
                await self.into_b(package.Server(server.url, inline, lambda: 0))
                self.assertEqual(server.asked, [(BIG, 0)])
        run(main())
        self.assert_new_is_whole()

    def test_a_file_that_broke_off_is_gone_on_with_where_it_ended(self):
        async def main():
            async with FileServer(self.objects()) as server:
                server.how[BIG] = "reset_at:9000"
                with self.assertRaises(UpdateError) as raised:
                    await self.into_b(package.Server(server.url, inline, lambda: 0))
                self.refused("no_answer", raised.exception)
                self.assertTrue(files.exists(ROOT + "b/incomplete"))
                await self.into_b(package.Server(server.url, inline, lambda: 0))
                self.assertEqual([begin for path, begin in server.asked if path == BIG], [0, 9000])
        run(main())
        self.assert_new_is_whole()

    def test_a_server_without_ranges_sends_it_anew_and_a_damaged_part_is_fetched_again(self):
        async def main():
            async with FileServer(self.objects()) as server:
                source = package.Server(server.url, inline, lambda: 0)
                for how in ("no_range", ""):
                    remove_all(ROOT + "b") if files.exists(ROOT + "b") else None
                    server.how[BIG] = "reset_at:9000"
                    with self.assertRaises(UpdateError):
                        await self.into_b(source)
                    if not how:
                        part = ROOT + "b/part-" + sha(NEW["firmware/new/big.mpy"])[:16]
                        damaged = b"!" + read(part)[1:]
                        with open(part, "wb") as file:
                            file.write(damaged)
                    server.how[BIG] = how
                    await self.into_b(source)
                    self.assert_new_is_whole()
        run(main())

    def test_whatever_the_server_does_it_is_named_and_the_next_try_succeeds(self):
        async def main():
            async with FileServer(self.objects()) as server:
                ticks_ms[0] = 0

                def ticking():
                    ticks_ms[0] += self.tick_ms
                    return ticks_ms[0]
                for how, code in (("hang", "no_answer"), ("close", "no_answer"), ("404", "http_status"), ("500", "http_status"),
                                  ("loop", "redirects"), ("redirect:ftp://x/", "bad_address"), ("redirect:", "bad_answer"),
                                  ("longer", "wrong_length"), ("shorter", "wrong_length"), ("chunked", "bad_answer"),
                                  ("flip", "wrong_hash"), ("nonsense", "bad_answer"), ("long_head", "bad_answer"),
                                  ("drip", "no_answer")):
                    self.tick_ms = 9000 if how == "drip" else 0
                    server.how[BIG] = how
                    with self.assertRaises(UpdateError) as raised:
                        await self.into_b(package.Server(server.url, inline, ticking))
                    self.refused(code, raised.exception)
                    self.assertTrue(files.exists(ROOT + "b/incomplete"))
                    server.how.clear()
                self.tick_ms = 0
                server.how[BIG] = "redirect:/moved"
                server.files["moved"] = NEW["firmware/new/big.mpy"]
                await self.into_b(package.Server(server.url, inline, ticking))
        run(main())
        self.assert_new_is_whole()
        self.assert_old_is_whole()

    def test_a_server_without_lengths_is_held_to_the_manifests(self):
        async def main():
            async with FileServer(self.objects()) as server:
                server.how[BIG] = "no_length"
                await self.into_b(package.Server(server.url, inline, lambda: 0))
                self.assert_new_is_whole()
                server.files[BIG] += b"more"
                os.remove(ROOT + "b/firmware/new/big.mpy")
                server.how[BIG] = "no_length"
                with self.assertRaises(UpdateError) as raised:
                    await self.into_b(package.Server(server.url, inline, lambda: 0))
                self.refused("wrong_length", raised.exception)
        run(main())

    def test_nobody_at_the_address(self):
        async def main():
            for url, code in (("http://127.0.0.1:9/", "no_connection"), ("https://x/", "bad_address"),
                              ("http:///x", "bad_address"),
                              ("http://u@h/", "bad_address"),
                              ("http://h:99999/", "bad_address"), ("http://h/\r\nX: y", "bad_address"),
                              ("http://no.such.host.invalid/", "no_name")):
                with self.assertRaises(UpdateError) as raised:
                    await package.Server(url, inline, lambda: 0).manifest()
                self.refused(code, raised.exception)
        run(main())

    def test_a_vehicle_that_comes_stops_it_at_once_and_later_it_goes_on(self):
        async def main():
            async with FileServer(self.objects()) as server:
                source = package.Server(server.url, inline, lambda: 0)
                work = asyncio.create_task(self.into_b(source))
                while not self.percents:
                    await asyncio.sleep_ms(0)
                self.may = "vehicle"
                with self.assertRaises(UpdateError) as raised:
                    await work
                self.refused("vehicle", raised.exception)
                before = found_in("b")
                with self.assertRaises(UpdateError):
                    await self.into_b(source)
                self.assertEqual(found_in("b"), before)
                self.may = None
                await self.into_b(source)
        run(main())
        self.assert_new_is_whole()

    def test_a_vehicle_that_comes_at_any_moment_finds_no_further_write(self):
        """allowed() says no from its n-th question on, for every n: each opening to write has a yes of its own before it."""
        put("b", {"firmware/app.py": b"older", "firmware/old/very.mpy": b"x"})
        asked, stop_at, touched = [0], [0], []

        def allowed():
            asked[0] += 1
            if asked[0] >= stop_at[0]:
                self.may = "vehicle"
            self.allowed()

        def opening(path, mode="r"):
            if mode not in ("r", "rb"):
                touched.append((path, asked[0]))
            return open(path, mode)

        async def main():
            async with FileServer(self.objects()) as server:
                data = manifest_of(NEW)
                manifest = Manifest()
                manifest.feed(data)
                for stop_at[0] in range(2, 60):
                    with open(ROOT + "data/update_manifest", "wb") as file:
                        file.write(data)
                    asked[0], self.may = 0, None
                    del touched[:]
                    source = package.Server(server.url, inline, lambda: 0)
                    work = install.Install(ROOT, "a", allowed, source, self.percents.append)
                    try:
                        await work.run(ROOT + "data/update_manifest", manifest)
                        return
                    except UpdateError:
                        pass
                    # each opening has a question of its own that was answered with yes
                    self.assertEqual(len(set([at for _, at in touched])), len(touched), touched)
                    self.assertNotIn(1, [at for _, at in touched])         # the plan lies between
                self.fail("never done")
        install.open = opening
        try:
            run(main())
        finally:
            del install.open
        self.assert_new_is_whole()

    def test_a_vehicle_that_comes_while_the_manifest_comes_ends_the_writing(self):
        case = self

        class Slow:
            async def manifest(self, keep):
                keep(b"first")
                case.may = "vehicle"
                keep(b"second")

        with self.assertRaises(UpdateError) as raised:
            run(package.fetch(Slow(), None, ROOT, "a", self.allowed, self.percents.append))
        self.refused("vehicle", raised.exception)
        self.assertEqual(read(ROOT + "data/update_manifest"), b"first")

    def test_too_little_room_is_found_before_anything_is_touched(self):
        put("b", {"firmware/app.py": b"older"})
        before, real = found_in("b"), slot_files.free_bytes
        slot_files.free_bytes = lambda root: 60000
        try:
            with self.assertRaises(UpdateError) as raised:
                run(self.into_b(None))
        finally:
            slot_files.free_bytes = real
        self.refused("no_space", raised.exception)
        self.assertEqual(found_in("b"), before)


class TestBundle(Case):
    def bundle(self, content=None, cut=None):
        data = manifest_of(NEW) + b"".join([NEW[path] for path in sorted(NEW)])
        data = data[:cut]
        at = [0]

        async def read():
            at[0] += 700
            return data[at[0] - 700:at[0]]
        return package.Bundle(read)

    async def _load(self, bundle):
        with open(ROOT + "data/update_manifest", "wb") as file:
            await bundle.manifest(file.write)
        data = read(ROOT + "data/update_manifest")
        bundle.begin(ROOT + "data/update_manifest")
        await self.into_b(bundle, data)

    def test_an_uploaded_bundle_is_installed(self):
        run(self._load(self.bundle()))
        self.assert_new_is_whole()

    def test_one_that_ends_too_soon_is_refused_and_the_slot_not_whole(self):
        for cut in (-1, -2000):
            with self.assertRaises(UpdateError) as raised:
                run(self._load(self.bundle(cut=cut)))
            self.refused("wrong_length", raised.exception)
            self.assertTrue(files.exists(ROOT + "b/incomplete"))


class TestExamine(unittest.TestCase):
    """Who may come in, once the signature holds (it is taken for good here; test_signature.py has it)."""

    def judge(self, running="1.0.0", moduli=("00",), good=True, failed=(), older=False, boot_py=0, **made):
        data = manifest_of(NEW, **made)
        found = Manifest()
        found.feed(data)
        real = package.signature.is_by_any

        async def by_any(moduli, signature, digest):
            return good
        package.signature.is_by_any = by_any
        try:
            run(package.examine(found, package.Target(running, "esp32", boot_py, failed, older), moduli))
        except UpdateError as error:
            return error.code
        finally:
            package.signature.is_by_any = real
        return None

    def test_what_may_come_in(self):
        self.assertEqual(self.judge(), None)
        self.assertEqual(self.judge(board="esp32c3,esp32"), None)
        self.assertEqual(self.judge(boot=2, boot_py=2, running="1.0.99"), None)
        self.assertEqual(self.judge(running="1.2.0", older=True), None)
        self.assertEqual(self.judge(failed=["1.1.0"], older=True), None)

    def test_what_may_not(self):
        self.assertEqual(self.judge(good=False), "bad_signature")
        self.assertEqual(self.judge(moduli=()), "no_key")
        self.assertEqual(self.judge(board="esp32s3"), "wrong_board")
        self.assertEqual(self.judge(running="1.1.0", older=True), "not_newer")
        self.assertEqual(self.judge(running="1.2.0"), "older")
        self.assertEqual(self.judge(failed=["1.1.0"]), "failed_before")
        self.assertEqual(self.judge(boot=2, boot_py=1), "old_boot")


if __name__ == "__main__":
    unittest.main()
