"""The hotspot's name server: every name is the charger, and what is no question gets no answer."""
import unittest

from firmware.services.network.dns_answers import answer

IP = bytes((192, 168, 4, 1))
ASK = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0"
NAME = b"\x07example\x03com\0"
A, AAAA, ANY, HTTPS = b"\0\x01\0\x01", b"\0\x1c\0\x01", b"\0\xff\0\x01", b"\0\x41\0\x01"


class Answers(unittest.TestCase):
    def test_any_name_is_the_charger(self):
        for name in (NAME, b"\0", b"\x01x\0", b"\x3f" + b"y" * 63 + b"\0"):
            for kind in (A, ANY):
                said = answer(ASK + name + kind, IP)
                self.assertEqual(said[:12], b"\x12\x34\x85\x80\0\x01\0\x01\0\0\0\0")
                self.assertEqual(said[12:12 + len(name) + 4], name + kind)
                self.assertEqual(said[12 + len(name) + 4:], b"\xc0\x0c\0\x01\0\x01\0\0\0\x0a\0\x04" + IP)

    def test_other_questions_get_an_empty_answer_so_that_nobody_waits(self):
        for kind in (AAAA, HTTPS):
            said = answer(ASK + NAME + kind, IP)
            self.assertEqual(said, b"\x12\x34\x85\x80\0\x01\0\0\0\0\0\0" + NAME + kind)

    def test_what_follows_the_question_does_not_matter(self):
        edns = ASK[:10] + b"\0\x01" + NAME + A + b"\0\0\x29\x05\xc8\0\0\0\0\0\0"
        self.assertEqual(answer(edns, IP), answer(ASK + NAME + A, IP))

    def test_malformed_queries_are_dropped(self):
        good = ASK + NAME + A
        for bad in [good[:size] for size in range(len(good))] + [
                good[:2] + b"\x81" + good[3:],                      # an answer
                good[:2] + b"\x29" + good[3:],                      # another operation
                good[:4] + b"\0\x02" + good[6:],                    # two questions
                good[:4] + b"\0\0" + good[6:],
                good[:6] + b"\0\x01" + good[8:],                    # it brings an answer along
                ASK + b"\xc0\x0c" + A,                              # its name points to itself
                ASK + b"\x40" + b"z" * 64 + b"\0" + A,              # a label that is too long
                ASK + b"\x3f" * 260 + b"\0" + A,                    # a name that is too long
                ASK + NAME + b"\0\x01\0\x03",                       # not the internet
                good + bytes(600)]:
            self.assertEqual(answer(bad, IP), None)


if __name__ == "__main__":
    unittest.main()
