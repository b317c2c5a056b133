"""One twin: clock, board, world and flash together, boot after boot until somebody ends it."""

import asyncio
import contextlib
import gc
import json
import random
import sys
import time
from pathlib import Path

from tools.pilot.fit import fit
from tools.twin import cpython
from tools.twin.boot_cpython import run_firmware
from tools.twin.clock import Halt, PowerCut, Reset, VirtualClock
from tools.twin.hal import Hal
from tools.twin.meter import ModbusMeter
from tools.twin.meter_maps import MAPS
from tools.twin.sockets import BoardSockets
from tools.twin.visitor import into, visit
from tools.twin.world import World

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = str(ROOT / "lib")
POWER_CYCLE_US = 1_000_000
STANDSTILL = 1e-6       # a microsecond in a second: nothing happens, and nothing needs a second kind of time
RESTARTS = ("power_cut", "reset:hard", "reset:watchdog", "reset:soft", "ended")


class NotNow(Exception):
    """Something was asked for that cannot be done in the twin's present state; the text says why."""


def _provision(flash_dir, http_port, https_port, board, set_up, in_time, world_has_servers, **more):
    """Provisioning writes with the firmware's own settings store, which imports what only the shims have."""
    cpython.install()
    try:
        from tools.twin.provision import provision
        services = {"http_host": "127.0.0.1", "http_port": http_port, "inline_workers": True, "mqtt_thread": in_time,
                    "dns_port": 0, "ssdp_port": 0}
        if not world_has_servers:       # a process of its own has the host's sockets: no time servers of the world
            services["ntp_port"] = 0
        if https_port is not None:
            services["https_port"] = https_port
        provision(flash_dir, services, board, set_up, **more)
    finally:
        cpython.uninstall()


def _meter_that_is_set(flash_dir):
    """(type, address, baud) as the settings on the flash name them; (None, …) where they name none that exists."""
    cpython.install()
    try:
        from tools.twin.provision import settings_of
        settings = settings_of(flash_dir)
    finally:
        cpython.uninstall()
    return settings["meter.type"], settings["meter.address"], settings["meter.baud"]


@contextlib.contextmanager
def _end_with_the_boot(clock, world):
    """What the chip forgets when it stops: its sockets are closed, and coroutines that were under way are buried while
    every device call of theirs still fails, so that no `finally` of theirs reaches the next boot's pins."""
    sockets = BoardSockets(clock, world, not clock.speed)
    hook = sys.unraisablehook

    def quiet(unraisable):
        if not issubclass(unraisable.exc_type, Halt):
            hook(unraisable)

    sockets.install()
    sys.unraisablehook = quiet
    try:
        yield
    finally:
        sockets.remove()
        try:
            clock.check()
        except Halt as exc:     # what ended the boot holds on to all of its frames
            exc.__traceback__ = exc.__context__ = None
        gc.collect()
        sys.unraisablehook = hook


class Pace:
    """The speed at which virtual time passes (0: as fast as the host can), pauses, and stretches in a hurry."""

    def __init__(self, clock):
        self._clock = clock
        self.speed = clock.speed
        self.paused = False
        self._hurries = 0

    def set_speed(self, speed):
        """Times real time, 0 = as fast as the host can; a pause ends."""
        self.speed = speed
        self.pause(False)

    def pause(self, on):
        """Let time stand still; what is asked for is still answered."""
        self.paused = on
        self._apply()

    def advance(self, us, done):
        """Run `us` of virtual time as fast as possible, then go back to the usual pace and call done()."""
        self._hurries += 1
        self._apply()

        def arrived():
            self._hurries -= 1
            self._apply()
            done()
        self._clock.after(us, arrived)

    def _apply(self):
        speed = 0 if self._hurries else STANDSTILL if self.paused else self.speed
        if speed != self._clock.speed:
            self._clock.speed = speed


