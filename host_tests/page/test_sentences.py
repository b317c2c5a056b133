# cpython only: needs a browser
"""The sentences that the page makes of reasons, in a real browser: what a visitor reads."""
import unittest

from host_tests.page.browser import Browser, NoBrowser
from host_tests.page.charger import Charger
from host_tests.page.test_page import PAGE
from tools.twin.ports import free_port

HOME = {"code": "home", "used_ma": 10000, "fuse_ma": 16000, "phase": 2}


class Sentences(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.browser = Browser()
        except NoBrowser as missing:
            raise unittest.SkipTest(str(missing)) from None
        cls.addClassCleanup(cls.browser.close)
        cls.charger = Charger(PAGE, free_port())
        cls.addClassCleanup(cls.charger.close)
        cls.browser.show(400, 600)
        cls.browser.open("http://127.0.0.1:%d/" % cls.charger.port)
        cls.browser.wait("document.getElementById('state')?.textContent.length > 1")

    def said(self, call, facts, language="en"):
        import json
        text = self.browser.value(
            "(async () => { const t = await import('./texts.js'); await t.use('%s', false);"
            " const s = await import('./sentences.js'); return s.%s(%s); })()" % (language, call, json.dumps(facts)))
        return text.replace("\u202f", " ")

    def test_the_lowest_ceiling_is_named_with_its_reason(self):
        facts = {"limit_ma": 6000, "limited_by": "home", "limit_reason": HOME}
        for language, sentence in (
                ("en", "6 A because the house uses 10 A of 16 A on L2."),
                ("de", "6 A, weil das Haus 10 A von 16 A auf L2 braucht."),
                ("fr", "6 A car la maison utilise 10 A sur 16 A en L2.")):
            self.assertEqual(self.said("limitSentence", facts, language), sentence)

    def test_zero_and_nothing_and_unknown_reasons_have_sentences_too(self):
        self.assertEqual(self.said("limitSentence", {"limit_ma": 0, "limited_by": "hems", "limit_reason": {
            "code": "failsafe", "name": "hems", "by": "mqtt"}}),
            "No current now because “hems” is silent and its failsafe value holds (MQTT).")
        self.assertEqual(self.said("limitSentence", {"limit_ma": 80000, "limited_by": "none", "limit_reason": {"code": "none"}}),
                         "Nothing limits the current below 80 A.")
        self.assertEqual(self.said("limitSentence", {"limit_ma": 9000, "limited_by": "moon", "limit_reason": {"code": "moon"}}),
                         "9 A because of “moon”.")

    def test_why_no_power_flows_is_one_sentence_and_nothing_while_it_does(self):
        self.assertEqual(self.said("whySentence", {"why_not_charging": None}), "")
        self.assertEqual(self.said("whySentence", {"why_not_charging": {"code": "not of this version"}}), "")
        self.assertEqual(
            self.said("whySentence", {"why_not_charging": {"code": "limit", "limit_ma": 4000, "floor_ma": 6000, "because": HOME}}),
            "Paused: 4 A because the house uses 10 A of 16 A on L2; at least 6 A are needed.")
        self.assertEqual(self.said("whySentence", {"why_not_charging": {"code": "fault", "fault": "pe_lost"}}),
                         "Power is off because of a fault: No protective earth.")


if __name__ == "__main__":
    unittest.main()
