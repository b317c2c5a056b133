"""The world's end of a firmware that runs on MicroPython in a process of its own."""
import itertools
import json
import signal
import socket
import subprocess
import time
from array import array

from tools.twin.cpython_port import Watchdog
from tools.twin.hal import Hal

PROTOCOL = 1
HELLO_TIMEOUT_S = 30
ALIVE_S = 0.2  # so often it is looked whether a process that has not connected yet still lives
_PINGS = 20
_TICKS = 1 << 30
_EXITS = {41: "reset:hard", 42: "reset:watchdog", 43: "reset:soft", 0: "exit", 130: "exit"}


class VmLink(Hal):
    """A Hal whose interpreter is elsewhere: the world uses it as it uses Hal, and the chip's state lives here between boots.

    `clock` must run at real time (speed 1); the link makes it keep that pace.
    """

    def __init__(self, board, clock, on_output=None):
        super().__init__(board, clock, on_output)
        clock.lag_limit_s = None
        self.process = None
        self.heap_used_by_shims = None  # bytes, told by the firmware's process before boot.py begins; its image is in it
        self.heap_total = None
        self.heap_live = None  # bytes after a collection, with the shims': the answer to ask_heap()
        self.latenesses = None  # [ticks that were n ms late]: the answer to ask_latenesses()
        self.clock_error_us = None  # half the best round trip of the clock agreement
        self.stopped = False
        self._conn = None
        self._rest = b""
        self._child_zero_us = 0
        self._child_last = 0
        self._pings = {}  # number -> when it was asked
        self._ping_number = itertools.count()

    # -- the world's calls, passed on -------------------------------------------------------------------------------------
    def set_pin(self, gpio, level):
        super().set_pin(gpio, level)
        self._tell("P %d %s" % (gpio, "-" if level is None else int(bool(level))))

    def set_adc(self, gpio, uv):
        super().set_adc(gpio, uv)
        self._tell("A %d %d" % (gpio, uv))

    def set_onewire(self, gpio, rows, shorted=False):
        super().set_onewire(gpio, rows, shorted)
        self._tell("W %d %s" % (gpio, json.dumps([rows, shorted], separators=(",", ":"))))

    def set_pilot(self, high_mv, low_mv):
        super().set_pilot(high_mv, low_mv)
        if getattr(self, "_conn", None) is not None:
            self._tell("C %d %d" % (high_mv, low_mv))

    def uart_rx(self, ident, data):
        if data:
            self._tell("U %d %s" % (ident, bytes(data).hex()))

    def take_air(self, air):
        super().take_air(air)
        if getattr(self, "_conn", None) is not None:
            self._tell("N " + json.dumps(air))

    def set_mcu_temperature(self, celsius):
        """Die temperature in whole degrees."""
        if celsius != self.mcu_temperature_c:
            self.mcu_temperature_c = celsius
            self._tell("M %d" % celsius)

    def set_flash_full(self, full):
        """Writes find no room, or do again."""
        self.flash_full = full
        self._tell("L %d" % full)

    # -- the process ------------------------------------------------------------------------------------------------------
    def attach(self, conn):
        """Greets the process at the other end of an accepted connection and lets it start. Raises ConnectionError."""
        greet(conn, {"board": self.board, "chip": self.export()})
        best = None
        for n in range(_PINGS):
            sent = self._real_us()
            conn.sendall(b"T %d\n" % n)
            answer = _line(conn).split()
            back = self._real_us()
            if best is None or back - sent < best[0]:
                best = (back - sent, (sent + back) // 2, int(answer[2]))
        self.clock_error_us = best[0] // 2 + 1
        self._child_zero_us = best[1] - best[2]
        self._child_last = best[2]
        conn.sendall(b"GO\n")
        conn.setblocking(False)
        self._conn = conn
        self._rest = b""
        self.stopped = False
        self.clock.add_reader(conn, self._readable)

    def detach(self):
        """Forgets the connection, after taking in what it still holds."""
        if self._conn is not None:
            self._readable()
        if self._conn is not None:
            self._drop()

    def measure_clock(self):
        """Asks the firmware's process for its time; the answer moves clock_drift_us. Answers come while the clock runs."""
        n = next(self._ping_number)
        self._pings[n] = self._real_us()
        self._tell("T %d" % n)

    def ask_heap(self):
        """Asks how much heap is in use after a collection; the answer sets heap_live while the clock runs."""
        self.heap_live = None
        self._tell("G")

    def ask_latenesses(self):
        """Asks how late the control ticks were since the last question; the answer sets latenesses while the clock runs, [] the
        first time, from which on they are counted."""
        self.latenesses = None
        self._tell("H")

    clock_drift_us = 0  # how far the two clocks had moved apart at the last measure_clock()

    def _drop(self):
        self.clock.remove_reader(self._conn)
        self._conn.close()
        self._conn = None

    def _real_us(self):
        return self.clock.paced_now_us()

    def _tell(self, line):
        if self._conn is not None:
            try:
                self._conn.setblocking(True)
                self._conn.sendall(line.encode() + b"\n")
                self._conn.setblocking(False)
            except OSError:
                self._drop()  # it has just died; wait() tells why

    def _readable(self):
        try:
            while self._conn is not None:
                data = self._conn.recv(65536)
                if not data:
                    self._drop()
                self._rest += data
        except BlockingIOError:
            pass
        except OSError:
            self._drop()
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            self._take(line.decode())

    def _take(self, line):
        verb, _, rest = line.partition(" ")
        if verb == "O":
            t_us, signal_, key, text = rest.split(" ", 3)
            self._output(self._world_us(int(t_us)), signal_, int(key), text)
        elif verb == "T":
            n, t_us = (int(x) for x in rest.split())
            sent = self._pings.pop(n)
            self.clock_drift_us = self._world_us(t_us) - (sent + self._real_us()) // 2
        elif verb == "B":
            self.rtc_memory = b"" if rest == "." else bytes.fromhex(rest)
        elif verb == "R":
            self.rtc_set(int(rest))
        elif verb == "V":
            self.nvs = {(s, k): v if isinstance(v, int) else bytes(v) for s, k, v in json.loads(rest)}
        elif verb == "HEAP":
            self.heap_used_by_shims, self.heap_total = (int(word) for word in rest.split())
        elif verb == "LIVE":
            self.heap_live = int(rest)
        elif verb == "LATE":
            counts = bytes.fromhex(rest)
            self.latenesses = list(array("I", counts + bytes(-len(counts) % 4)))
        elif verb == "STOPPED":
            self.stopped = True
        else:
            raise ValueError("the firmware's process said %r" % line)

    def _world_us(self, child_us):
        """World time of a 30-bit stamp of the process."""
        step = (child_us - self._child_last) % _TICKS
        if step < _TICKS // 2:
            if child_us < self._child_last:
                self._child_zero_us += _TICKS
            self._child_last = child_us
        return self._child_zero_us + child_us

    def _output(self, t_us, signal_, key, text):
        value = None if text == "-" else text
        if value is not None:
            if signal_ == "pwm":
                freq_hz, high_ns, bits, duty, invert = (int(x) for x in text.split(","))
                value = (freq_hz, high_ns)
                self.pwm[key] = [freq_hz, bits, duty, bool(invert), t_us]
                self.driven.pop(key, None)
            elif signal_ in ("uart", "neopixel"):
                value = b"" if text == "." else bytes.fromhex(text)
            elif signal_ == "reset":
                self.next_cause = text
            else:
                value = int(text)
        elif signal_ == "pwm":
            self.pwm.pop(key, None)
        if signal_ == "pin":
            self.pwm.pop(key, None)
            self.driven[key] = value
            if value is None:
                del self.driven[key]
        elif signal_ == "wdt":
            self._stop_watchdog()
            self.watchdog = Watchdog(self.clock, value, self._bite)
        elif signal_ == "wdt_feed" and self.watchdog is not None:
            self.watchdog.feed()
        if self.on_output is not None:
            self.on_output(signal_, key, value, t_us)

    def _bite(self):
        self.watchdog = None
        self.reset("watchdog")


class VmProcess:
    """The firmware on MicroPython: one boot per start(). `command` is the interpreter with its options."""

    def __init__(self, link, command, flash_dir, main_file, environment=None, stdout=None):
        self.link = link
        self._command = list(command)
        self._root = flash_dir.rstrip("/") + "/"
        self._main = main_file
        self._environment = environment
        self._stdout = stdout
        self._killed = None
        self.process = None
        link.on_halt = self._halt

    def start(self):
        """Begins a boot; the reset's cause is the link's next_cause. Raises ConnectionError when the process does not greet."""
        link = self.link
        cause, link.next_cause = link.next_cause, "power"
        link.begin_boot(cause)
        self._killed = None
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.process = subprocess.Popen(
                self._command + [self._main, str(server.getsockname()[1]), self._root],
                cwd=self._root, env=self._environment, stdout=self._stdout, stdin=subprocess.DEVNULL)
            conn = None
            try:
                conn = self._accept(server)
                link.attach(conn)
            except OSError as exc:
                if conn is not None:
                    conn.close()
                self.process.kill()
                self.process.wait()
                raise ConnectionError("the firmware's process did not start: %s" % exc) from exc

    def _accept(self, server):
        """The process's connection. OSError where it ends, or says nothing for HELLO_TIMEOUT_S."""
        server.settimeout(ALIVE_S)
        end = time.monotonic() + HELLO_TIMEOUT_S
        while True:
            try:
                return server.accept()[0]
            except TimeoutError:
                status = self.process.poll()
                if status is not None:
                    raise ConnectionError("it ended with status %d" % status) from None
                if time.monotonic() > end:
                    raise ConnectionError("it said nothing for %d s" % HELLO_TIMEOUT_S) from None

    def running(self):
        """False once the process has ended."""
        return self.process is not None and self.process.poll() is None

    def wait(self, limit_us=None):
        """Runs the world until the boot ends and says why, as run_firmware does; None when limit_us came first.

        "stopped" is said at once when the firmware has ended without a watchdog; "crash:<status>" is the interpreter's own death.
        """
        self.link.clock.run_until(self._ended, limit_us)
        return self.reason() if self._ended() else None

    def _ended(self):
        link = self.link
        return link._conn is None or not self.running() or (link.stopped and link.watchdog is None)

    def reason(self):
        """Why the boot ended, once it has."""
        link = self.link
        if self._killed is None and link.stopped and self.running():
            return "stopped"
        link.detach()
        status = self.process.wait(HELLO_TIMEOUT_S)
        if self._killed is not None:
            return self._killed
        reason = _EXITS.get(status, "crash:%d" % status)
        if reason.startswith("reset:"):
            link.next_cause = reason[6:]
        return reason

    def _halt(self, cause):
        self._end("power_cut" if cause == "power" else "reset:" + cause, signal.SIGKILL)

    def kill(self):
        """The supply fails."""
        self.link.power_cut()

    def interrupt(self, timeout_s=5):
        """Ctrl-C: the firmware may end in order; after timeout_s it is ended."""
        if self.running():
            self.process.send_signal(signal.SIGINT)
            end = time.monotonic() + timeout_s
            while self.running() and time.monotonic() < end:
                self.link.clock.run_until(self._ended, self.link.clock.now_us + 20_000)
        self._end("exit", signal.SIGKILL)

    def _end(self, reason, number):
        if self._killed is None:
            self._killed = reason
        if self.running():
            self.process.send_signal(number)
            self.process.wait()


def greet(conn, state):
    """Hears who is at the other end of an accepted connection and tells it the state. Raises ConnectionError."""
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    conn.settimeout(HELLO_TIMEOUT_S)
    hello = _line(conn)
    if hello != b"HELLO mode3-twin %d" % PROTOCOL:
        raise ConnectionError("this is no firmware of ours: it said %r" % hello)
    conn.sendall(b"HELLO %d %s\n" % (PROTOCOL, json.dumps(state).encode()))


def _line(conn):
    """One line of a blocking connection, without reading past it."""
    data = b""
    while not data.endswith(b"\n"):
        byte = conn.recv(1)
        if not byte:
            raise ConnectionError("the firmware's process closed the link")
        data += byte
    return data[:-1]
