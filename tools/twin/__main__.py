"""`python -m tools.twin`: the charger's firmware on the twin, its page, and the bench beside it."""

import argparse
import itertools
import json
import signal
import sys
import threading
from pathlib import Path

from tools.checks.boards import BOARDS, problems, refusal
from tools.pilot import fit
from tools.twin import slots
from tools.twin.bench import HOST, Bench, PortInUse, bound_socket
from tools.twin.broker import BrokerProcess
from tools.twin.data import Data, NotStarted
from tools.twin.meter_maps import MAPS
from tools.twin.ports import free_port
from tools.twin.runner import Twin
from tools.twin.scenario import Play, ScenarioError, read

DEFAULT_DATA = Path("build") / "twin"
BOARD_NAMES = tuple(sorted(path.stem for path in BOARDS.glob("*.json")))
HTTPS_PORT = 8443
MQTT_PORT = 1883
INTERRUPTED = 130               # exit status, as shells have it for Ctrl-C
LIVE_S = 1.0
CLEAR_LINE = "\r\x1b[K"


def _port(word):
    port = int(word)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


def _speed(word):
    speed = float(word)
    if not 0 <= speed <= 1_000_000:
        raise ValueError
    return speed


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m tools.twin", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Runs the charger's firmware on a simulated board with a simulated car, mains and house.",
        epilog="Ctrl-C or SIGTERM ends it. Exit status: 0 ended, 1 the scenario failed, 2 not started, "
               "130 the scenario was interrupted.")
    _port.__name__, _speed.__name__ = "port (0 to 65535)", "speed (0 to 1000000)"
    add = parser.add_argument
    add("--http", type=_port, default=8080, metavar="PORT", help="the charger's own page and API (default 8080; 0: any)")
    add("--https", type=_port, metavar="PORT", help="the same page over HTTPS, once the setting web.https is on (default "
        f"{HTTPS_PORT}, any other where that is taken; 0: any)")
    add("--bench", type=_port, default=8081, metavar="PORT", help="the bench: car, house, faults (default 8081; 0: any)")
    add("--mqtt-port", type=_port, metavar="PORT",
        help=f"the MQTT broker that the charger is connected to (default {MQTT_PORT}, without one in a scenario; 0: none). Where "
             "nobody listens there, the twin starts a broker of its own")
    add("--data", type=Path, default=DEFAULT_DATA, metavar="DIR",
        help="what survives a restart: DIR/flash is the device's file system, DIR/twin.json holds addresses, password and "
             f"token for scripts (default {DEFAULT_DATA})")
    add("--board", default="twin", metavar="NAME", choices=BOARD_NAMES,
        help="the board that is simulated, a file of board_configs/: %s (default twin)" % ", ".join(BOARD_NAMES))
    add("--speed", type=_speed, default=None, metavar="N",
        help="N times real time, 0 = as fast as possible (default 1; with --scenario and --headless 0)")
    add("--scenario", type=Path, metavar="FILE", help="play a scenario, then end; the exit status says how it went")
    add("--headless", action="store_true", help="print only addresses and events, no live line")
    add("--meter", choices=sorted(MAPS), metavar="TYPE",
        help="the meter on the charger's line, whatever its setting meter.type says (default: the one that the setting names; "
             "docs/meters.md has the types)")
    add("--seed", type=int, default=1, metavar="N", help="seed of the world's small variations (default 1)")
    add("--fresh", action="store_true", help="empty DIR/flash first: a new device that nobody has set up")
    add("--release", type=Path, metavar="DIR", help="a new flash starts from a slot with this release (build/release/VERSION, made "
        "with --sources unless --vm) instead of from the sources, so that it can be updated (docs/update.md)")
    add("--vm", action="store_true", help="run the firmware on MicroPython in a process of its own, in real time")
    add("--pilot", metavar="CIRCUIT", help="the pilot as a waveform on a circuit of docs/pilot.md, such as P3, or P3:corner with "
        "every part at an end of its tolerance (default: the ideal pilot, which is quicker)")
    return parser