class Twin:
    """The firmware in this process with its world. `flash_dir` is the device's file system, provisioned when it is
    empty; `event(text)` is told what happens to the board as a whole; `board` is a file of board_configs/ without its ending;
    `meter` is the type of the meter on its line, whatever the settings say; None: at each boot the one that they name;
    `identity` and `access` are the label and the chosen passwords of a new flash (provision.py);
    `https_port`: where it listens when web.https is on; `mqtt_port`: of the broker on this host that it is connected to; None: MQTT
    as the settings have it."""

    can_advance = True
    has_servers = True      # names and servers of the world can be reached (tools/twin/sockets.py)

    def __init__(self, flash_dir, http_port, speed=0, seed=1, event=None, set_up=True,
                 energy_mwh=0, board="twin", meter=None, pilot=None, identity=None, access=None, mqtt_port=None,
                 https_port=None):
        if LIBRARY not in sys.path:
            sys.path.append(LIBRARY)
        _provision(flash_dir, http_port, https_port, board, set_up, speed != 0, self.has_servers, identity=identity, access=access,
                   mqtt_port=mqtt_port)
        self.board = json.loads((Path(flash_dir) / "board.json").read_text())
        wave = None
        if pilot is not None:
            self.board, wave = fit(self.board, pilot, seed)
            (Path(flash_dir) / "board.json").write_text(json.dumps(self.board, indent=1))
        # somebody watches: the world's time is now; else the same day in every run
        self.clock = VirtualClock(speed=speed, utc_s=int(time.time())) if speed else VirtualClock()
        self.hal = self._make_hal()
        if not speed:                   # nobody watches: the same run for the same seed, down to the chip's random bytes
            self.hal.random = random.Random(seed)
        self.hal.use_wave(wave, seed)
        self.world = World(self.clock, None, self.board, seed, ModbusMeter, energy_mwh)
        self._meter = meter
        self.pace = Pace(self.clock)
        self.powered = True
        self.http_port = http_port
        self._flash_dir = flash_dir
        self._event = event or (lambda text: None)
        self._ended = self._prompt = False
        self._visit = None      # the newest task of visit(): the loop holds tasks by weak references only
        self.world.on_power = self._power
        self.world.on_reset = self._reset
        self._set_board_clock(self.clock.utc_s())

    def run(self):
        """Boot after boot until `end` is called or Ctrl-C comes. Returns "ended" or "exit"."""
        clock = self.clock
        try:
            while not self._ended:
                if not self.powered:
                    clock.resume()
                    clock.run_until(lambda: self.powered or self._ended)
                    continue
                self._fit_meter()
                self.world.power_returns()
                self.world.attach(self.hal)
                reason = self._boot()
                if reason == "exit":
                    return "exit"
                if not self._ended:
                    self._event(f"firmware ended: {reason}")
                if reason not in RESTARTS:
                    self._wait_at_prompt()
        except KeyboardInterrupt:
            return "exit"
        return "ended"

    def _make_hal(self):
        return Hal(self.board, self.clock)

    def _fit_meter(self):
        """The meter that the charger expects, or the one that was asked for. A generic one is whatever hung there before."""
        kind, address, baud = _meter_that_is_set(self._flash_dir)
        kind = self._meter or kind
        if kind in MAPS or kind == "none":
            self.world.meter_line.fit(None if kind == "none" else kind, address, baud)

    def _boot(self):
        """One boot, from the reset to whatever ends it; returns why."""
        with _end_with_the_boot(self.clock, self.world):
            return run_firmware(self.clock, self.hal, str(self._flash_dir))

    def _halt(self, exc):
        """Stop what the firmware is doing; its end was told to the hal before."""
        self.clock.halt(exc)

    def end(self):
        """Let `run` return soon. To be called in the clock's thread, also from a signal handler."""
        self._ended = True
        self.clock.halt(PowerCut())
        self.clock.wake()

    def set_utc(self, unix_s):
        """Set the wall clock of the world, and with it the board's battery-backed clock."""
        self.clock.set_utc(unix_s)
        self._set_board_clock(unix_s)

    def facts(self, name):
        """One fact of the running charger. Raises NotNow while no firmware runs."""
        return self._station().fact(name)

    def all_facts(self):
        """All facts of the running charger. Raises NotNow while no firmware runs."""
        return self._station().facts()

    def _station(self):
        app = getattr(sys.modules.get("firmware.app"), "current", None)
        try:
            self.clock.check()              # a reset was asked for a moment ago: whoever looks at the clock now would be stopped
        except Halt:
            app = None
        if app is None or not self.powered:
            raise NotNow("the charger is not running")
        return app.station

    def visit(self, method, path, role, values, source=None):
        """Ask one of the charger's API handlers on its event loop, as `visitor.visit` says; `values` is what JSON takes.

        Returns a box: its [0] is None until it becomes (HTTP status, answer). Raises NotNow while no firmware runs. In the
        clock's thread only."""
        app = getattr(sys.modules.get("firmware.app"), "current", None)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            app = None
        if app is None or not self.powered:
            raise NotNow("the charger is not running")
        box = [None]
        self._visit = loop.create_task(into(box, visit(app, method, path, role, json.dumps(values), source)))
        return box

    def close(self):
        """Give the clock's sockets back."""
        self.clock.close()

    def _set_board_clock(self, unix_s):
        if self.board.get("has", {}).get("rtc_battery"):
            self.hal.rtc_set(unix_s)

    def _wait_at_prompt(self):
        """The application is gone and no watchdog bites: only power or reset help."""
        self._prompt = True
        self.clock.resume()
        try:
            self.clock.run_until(lambda: self._ended or not self.powered or not self._prompt)
        except Halt:
            return

    def _power(self, on):
        if on == self.powered:
            return
        self.powered = on
        self._event("power returns" if on else "power is cut")
        if not on:
            self.world.detach()
            self.hal.power_cut()
            self._halt(PowerCut())

    def _reset(self, cause):
        if not self.powered:
            raise NotNow("there is no power: end the power_cut first")
        if cause == "power":
            self.world.set_fault("power_cut", True)
            self.clock.after(POWER_CYCLE_US, lambda: self.world.set_fault("power_cut", False))
        else:
            self.hal.reset(cause)
            self._prompt = False
            self._halt(Reset(cause))
