# cpython only: a check of the host
"""What the run of schemathesis leaves out is what would end it, and no run that called little passes."""
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from tools.checks import api
from tools.checks.source import ROOT


class ApiCheck(unittest.TestCase):
    def test_little_is_left_out_and_all_of_it_for_a_reason(self):
        document = json.loads((ROOT / "firmware/page/api/openapi.json").read_text(encoding="utf-8"))
        left_out = [path for path in document["paths"] if re.search(api.LEFT_OUT, path)]
        self.assertIn("/api/v1/commands/restart", left_out)
        self.assertIn("/api/v1/factory_reset", left_out)
        self.assertNotIn("/api/v1/settings", left_out)
        self.assertLess(len(left_out), len(document["paths"]) // 4)

    def test_without_the_tool_it_is_skipped_and_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "report.json")
            with mock.patch.object(api, "TOOL", Path(folder, "none")), mock.patch.dict(os.environ, MODE3_REPORT=str(place)):
                self.assertEqual(api.main([]), 0)
            counts = json.loads(place.read_text())
        self.assertEqual((counts["passed"], counts["failed"], len(counts["skips"])), (0, 0, 1))

    def test_a_run_fails_when_it_called_little_or_a_task_died(self):
        class Charger:
            port, token, told = 1, "t", [{"name": "web", "restarts": 0}]

            def __enter__(self):
                return self

            def __exit__(self, *exc):
                return None

            def tasks(self):
                return self.told
        for said, status, restarts, good in (("Tested: 60", 0, 0, True), ("Tested: 3", 0, 0, False), ("", 0, 0, False),
                                             ("Tested: 60", 1, 0, False), ("Tested: 60", 0, 1, False)):
            with self.subTest(said=said, status=status, restarts=restarts):
                Charger.told = [{"name": "web", "restarts": restarts}]
                done = subprocess.CompletedProcess([], status, said, "")
                with mock.patch.object(api, "Charger", Charger), mock.patch.object(api.subprocess, "run", return_value=done):
                    self.assertEqual(not api.run(0, 1, 1, "fuzzing")[0], good)


if __name__ == "__main__":
    unittest.main()
