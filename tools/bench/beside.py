"""A process beside a measurement: `python -m tools.bench.NAME …`, until its input ends; then it tells what it found, as JSON."""
import json
import subprocess
import sys
import threading

from tools.bench.row import ROOT


class Beside:
    """Such a process. module: its name below tools.bench; arguments: what it is given; prefix: what its command begins with."""

    def __init__(self, module, arguments=(), prefix=()):
        command = [*prefix, sys.executable, "-m", "tools.bench." + module, *map(str, arguments)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end(self):
        """What it found."""
        return json.loads(self._process.communicate()[0])

    def kill(self):
        """At once, and nobody wants to know."""
        self._process.kill()
        self._process.communicate()


def input_ended():
    """For the process itself: a threading.Event that is set when its input ends, which is when the measurement does."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    return ended


def tell(found):
    """For the process itself, at its end: what Beside.end() gives."""
    print(json.dumps(found))
