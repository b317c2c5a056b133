# cpython only: reads the sources and the page's texts
"""Whatever may become of an attempt to send has a sentence on the page."""
import json
import re
import unittest
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[3] / "firmware"
SOURCES = sorted((FIRMWARE / "services/publication").glob("*.py")) + [
    FIRMWARE / "services" / name for name in ("http_client.py", "tls_client.py", "tls_context.py")]
CODES = re.compile(r'(?:HttpFailure\(|_tell\(|_failed\(|self\.result = |self\.result, self\.detail = )"([a-z_]+)"|"(tls_[a-z_]*)"')
NOT_SENT = {"redirects"}                 # of what is fetched only


class Words(unittest.TestCase):
    def test_every_result_is_said_in_every_language(self):
        codes = {one for path in SOURCES for row in CODES.findall(path.read_text()) for one in row if one} - NOT_SENT
        codes.add("tls")                 # what tls_code() says where it knows no better
        self.assertLessEqual({"sent", "nothing_new", "dropped", "given_up", "log_in", "no_ca", "tls_expired", "flash"}, codes)
        for language in ("en", "de", "fr"):
            texts = json.loads((FIRMWARE / "page/translations" / ("sending.%s.json" % language)).read_text())
            said = {key[len("sending.result."):] for key in texts if key.startswith("sending.result.")}
            self.assertEqual(said, codes, language)
            refused = {key[len("sending.refused."):] for key in texts if key.startswith("sending.refused.")}
            self.assertEqual(refused, {"off", "busy", "charging"})


if __name__ == "__main__":
    unittest.main()
