"""Runs all scenarios, each in a fresh world, as fast as the host can: `python -m tools.twin.scenario_suite [FILE ...]`.

With --vm the firmware runs on MicroPython, in virtual time too: those of host_tests/scenarios/vm.
"""

import argparse
import contextlib
import io
import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

from tools.twin.runner import Twin
from tools.twin.scenario import Play, ScenarioError, read

FOLDER = Path(__file__).resolve().parents[2] / "host_tests" / "scenarios"


def _twin(flash, command, seed):
    if command is None:
        return Twin(flash, 0, speed=0, seed=seed, event=print)
    from tools.twin.vm_runner import VmTwin
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return VmTwin(flash, port, command, virtual=True, seed=seed, event=print)


def play(steps, seed=1, command=None):
    """Play one scenario in a world of its own; command: of the MicroPython that runs the firmware, None = in this process.

    Returns (failure or None, simulated seconds, what was printed).
    """
    results = []
    printed = io.StringIO()
    with tempfile.TemporaryDirectory(prefix="mode3-scenario-") as folder, \
            contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        twin = _twin(Path(folder) / "flash", command, seed)

        def done(failure):
            results.append(failure)
            twin.end()
        Play(twin, steps, done).start()
        how = twin.run()
        simulated_s = twin.clock.now_us / 1e6
        twin.close()
    if how == "exit":
        raise KeyboardInterrupt
    return results[0], simulated_s, printed.getvalue()


def _report(passed, failed, skips):
    """Tells `make test` how many there were."""
    place = os.environ.get("MODE3_REPORT")
    if place:
        Path(place).write_text(json.dumps({"passed": passed, "failed": failed, "skips": skips, "left_out": 0}))


def main(argv=None):
    """Returns 0 when all went well, 1 when one failed, 2 when one could not be read."""
    parser = argparse.ArgumentParser(prog="python -m tools.twin.scenario_suite", description=__doc__, allow_abbrev=False)
    parser.add_argument("files", nargs="*", metavar="FILE", type=Path, help="scenarios (default: all of host_tests/scenarios)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the world's small variations (default 1)")
    parser.add_argument("--vm", action="store_true", help="the firmware on MicroPython")
    args = parser.parse_args(argv)
    command = None
    if args.vm:
        from tools.setup.vm import VmMissing, vm_command
        from tools.twin.vm_runner import HEAP_KB
        try:
            command = vm_command(HEAP_KB)
        except VmMissing as exc:
            print(exc)
            _report(0, 0, [["scenarios on MicroPython", str(exc)]])
            return 0
    files = args.files or sorted((FOLDER / "vm" if args.vm else FOLDER).glob("*.scn"))
    stories = []
    for file in files:
        try:
            stories.append((file, read(file)))
        except ScenarioError as exc:
            print(exc, file=sys.stderr)
            return 2
    failed = 0
    for file, steps in stories:
        start = time.perf_counter()
        failure, simulated_s, printed = play(steps, args.seed, command)
        took = f"{simulated_s:9.1f} s simulated in {time.perf_counter() - start:5.1f} s"
        print(f"{file.stem:28} {'FAILED' if failure else 'ok':6} {took}", flush=True)
        if failure:
            failed += 1
            print(failure)
            if printed:
                print("  printed:\n" + "".join(f"    {line}\n" for line in printed.splitlines()[-40:]), end="")
    if not stories:
        print(f"there are no scenarios in {FOLDER}", file=sys.stderr)
        return 1
    _report(len(stories) - failed, failed, [])
    print(f"{len(stories) - failed} of {len(stories)} scenarios went as told")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
