"""schemathesis against the real charger: `python -m tools.checks.api [--seconds N] [--cases N] [--seed N]`.

The twin is started with its firmware and a fresh flash, an administrator's token is made, and every path of the description that
the charger gives out is called with what it allows and with what it does not. No answer may be a failure of the server, and each
must be what the description says. Left out is what ends the run: restart, factory reset, log-out, and the log-in whose guesses are
slowed down.
"""
import argparse
import http.client
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.checks.report import report, skipped
from tools.checks.source import ROOT
from tools.twin.ports import free_port

TOOL = Path(sys.executable).with_name("st")
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method,"
          "negative_data_rejection")
# what ends the run, takes its token away, waits by design, or writes megabytes
LEFT_OUT = r"commands/(restart|service_mode)|factory_reset|/login|/logout|/password|/recover|/stream|/backup$|/update/|/tokens/"
CONFIG = "[checks.negative_data_rejection]\nexpected-statuses = [400, 401, 403, 404, 409, 411, 413, 414, 422, 429, 431, 503]\n"
START_S = 30
FEWEST = 40      # paths that a run calls, or it says nothing


class Charger:
    """A twin of its own, as `with`; token: an administrator's."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp()
        self.port = free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.twin", "--headless", "--http", str(self.port), "--bench", "0", "--mqtt-port", "0",
             "--data", self.folder], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._wait()
        known = json.loads(Path(self.folder, "twin.json").read_text())
        body = {"user": "admin", "password": known["admin_password"]}
        answer, said = self.ask("POST", "/api/v1/login", body)
        headers = {"Cookie": answer.getheader("Set-Cookie").split(";")[0], "X-CSRF-Token": said["csrf"]}
        self.token = self.ask("POST", "/api/v1/tokens", {"name": "schemathesis", "scope": "admin"}, headers)[1]["token"]
        return self

    def _wait(self):
        end = time.monotonic() + START_S
        while True:
            try:
                self.ask("GET", "/api/v1/session")
                return
            except OSError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.1)

    def ask(self, method, path, body=None, headers=()):
        """(the answer, its JSON)."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        client.request(method, path, None if body is None else json.dumps(body), dict(headers))
        answer = client.getresponse()
        said = json.loads(answer.read())
        client.close()
        return answer, said

    def tasks(self):
        """The charger's tasks, with how often each had to be started again."""
        return self.ask("GET", "/api/v1/status")[1]["tasks"]

    def __exit__(self, *exc):
        self._process.terminate()
        self._process.communicate(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)


def run(seconds, cases, seed, phases):
    """schemathesis' exit status, and its text."""
    with Charger() as charger, tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "schemathesis.toml")
        config.write_text(CONFIG)
        command = [str(TOOL), "--config-file", str(config), "run", "http://127.0.0.1:%d/api/v1/openapi.json" % charger.port,
                   "--header", "Authorization: Bearer " + charger.token, "--checks", CHECKS, "--phases", phases,
                   "--max-examples", str(cases), "--seed", str(seed), "--exclude-path-regex", LEFT_OUT,
                   "--request-timeout", "10", "--generation-database", "none", "--no-color", "--warnings", "off", "--no-shrink"]
        if seconds:
            command += ["--max-time", str(seconds)]        # schemathesis goes on until they are over
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds + 240)
        found = re.search(r"Tested: (\d+)", done.stdout)
        few = int(found.group(1)) < FEWEST if found else True
        dead = [task["name"] for task in charger.tasks() if task["restarts"]]
        text = done.stdout + done.stderr + "".join("the task %s died and was started again\n" % name for name in dead)
        if few:
            text += "fewer than %d paths were called: give it more --seconds\n" % FEWEST
        return done.returncode or few or len(dead), text


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=0, help="go on for so long (default: one round)")
    parser.add_argument("--cases", type=int, default=3, help="calls of each path in a round (default 3)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", default="fuzzing", help="of schemathesis (default fuzzing)")
    options = parser.parse_args(arguments)
    if not TOOL.exists():
        return skipped("the API as described", "no schemathesis; tools/setup/dev.lock has it")
    status, text = run(options.seconds, options.cases, options.seed, options.phases)
    lines = text.splitlines()
    print("\n".join(lines if status else [line for line in lines if "generated" in line or "Tested" in line or " in " in line]))
    report(int(not status), int(bool(status)))
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
