# cpython only: starts nginx, and Python's own file server
"""Against real file servers: nginx that is slow, breaks off and comes back, and a server that knows no Range."""

import asyncio
import tempfile
from pathlib import Path

from firmware.services import http_client
from firmware.services.ota import package
from firmware.services.ota.refusal import UpdateError
from host_tests.ota_powercut.site import Site, nginx
from host_tests.services.ota.test_install import BIG, NEW, ROOT, Case, inline
from host_tests.services.web.harness import run


class OverHttp(Case):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Path(folder.name)
        for name in ("site/objects", "scratch"):
            (self.place / name).mkdir(parents=True)
        for path, data in self.objects().items():
            (self.place / "site" / path).write_bytes(data)

    def site(self, server, more=""):
        if server == "nginx" and nginx() is None:
            self.skipTest("nginx is not installed (Debian: nginx-light)")
        return Site(self.place / "site", self.place / "scratch", more, server)

    def test_it_is_installed_from_either(self):
        for server in ("nginx", "python"):
            with self.site(server) as site:
                run(self.into_b(package.Server(site.url, inline, lambda: 0)))
            self.assert_new_is_whole()
            self.tearDown()
            super().setUp()

    def test_what_broke_off_in_the_middle_goes_on_by_range(self):
        http_client.WAIT_MS = 3000

        async def broken_off(site):
            work = asyncio.create_task(self.into_b(package.Server(site.url, inline, lambda: 0)))
            part = Path(ROOT, "b")
            while not any(one.stat().st_size for one in part.glob("part-" + BIG[8:24])) and not work.done():
                await asyncio.sleep_ms(20)
            site.stop()
            with self.assertRaises(UpdateError) as raised:
                await work
            self.refused("no_answer", raised.exception)
        with self.site("nginx", "limit_rate 8k; sendfile_max_chunk 2k; output_buffers 1 1k; postpone_output 0;") as site:
            run(broken_off(site))
        there = [one.stat().st_size for one in Path(ROOT, "b").glob("part-*")]
        self.assertEqual(len(there), 1)
        self.assertTrue(0 < there[0] < len(NEW["firmware/new/big.mpy"]))
        (self.place / "scratch/access.log").unlink()
        with self.site("nginx") as site:
            run(self.into_b(package.Server(site.url, inline, lambda: 0)))
        self.assert_new_is_whole()
        self.assertIn('/%s HTTP/1.1" 206 bytes=%d-' % (BIG, there[0]), (self.place / "scratch/access.log").read_text())

    def test_what_is_not_there_is_a_404(self):
        (self.place / "site" / BIG).unlink()
        for server in ("nginx", "python"):
            with self.site(server) as site, self.assertRaises(UpdateError) as raised:
                run(self.into_b(package.Server(site.url, inline, lambda: 0)))
            self.assertEqual((raised.exception.code, raised.exception.detail), ("http_status", "404"))