class Console:
    """What is printed: lines, and in a terminal one live line below them."""

    def __init__(self, live):
        self._live = live
        self._shown = ""
        self._lock = threading.Lock()

    def line(self, text):
        with self._lock:
            sys.stdout.write((CLEAR_LINE if self._live else "") + text + "\n" + self._shown)
            sys.stdout.flush()

    def live(self, text):
        with self._lock:
            self._shown = text
            sys.stdout.write(CLEAR_LINE + text)
            sys.stdout.flush()

    def end_live(self):
        with self._lock:
            if self._shown:
                sys.stdout.write(CLEAR_LINE)
            self._shown = ""


def _mqtt_port(args):
    """Of the broker, 0: none."""
    if args.mqtt_port is not None:
        return args.mqtt_port
    return MQTT_PORT if args.scenario is None else 0


def _ports(args):
    """(charger's port, its HTTPS port, bench's listening socket). Raises NotStarted when one is taken or given twice."""
    ports = {"--http": args.http, "--https": args.https, "--bench": args.bench, "--mqtt-port": _mqtt_port(args)}
    for one, other in itertools.combinations(ports, 2):
        if ports[one] and ports[one] == ports[other]:
            raise NotStarted(f"{one} and {other} are both {ports[one]}; they must differ")
    for option in ("--http", "--https"):
        if ports[option]:
            _bound(option, ports[option]).close()
    listener = _bound("--bench", args.bench)
    https_port = args.https
    if https_port is None:
        https_port = HTTPS_PORT if HTTPS_PORT not in ports.values() and _is_free(HTTPS_PORT) else 0
    return args.http or free_port(), https_port or free_port(), listener


def _bound(option, port):
    try:
        return bound_socket(port)
    except PortInUse as exc:
        raise NotStarted(f"{exc.strerror}; {option} chooses another") from None


def _is_free(port):
    try:
        bound_socket(port).close()
    except PortInUse:
        return False
    return True


def _check_pilot(args):
    """Raises NotStarted where the board cannot have that pilot."""
    facts = json.loads((BOARDS / (args.board + ".json")).read_text())
    try:
        wrong = refusal(fit.fit(facts, args.pilot, args.seed)[0])
    except ValueError as exc:
        wrong = str(exc)
    if wrong is not None:
        raise NotStarted(f"--pilot {args.pilot} on --board {args.board}: {wrong}")


def _live_text(twin):
    state = twin.world.state()
    try:
        overview = twin.facts("overview_state")
    except Exception:                   # the line is for people: no power, starting, or stopped
        overview = "no firmware"
    seconds = state["t_ms"] // 1000
    ev = state["ev"]
    return (f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}  {overview}  pilot {ev['state']} "
            f"{state['cp']['duty_permille'] / 10:.1f} %  contactor {'closed' if state['contactor']['closed'] else 'open'}  "
            f"{ev['current_ma'] / 1000:.1f} A  {state['meter']['power_w']} W  battery {ev['soc'] * 100:.0f} %")


def _show_live(twin, console, ended):
    while not ended.wait(LIVE_S):
        try:
            console.live(twin.clock.call(lambda: _live_text(twin), timeout_s=2))
        except TimeoutError:
            continue
        except OSError:                 # the clock has been closed
            return


def _on_signals(act):
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, act)


def _interrupt(signum, frame):
    raise KeyboardInterrupt


def _start(args):
    """Everything that may refuse, in an order that leaves nothing half started."""
    steps = None if args.scenario is None else read(args.scenario)
    wrong = problems(BOARDS, args.board + ".json")
    if wrong:
        raise NotStarted("%s/%s" % (BOARDS.name, wrong[0]))
    if args.pilot is not None:
        _check_pilot(args)
    command = _vm_command(args) if args.vm else None
    http_port, https_port, listener = _ports(args)
    try:
        data = Data(args.data, args.fresh)
        if args.release is not None:
            slots.begin_with(data.flash, args.release)
    except (NotStarted, ValueError) as exc:
        listener.close()
        raise NotStarted(str(exc)) from None
    return steps, command, http_port, https_port, listener, data


