"""The local list on flash, and its CSV both ways."""
import asyncio
import unittest

from firmware.access import card as cards
from firmware.access import cards_csv
from firmware.access.card import ADMIN, USER, VIP, Card, CardError
from firmware.access.cards import CardStore
from firmware.csv_lines import CsvError, LineSplitter, cells_of, line_from_cells, separator_of
from host_tests.storage.scratch import Scratch


async def rest():
    await asyncio.sleep_ms(0)


def uid(number):
    return bytes((4, number >> 8, number & 255, 7))


class Base(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.store = CardStore(self.scratch.folder)

    def tearDown(self):
        self.scratch.close()

    def fill(self, count):
        for number in range(count):
            self.store.add(Card(uid(number), "Card %d" % number, number % 3))

    def text(self):
        return b"".join(list(cards_csv.lines(self.store)))

    def load(self, data, piece=64):
        loading = cards_csv.CardImport(self.store, self.scratch.folder)
        try:
            for at in range(0, len(data), piece):
                loading.feed(data[at:at + piece])
            for _ in loading.finish():
                continue
        except CsvError:
            loading.abort()
            raise


class CardStoreTest(Base):
    def test_cards_are_added_found_changed_and_removed(self):
        self.fill(5)
        self.assertEqual(self.store.find(uid(3)).name, "Card 3")
        self.assertIsNone(self.store.find(uid(9)))
        self.store.change(Card(uid(3), "Ann", VIP))
        self.assertEqual((self.store.find(uid(3)).name, self.store.find(uid(3)).kind, self.store.count()), ("Ann", VIP, 5))
        self.store.remove(uid(3))
        self.assertEqual((self.store.find(uid(3)), self.store.count()), (None, 4))
        for refused in (lambda: self.store.add(Card(uid(1))), lambda: self.store.change(Card(uid(3))),
                        lambda: self.store.remove(uid(3))):
            with self.assertRaises(CardError):
                refused()
        self.store.clear()
        self.assertEqual((self.store.count(), list(self.store.cards())), (0, []))

    def test_there_is_one_master_card(self):
        self.fill(3)
        self.assertIsNone(self.store.master())
        self.store.change(Card(uid(1), master=True))
        self.store.add(Card(uid(7), "new", ADMIN, master=True))
        self.assertEqual([card.uid for card in self.store.cards() if card.master], [uid(7)])
        self.assertEqual(self.store.master().name, "new")

    def many(self, master):
        """A long list, as an import leaves it."""
        rows = [Card(uid(number), master=number == master).row() for number in range(1000)]
        for _ in self.store.replace((uid(number), row) for number, row in enumerate(rows)):
            continue

    def reads(self, work):
        before = self.store.reads
        work()
        return self.store.reads - before

    def test_a_new_master_or_a_renamed_one_in_a_long_list_reads_a_few_pages(self):
        self.many(900)
        whole = self.reads(lambda: list(self.store.cards()))
        self.assertLess(self.reads(lambda: self.store.change(Card(uid(900), "Ann", master=True))), whole // 2)
        self.assertLess(self.reads(lambda: self.store.change(Card(uid(5), "Ben", master=True))), whole)
        self.store = CardStore(self.scratch.folder)                  # after a restart
        self.assertLess(self.reads(lambda: self.store.change(Card(uid(6), "Eve", master=True))), whole)
        self.assertEqual([card.uid for card in self.store.cards() if card.master], [uid(6)])

    def test_without_a_hint_the_master_is_searched_page_by_page(self):
        self.many(900)
        self.assertGreater(len(list(self.store.look_for_master())), 50)
        self.assertEqual(list(self.store.look_for_master()), [])
        self.assertLess(self.reads(lambda: self.assertEqual(self.store.master().uid, uid(900))), 20)
        self.many(None)
        self.assertGreater(len(list(self.store.look_for_master())), 50)
        self.assertLess(self.reads(lambda: self.assertIsNone(self.store.master())), 20)

    def test_a_hint_that_an_import_a_deletion_or_damage_made_wrong_is_not_believed(self):
        self.many(900)
        self.store.master()
        self.many(30)                                                # another master in the new list
        self.store.change(Card(uid(8), master=True))
        self.assertEqual([card.uid for card in self.store.cards() if card.master], [uid(8)])
        self.store.remove(uid(8))
        self.assertIsNone(self.store.master())
        self.store.change(Card(uid(9), master=True))
        for name in self.scratch.names():
            if name.startswith("cards.master"):
                self.scratch.flip(name, 6)
        self.store = CardStore(self.scratch.folder)
        self.assertEqual(self.store.master().uid, uid(9))

    def test_a_change_while_the_master_is_searched_begins_the_search_anew(self):
        self.many(None)
        search = self.store.look_for_master()
        for _ in range(40):
            next(search)
        self.store._map.put(b"\0\0\0\0", Card(b"\0\0\0\0", master=True).row())     # behind its back
        for _ in search:
            continue
        self.assertEqual(self.store.master().uid, b"\0\0\0\0")

    def test_cards_come_ascending_from_any_uid_on(self):
        self.fill(40)
        self.assertEqual([card.uid for card in self.store.cards()], [uid(number) for number in range(40)])
        self.assertEqual([card.uid for card in self.store.cards(uid(36))], [uid(37), uid(38), uid(39)])

    def test_many_change_their_type_or_none(self):
        self.fill(4)
        with self.assertRaises(CardError):
            for _ in self.store.change_kind([uid(0), uid(9)], VIP):
                continue
        self.assertEqual(self.store.find(uid(0)).kind, USER)
        for _ in self.store.change_kind([uid(0), uid(2)], VIP):
            continue
        self.assertEqual([card.kind for card in self.store.cards()], [VIP, VIP, VIP, USER])

    def test_the_loop_goes_on_between_any_two_cards_that_change_their_type(self):
        """All of hundreds of UIDs were looked up in one go: some seconds on a device, longer than its watchdog waits."""
        self.fill(60)
        most, before = 0, self.store.reads
        for _ in self.store.change_kind([uid(number) for number in range(0, 60, 2)], VIP):
            most, before = max(most, self.store.reads - before), self.store.reads
        self.assertLess(most, 30)


class TidyTest(Base):
    def tidied(self, may_write):
        """Let it tidy up, to its end."""
        asyncio.run(self.store.tidy(may_write, rest))

    def test_many_edits_are_written_into_the_list_while_no_power_flows(self):
        self.fill(70)
        self.tidied(lambda: False)
        self.assertIn("cards.edits", self.scratch.names())
        self.store.busy = True
        self.tidied(lambda: True)
        self.assertIn("cards.edits", self.scratch.names())
        self.store.busy = False
        self.tidied(lambda: True)
        self.assertEqual(self.scratch.names(), ["cards"])
        self.assertEqual((self.store.count(), self.store.busy), (70, False))

    def test_a_charge_that_begins_breaks_it_off_and_nothing_is_lost(self):
        self.fill(70)
        for allowed in range(1, 6):
            left = [allowed]

            def may_write(left=left):
                left[0] -= 1
                return left[0] >= 0
            self.tidied(may_write)
            self.assertEqual(self.store.count(), 70)
            self.assertEqual([name for name in self.scratch.names() if "new" in name], [])
            self.assertFalse(self.store.busy)

    def test_many_cards_changed_at_once_do_not_make_the_short_file_long(self):
        self.fill(60)
        for _ in self.store.change_kind([uid(number) for number in range(60)], VIP):
            self.assertFalse(self.store._map._edits.rows > 60)
        self.assertFalse(self.store._map.is_long())
        self.assertEqual([card.kind for card in self.store.cards()], [VIP] * 60)


class CsvTest(Base):
    def test_what_is_exported_is_imported_as_it_was(self):
        names = ("Ann", "=1+1", "'=x", "''", "a;b", 'say "hi"', "+4930", "-", "@x", "'t Hooft", "Änne €", "1,5")
        for number, name in enumerate(names):
            self.store.add(Card(uid(number), name, number % 3, number == 4, number % 2 == 1, (number % 3) * 86400 * 20000,
                                number % 2 == 0, "box1 box2" if number % 2 else ""))
        for separator in ";,\t":
            before = b"".join(list(cards_csv.lines(self.store, separator)))
            self.store.clear()
            self.load(before)
            self.assertEqual(b"".join(list(cards_csv.lines(self.store, separator))), before)

    def test_no_exported_cell_begins_like_a_formula(self):
        for number, name in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\u00a0=1")):
            self.store.add(Card(uid(number), name))
        lines = self.text().decode().split("\r\n")
        self.assertEqual(len(lines), 1 + 5 + 1)         # the columns' names, the cards, nothing after the last line's end
        for line in lines:
            for cell in line.split(";"):
                self.assertFalse(cell.startswith(("=", "+", "-", "@")), cell)

    def test_many_unsorted_lines_take_the_list_s_place(self):
        self.fill(10)
        numbers = [number * 37 % 300 for number in range(300)]
        lines = [b"%s;n%d\r\n" % (cards.hex_from_uid(uid(number)).encode(), number) for number in numbers]
        self.load(b"uid;name\n" + b"".join(lines), 501)
        self.assertEqual([card.name for card in self.store.cards()], ["n%d" % number for number in range(300)])
        self.assertEqual(self.scratch.names(), ["cards"])

    def test_files_as_spreadsheets_write_them_are_read(self):
        for data in (b"\xef\xbb\xbfuid;name\r\n04002507;Ann\r\n", b"uid,name\r04002507,Ann", b"UID\tName\n04:00:25:07\tAnn\n\n",
                     b'"uid";"name"\r\n"04002507";"Ann"\r\n;\r\n', b"name;uid;;\nAnn; 04002507 \n",
                     b"uid;name;type;master;state;expires;stations\n04002507;Ann;USER;Nein;Accepted;;\n"):
            for piece in (1, 7, 999):
                self.store.clear()
                self.load(data, piece)
                self.assertEqual([(card.uid, card.name) for card in self.store.cards()], [(uid(0x25), "Ann")])

    def test_a_bad_line_is_named_and_nothing_changes(self):
        self.fill(3)
        before = self.text()
        for data, line, field, rule in (
                (b"", 1, None, "columns"), (b"\r\n", 1, "uid", "columns"), (b"uid;nome\n", 1, "nome", "columns"),
                (b"name\nAnn", 1, "uid", "columns"), (b"uid;uid\n", 1, "uid", "columns"), (b"uid\n12345678\nx", 3, "uid", None),
                (b"uid\n12345678\n99999999\n12345678", 4, "uid", "twice"), (b'uid;name\n12345678;"x', 2, None, "quotes"),
                (b'uid;name\n12345678;"x"y\n', 2, None, "quotes"), (b"uid;master\n12345678;yes\n12345679;yes", 3, "master", None),
                (b"uid;master\n12345678;maybe", 2, "master", None), (b"uid;name\n12345678;\xfc\n", 2, None, "encoding"),
                (b"\xff\xfeu\x00i\x00d\x00\n\x00", 1, None, "encoding"),
                (b"uid;expires\n12345678;31.12.2027\n", 2, "expires", None),
                (b"uid;type\n12345678;boss", 2, "type", None), (b"uid;state\n12345678;maybe", 2, "state", None),
                (b"uid;name\n12345678;a;b", 2, None, "cells"), (b"uid;name\n12345678;" + b"a" * 51, 2, "name", None),
                (b"uid\n" + b"1" * 600, 2, None, "length")):
            with self.assertRaises(CsvError) as caught:
                self.load(data)
            error = caught.exception
            self.assertEqual((error.line, error.field, error.rule), (line, field, rule), error.message)
            self.assertEqual(self.text(), before)
            self.assertEqual([name for name in self.scratch.names() if "run" in name], [])

    def test_two_lines_with_one_card_are_named_wherever_they_stand(self):
        data = [b"uid\n"] + [b"%s\n" % cards.hex_from_uid(uid(number)).encode() for number in range(200)]
        data.append(data[3])
        with self.assertRaises(CsvError) as caught:
            self.load(b"".join(data))
        self.assertEqual(caught.exception.line, 202)
        self.assertIn("line 4 already", caught.exception.message)


class LineTest(unittest.TestCase):
    def test_lines_end_as_every_system_ends_them(self):
        for data in (b"a\nb\n\nc", b"a\r\nb\r\n\r\nc", b"a\rb\r\rc"):
            for piece in (1, 2, 3, 99):
                splitter, found = LineSplitter(), []
                for at in range(0, len(data), piece):
                    found += list(splitter.feed(data[at:at + piece]))
                found += list(splitter.end())
                self.assertEqual((found, splitter.line), (["a", "b", "", "c"], 4))

    def test_cells_come_back_as_they_were(self):
        for separator in ";,\t":
            for cells in (["a", "b"], ["", ""], ['"', "''", ";,"], [" x ", "=1"], ["'", "'-", "-"]):
                line = line_from_cells(cells, separator)
                self.assertEqual(cells_of(line, separator, 1), cells)
                self.assertEqual(separator_of(line_from_cells(["uid", "name"], separator)), separator)
