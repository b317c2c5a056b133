import asyncio
import sys
import unittest

from firmware.on_demand import OnDemand
from firmware.services.web.reply import HttpError
from firmware.services.web.routes import Routes


class Group:
    """A group of routes that tells how often it was loaded, and loads three modules before."""

    def __init__(self):
        self.loaded = 0
        self.log = []
        self.failing = None         # step that finds no memory

    def forget(self):
        self.log.append("forget")

    def steps(self):
        for number in range(3):
            if number == self.failing:
                raise MemoryError("no memory")
            self.log.append(number)
            yield

    def rows(self):
        self.loaded += 1
        return (("GET", "/api/v1/cards", "admin", "list", 0), ("PUT", "/api/v1/cards/*", "admin", "change", 10))


class TestRoutes(unittest.TestCase):
    def setUp(self):
        self.group = Group()
        self.routes = Routes((
            ("GET", "/api/v1/status", "public", "status", 0),
            (None, "/api/v1/cards*", "admin", self.group, 0),
            ("GET", "/*", "public", "page", 0),
        ))

    def refusal(self, *args):
        with self.assertRaises(HttpError) as caught:
            self.routes.find(*args)
        return caught.exception

    def test_group_is_loaded_at_a_request_for_it_and_not_before(self):
        self.assertEqual(self.routes.find("GET", "/api/v1/status")[0][3], "status")
        self.assertEqual(self.group.loaded, 0)
        row, rest = self.routes.find("PUT", "/api/v1/cards/04A1")
        self.assertEqual((row[3], rest, self.group.loaded), ("change", "04A1", 1))

    def test_group_is_not_loaded_for_who_may_not_see_it(self):
        def may(role):
            raise HttpError(403, "forbidden", "needs the role " + role)
        self.assertEqual(self.refusal("GET", "/api/v1/cards", may).status, 403)
        self.assertEqual(self.group.loaded, 0)

    def test_method_that_a_group_lacks_is_405_and_a_path_that_it_lacks_is_the_pages(self):
        self.assertEqual(self.refusal("DELETE", "/api/v1/cards").status, 405)
        self.assertEqual(self.routes.find("GET", "/api/v1/cards-nobody-serves")[0][3], "page")

    def test_what_a_group_needs_is_loaded_a_piece_at_a_turn_and_for_one_request_at_a_time(self):
        found = []

        async def other():
            while len(found) < 2:
                self.group.log.append("turn")
                await asyncio.sleep_ms(0)

        async def ask(path):
            found.append((await self.routes.reach("GET", path, lambda role: None))[0][3])

        async def main():
            await asyncio.gather(other(), ask("/api/v1/cards"), ask("/api/v1/cards"), ask("/api/v1/status"))
        asyncio.run(main())
        self.assertEqual(sorted(found), ["list", "list", "status"])
        pieces = [entry for entry in self.group.log if entry != "turn"]
        self.assertEqual(pieces, [0, 1, 2, 0, 1, 2])
        for number in (1, 2):
            self.assertEqual(self.group.log[self.group.log.index(number) - 1], "turn")

    def test_a_request_that_is_refused_keeps_no_other_waiting(self):
        def may(role):
            raise HttpError(403, "forbidden", role)

        async def main():
            with self.assertRaises(HttpError):
                await self.routes.reach("GET", "/api/v1/cards", may)
            return await self.routes.reach("GET", "/api/v1/cards", lambda role: None)
        self.assertEqual(asyncio.run(main())[0][3], "list")

    def test_what_was_loaded_of_a_group_is_forgotten_when_the_rest_finds_no_memory(self):
        async def ask():
            return await self.routes.reach("GET", "/api/v1/cards", lambda role: None)
        self.group.failing = 2
        with self.assertRaises(MemoryError):
            asyncio.run(ask())
        self.assertEqual(self.group.log, [0, 1, "forget"])
        self.group.failing, self.group.log = None, []
        self.assertEqual(asyncio.run(ask())[0][3], "list")
        self.assertEqual(self.group.log, [0, 1, 2])         # rows() forgets, once they are made

    def test_what_was_loaded_of_a_group_is_forgotten_when_the_request_is_broken_off_between_two_turns(self):
        async def main():
            task = asyncio.create_task(self.routes.reach("GET", "/api/v1/cards", lambda role: None))
            while 1 not in self.group.log:
                await asyncio.sleep_ms(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertEqual(self.group.log, [0, 1, "forget"])
            await self.routes.reach("GET", "/api/v1/status", lambda role: None)
            self.assertEqual(self.group.log, [0, 1, "forget"])
        asyncio.run(main())

    def test_real_modules_are_gone_from_a_device_after_a_failed_load(self):
        name = "firmware.services.ota.refusal"
        group = OnDemand(None, (name, "firmware.services.ota.nowhere"))
        routes = Routes(((None, "/x", "admin", group, 0),))
        with self.assertRaises(ImportError):
            asyncio.run(routes.reach("GET", "/x", lambda role: None))
        self.assertEqual(name in sys.modules, sys.implementation.name != "micropython")     # a host has room for them

    def test_all_names_the_groups_rows_too(self):
        self.assertEqual([row[3] for row in self.routes.all()], ["status", "list", "change", "page"])


if __name__ == "__main__":
    unittest.main()
