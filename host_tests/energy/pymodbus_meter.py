"""A meter that is somebody else's in the twin's world: pymodbus in a process of its own, at the other end of a pseudo terminal.

It measures what the world's mains carry. In real time the line is asynchronous; in virtual time the world waits for the answer,
and it then comes after the time that both frames need on the wire, so that the run is the same on every machine.
"""
import json
import os
import pty
import select
import subprocess
import sys
import tty
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ANSWER_S = 30           # real time; who has said nothing by then is silent
TURNAROUND_US = 8_000
BITS_PER_BYTE = 10
EXCEPTION = 0x80


class PymodbusMeter:
    """Takes the place of the meter on the charger's RS485 line; to be made before the twin runs, and closed after."""

    def __init__(self, twin, baud=19200):
        self.answers = 0
        self._twin = twin
        self._baud = baud
        self._uart = twin.board["rs485"]["uart"]
        self._fd, self._slave_fd = pty.openpty()
        tty.setraw(self._slave_fd)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "host_tests.energy.pymodbus_slave", os.ttyname(self._slave_fd), "--live"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if self._process.stdout.readline().strip() != b"ready":
            self.close()
            raise ValueError("the meter of pymodbus did not start")
        if twin.clock.speed:
            twin.clock.add_reader(self._fd, self._readable)
        twin.world.hear("uart", self._uart, self._heard)

    def close(self):
        """The slave ends. Before the twin is closed."""
        if self._twin.clock.speed:
            self._twin.clock.remove_reader(self._fd)
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        os.close(self._slave_fd)
        os.close(self._fd)

    def _heard(self, frame):
        if not frame or self._twin.world.faults["meter_silent"]:
            return
        readings = self._twin.world.readings
        told = {name: getattr(readings, name) for name in ("voltage_mv", "current_ma", "power_w", "energy_wh")}
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        self._process.stdin.flush()
        os.write(self._fd, bytes(frame))
        if not self._twin.clock.speed:
            answer = self._whole_answer()
            bits = (len(frame) + len(answer)) * BITS_PER_BYTE
            self._twin.clock.after(bits * 1_000_000 // self._baud + TURNAROUND_US, lambda: self._says(answer))

    def _whole_answer(self):
        answer = b""
        while len(answer) < 3 or len(answer) < (5 if answer[1] & EXCEPTION else 5 + answer[2]):
            if not select.select([self._fd], [], [], ANSWER_S)[0]:
                return b""
            answer += os.read(self._fd, 512)
        return answer

    def _readable(self):
        self._says(os.read(self._fd, 512))

    def _says(self, data):
        hal = self._twin.world.hal
        if hal is not None and data:
            self.answers += 1
            hal.uart_rx(self._uart, data)