def _vm_command(args):
    """The interpreter with its options. Raises NotStarted when there is none."""
    if args.speed not in (None, 1):
        raise NotStarted("--vm runs in real time: leave --speed out, or 1")
    from tools.setup.vm import VmMissing, vm_command
    from tools.twin.vm_runner import HEAP_KB
    try:
        return vm_command(HEAP_KB)
    except VmMissing as exc:
        raise NotStarted(f"--vm: {exc}") from None


def main(argv=None):
    """Runs the twin; returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        steps, *started = _start(args)
    except (NotStarted, ScenarioError) as exc:
        print(exc, file=sys.stderr)
        return 2
    live = sys.stdout.isatty() and not args.headless
    console = Console(live)
    hurry = steps is not None and args.headless and not args.vm
    speed = args.speed if args.speed is not None else 0 if hurry else 1
    _on_signals(_interrupt)
    try:
        return _run(args, steps, *started, console, speed, live)
    except KeyboardInterrupt:           # before or after the twin itself ran
        return 0 if steps is None else INTERRUPTED


def _run(args, steps, command, http_port, https_port, listener, data, console, speed, live):
    identity, access = data.make_secrets()
    mqtt_port = _mqtt_port(args)
    broker = BrokerProcess(mqtt_port) if mqtt_port else None
    common = {"seed": args.seed, "event": lambda text: event(text), "set_up": not args.fresh, "identity": identity,
              "access": access, "mqtt_port": mqtt_port or None, "https_port": https_port, "energy_mwh": data.energy_mwh(),
              "board": args.board, "meter": args.meter, "pilot": args.pilot}
    if command is None:
        twin = Twin(data.flash, http_port, speed, **common)
    else:
        from tools.twin.vm_runner import VmTwin
        twin = VmTwin(data.flash, http_port, command, **common)
    data.make_certificate()
    bench = Bench(twin, listener)
    results = []

    def event(text):
        console.line(f"{twin.clock.now_us / 1e6:12.3f} s  {text}")

    def edge(t_us, signal_name, value):
        event(f"{signal_name} {json.dumps(value)}")
        if (signal_name, value) == ("contacts", False):
            data.save_energy(twin.world.mains.energy.mwh)

    def finished(failure):
        results.append(failure)
        twin.end()

    bench.start()
    password = data.write_twin_json(http_port, https_port, bench.port, mqtt_port)
    label = " (the label's: it must be changed)" if args.fresh else ""
    console.line(f"charger  http://{HOST}:{http_port}\nbench    http://{HOST}:{bench.port}\n"
                 f"broker   {broker.says if broker else 'none'}\n"
                 f"log-in   admin, password {password}{label}\ndata     {data.folder}")
    twin.world.trace.subscribe(edge)
    if steps is not None:
        Play(twin, steps, finished, lambda text: event("> " + text)).start()
    ended = threading.Event()
    if live:
        threading.Thread(target=_show_live, args=(twin, console, ended), name="live", daemon=True).start()

    def switch_off(signum, frame):
        """The first signal takes the supply away, as somebody who pulls the plug; a second one interrupts."""
        _on_signals(_interrupt)
        twin.end()

    _on_signals(switch_off)
    try:
        twin.run()
    finally:
        _on_signals(signal.SIG_IGN)
        ended.set()
        bench.stop()
        data.save_energy(twin.world.mains.energy.mwh)
        twin.close()
        if broker is not None:
            broker.stop()
        console.end_live()
    if steps is None:
        console.line("ended")
        return 0
    if not results:
        console.line("the scenario was interrupted")
        return INTERRUPTED
    console.line("the scenario went as told" if results[0] is None else results[0])
    return 0 if results[0] is None else 1


if __name__ == "__main__":
    sys.exit(main())
