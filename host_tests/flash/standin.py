"""A board with MicroPython behind a pseudo-terminal: raw REPL and raw paste as the device speaks them, run by the real VM on a real
LittleFS. mpremote cannot tell it from a device, but for the platform's name."""
import contextlib
import os
import pty
import select
import subprocess
import threading
import tty
from pathlib import Path

from tools.setup.vm import vm_command

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
WINDOW = 512
HERE = Path(__file__).resolve().parent


class Pulled(Exception):
    """The cable."""


class StandIn:
    """Context: .port is the terminal's name. image: the flash's file, kept from one context to the next. After `dies_after` bytes
    that came in the terminal is gone: the cable was pulled. The first `deaf` orders for a raw REPL are not heard: it starts."""

    def __init__(self, image, blocks=400, dies_after=None, deaf=0):
        self._image = Path(image)
        self._blocks = blocks
        self._left = dies_after
        self._deaf = deaf
        self.restarted = threading.Event()       # nobody waits for the answer to that

    def __enter__(self):
        self._image.touch()
        self._vm = subprocess.Popen(vm_command(8192) + [str(HERE / "standin_vm.py"), str(self._image), str(self._blocks)],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._host, self._device = pty.openpty()
        tty.setraw(self._host)
        tty.setraw(self._device)
        self.port = os.ttyname(self._device)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._until_pulled, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join(60)
        self._vm.stdin.close()
        self._vm.wait(60)
        self._vm.stdout.close()
        for end in (self._host, self._device):
            if end is not None:
                os.close(end)

    def _some(self, most):
        """Bytes from the terminal, at least one; b"" when the test ends."""
        while not self._ends.is_set():
            if select.select([self._host], [], [], 0.05)[0]:
                found = os.read(self._host, most)
                if self._left is not None:
                    self._left -= len(found)
                    if self._left < 0:
                        self._ends.set()
                        os.close(self._host)
                        self._host = None
                        raise Pulled
                return found
        return b""

    def _read(self, size=1):
        """So many bytes."""
        found = b""
        while len(found) < size and not self._ends.is_set():
            found += self._some(size - len(found))
        return found

    def _until_pulled(self):
        with contextlib.suppress(Pulled):
            self._serve()

    def _serve(self):
        code = bytearray()
        raw = False
        while not self._ends.is_set():
            char = self._read()
            if char == b"\x01" and self._deaf:
                self._deaf -= 1
            elif char == b"\x01":
                raw, code = True, bytearray()
                os.write(self._host, BANNER)
            elif char == b"\x02":
                raw = False
                os.write(self._host, b"\r\nMicroPython\r\n>>> ")
            elif char == b"\x03":
                code = bytearray()
            elif char == b"\x04" and raw:
                self._run(bytes(code), b"OK")
                code = bytearray()
            elif char == b"\x05" and raw and self._read(2) == b"A\x01":
                self._run(self._paste(), b"")
            elif raw:
                code += char

    def _paste(self):
        os.write(self._host, b"R\x01" + WINDOW.to_bytes(2, "little"))
        code, room = bytearray(), WINDOW
        while not self._ends.is_set():
            piece = self._some(room)
            code += piece
            if code.endswith(b"\x04"):       # never in a program's text
                os.write(self._host, b"\x04")
                return bytes(code[:-1])
            room -= len(piece)
            if room == 0:
                room = WINDOW
                os.write(self._host, b"\x01")
        return b""

    def _run(self, code, first):
        if code == b"import machine\nmachine.reset()":
            self.restarted.set()
            return
        self._vm.stdin.write(len(code).to_bytes(4, "big") + code)
        self._vm.stdin.flush()
        answer, ends = bytearray(), 0
        while ends < 2:
            char = self._vm.stdout.read(1)
            if not char:
                return
            answer += char
            ends += char == b"\x04"
        os.write(self._host, first + bytes(answer) + b">")
