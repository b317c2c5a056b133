"""Every refusal has words."""
import unittest

from firmware.charging.commands import COMMANDS, EVERYWHERE
from firmware.charging.facts import REFUSALS
from firmware.charging.refusals import WORDS, words_of


class WordsTest(unittest.TestCase):
    def test_every_code_has_one_sentence_and_no_other_has(self):
        codes = set(EVERYWHERE + REFUSALS)
        for row in COMMANDS:
            codes.update(row[3])
        self.assertEqual(sorted([row[0] for row in WORDS]), sorted(codes))
        for code, words in WORDS:
            self.assertEqual(words_of(code), words)
            self.assertTrue(" " in words and words[0] == words[0].lower() and words[-1] != ".", words)

    def test_a_code_that_nobody_knows_speaks_for_itself(self):
        self.assertEqual(words_of("new_code"), "new_code")


if __name__ == "__main__":
    unittest.main()
