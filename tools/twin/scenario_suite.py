"""Runs all scenarios, each in a fresh world, as fast as the host can: `python -m tools.twin.scenario_suite [FILE ...]`.

With --vm the firmware runs on MicroPython, in virtual time too: those of host_tests/scenarios/vm.
"""

import argparse
import contextlib
import io
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tools.checks.arguments import at_least
from tools.checks.report import report, skipped
from tools.twin.ports import free_port
from tools.twin.runner import Twin
from tools.twin.scenario import Play, ScenarioError, read
from tools.twin.stories import FOLDER, ON_THE_VM, files


def _twin(flash, command, seed):
    if command is None:
        return Twin(flash, 0, speed=0, seed=seed, event=print)
    from tools.twin.vm_runner import VmTwin
    return VmTwin(flash, free_port(), command, virtual=True, seed=seed, event=print)


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
        try:
            Play(twin, steps, done).start()
            how = twin.run()
            simulated_s = twin.clock.now_us / 1e6
        finally:
            twin.close()
    if how == "exit":
        raise KeyboardInterrupt
    return results[0], simulated_s, printed.getvalue()


def _one(file, seed, command):
    start = time.perf_counter()
    failure, simulated_s, printed = play(read(file), seed, command)
    return file, failure, simulated_s, time.perf_counter() - start, printed


def _all(files, seed, command, jobs):
    """What _one() gives, in the order of the files."""
    if jobs == 1:
        yield from (_one(file, seed, command) for file in files)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_one, files, [seed] * len(files), [command] * len(files))


def main(argv=None):
    """Returns 0 when all went well, 1 when one failed, 2 when one could not be read."""
    parser = argparse.ArgumentParser(prog="python -m tools.twin.scenario_suite", description=__doc__, allow_abbrev=False)
    parser.add_argument("files", nargs="*", metavar="FILE", type=Path, help="scenarios (default: all of host_tests/scenarios)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the world's small variations (default 1)")
    parser.add_argument("--vm", action="store_true", help="the firmware on MicroPython")
    parser.add_argument("--jobs", type=at_least(1), default=1, help="how many at a time (default 1)")
    args = parser.parse_args(argv)
    command = None
    if args.vm:
        from tools.setup.vm import VmMissing, vm_command
        from tools.twin.vm_runner import HEAP_KB
        try:
            command = vm_command(HEAP_KB)
        except VmMissing as exc:
            return skipped("scenarios on MicroPython", str(exc))
    chosen = args.files or (sorted((FOLDER / ON_THE_VM).glob("*.scn")) if args.vm else files())
    for file in chosen:
        try:
            read(file)
        except ScenarioError as exc:
            print(exc, file=sys.stderr)
            return 2
    if not chosen:
        print(f"there are no scenarios in {FOLDER}", file=sys.stderr)
        return 1
    failed = 0
    for file, failure, simulated_s, took_s, printed in _all(chosen, args.seed, command, args.jobs):
        took = f"{simulated_s:9.1f} s simulated in {took_s:5.1f} s"
        print(f"{file.parent.name + '/' + file.stem:40} {'FAILED' if failure else 'ok':6} {took}", flush=True)
        if failure:
            failed += 1
            print(failure)
            if printed:
                print("  printed:\n" + "".join(f"    {line}\n" for line in printed.splitlines()[-40:]), end="")
    report(len(chosen) - failed, failed)
    print(f"{len(chosen) - failed} of {len(chosen)} scenarios went as told")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
