"""Answers go out of one small block, whatever the lengths of their parts."""
import asyncio
import unittest

from firmware.services.web.reply import PIECE, Reply


def _sent(pieces, http_1_1=True, length=None):
    """(head, body, longest part) as the peer gets them; chunks put together."""
    parts = []

    async def write(data):
        parts.append(bytes(data))
    asyncio.run(Reply(iter(pieces), kind="text/plain", length=length).send(write, False, http_1_1))
    everything = b"".join(parts)
    end = everything.find(b"\r\n\r\n") + 4
    head, rest = everything[:end], everything[end:]
    if b"chunked" in head:
        body = b""
        while True:
            line = rest.find(b"\r\n")
            size = int(rest[:line].decode(), 16)
            body += rest[line + 2:line + 2 + size]
            if rest[line + 2 + size:line + 4 + size] != b"\r\n":
                raise ValueError("a chunk of %d bytes ends elsewhere" % size)
            rest = rest[line + 4 + size:]
            if size == 0:
                if rest:
                    raise ValueError("%r behind the end" % rest)
                return head, body, max([len(part) for part in parts])
    return head, rest, max([len(part) for part in parts])


class TestReply(unittest.TestCase):
    def test_a_body_of_every_length_around_the_block_arrives_whole(self):
        for http_1_1 in (True, False):
            for length in list(range(6)) + list(range(PIECE - 450, PIECE + 20)) + [2 * PIECE, 2 * PIECE + 1]:
                text = ("0123456789abcdef" * (length // 16 + 1))[:length]
                head, body, longest = _sent([text], http_1_1)
                self.assertEqual(body.decode(), text, (http_1_1, length))
                self.assertTrue(longest <= PIECE + 12, longest)

    def test_many_parts_texts_and_bytes_arrive_in_order(self):
        for size in (1, 7, 100, 511, 512, 513, 1300):
            parts = ["é" * size, b"", b"x" * size, "", "y" * size] * 3
            wanted = b"".join([part if isinstance(part, bytes) else part.encode() for part in parts])
            self.assertEqual(_sent(parts)[1], wanted, size)
            self.assertEqual(_sent(parts, length=len(wanted))[1], wanted, size)

    def test_a_body_of_nothing_ends(self):
        self.assertEqual(_sent([])[1], b"")
        self.assertEqual(_sent([], http_1_1=False)[1], b"")


if __name__ == "__main__":
    unittest.main()
