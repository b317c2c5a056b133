"""A device with MicroPython at a serial port, reached with mpremote's own transport (raw REPL)."""
import ast
import contextlib
import hashlib
import io

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

PIECE = 1024
PINNED = (1, 25)        # MicroPython: what the tests run on
TRIES = 3               # opening a port resets many boards, and boot.py listens to nobody while it makes the pins safe
TRY_S = 5
SILENT_S = 10           # a board that says nothing for so long will say nothing more
_ABOUT = """import sys,os,gc
s=os.statvfs('/')
print(repr((sys.platform,sys.implementation[2],tuple(sys.implementation[1][:3]),gc.mem_alloc()+gc.mem_free(),s[0]*s[3])))"""
_TREE = """def w(p):
 for e in os.ilistdir(p or '/'):
  if e[1]&0x4000:w(p+'/'+e[0])
  print(repr((p+'/'+e[0],e[1]&0x4000,e[3])))
import os
w('')"""


class DeviceError(Exception):
    """The device does not do what is wanted; the text says what to do about it."""


def _silently():
    """mpremote prints what it waits for and what it did not understand."""
    return contextlib.redirect_stdout(io.StringIO())


class Device:
    """Open until close(). All methods raise DeviceError."""

    def __init__(self, port, wait_s=0):
        """wait_s: how long the port may take to come; a board with USB of its own takes it away while it restarts."""
        try:
            with _silently():
                self._transport = SerialTransport(port, wait=wait_s, timeout=SILENT_S)
        except (TransportError, OSError) as error:
            raise DeviceError("%s cannot be opened (%s). Is the board plugged in, and no other program at the port?" % (
                port, error))
        for left in reversed(range(TRIES)):
            try:
                with _silently():
                    self._transport.enter_raw_repl(soft_reset=False, timeout_overall=TRY_S)
                return
            except (TransportError, OSError) as error:
                if not left or isinstance(error, OSError):
                    self.close()
                    raise DeviceError("no MicroPython answers at %s (%s). Write it first: FIRMWARE=file.bin" % (port, error))

    def close(self):
        """Let go of the port; one that is gone already is let go of."""
        with contextlib.suppress(OSError):
            self._transport.close()

    @contextlib.contextmanager
    def _doing(self, what):
        try:
            yield
        except (TransportError, TransportExecError, OSError, SyntaxError, ValueError) as error:
            last = str(error).strip().splitlines()
            raise DeviceError("%s: %s" % (what, last[-1] if last else type(error).__name__))

    def about(self):
        """(platform, "board with CHIP", (major, minor, patch), bytes of memory for Python, bytes free in the file system)"""
        with self._doing("asking what it is"):
            return ast.literal_eval(self._transport.exec(_ABOUT).decode())

    def run(self, code):
        """What a piece of Python prints on the device."""
        with self._doing("asking the board"):
            return self._transport.exec(code).decode()

    def tree(self):
        """{path: size} of all files, and [folders], deepest first."""
        files, folders = {}, []
        with self._doing("listing its files"):
            for line in self._transport.exec(_TREE).decode().splitlines():
                path, folder, size = ast.literal_eval(line.strip())
                if folder:
                    folders.append(path)
                else:
                    files[path] = size
        return files, folders

    def read(self, path):
        """The bytes of a file."""
        with self._doing("reading " + path):
            return bytes(self._transport.fs_readfile(path))

    def make_folder(self, path):
        """Make a folder; one that is there is left alone."""
        with self._doing("making the folder " + path):
            if not self._transport.fs_exists(path):
                self._transport.fs_mkdir(path)

    def write(self, path, data, progress=None):
        """Write a file; progress(bytes) after each piece."""
        shown = (lambda written, total: progress(written)) if progress else None
        with self._doing("writing " + path):
            self._transport.fs_writefile(path, data, PIECE, shown)

    def remove(self, path):
        """Delete a file."""
        with self._doing("deleting " + path):
            self._transport.fs_rmfile(path)

    def remove_folder(self, path):
        """Delete an empty folder."""
        with self._doing("deleting " + path):
            self._transport.fs_rmdir(path)

    def holds(self, path, data):
        """Whether the file is byte for byte this: the device hashes what it reads back."""
        with self._doing("reading %s back" % path):
            return bytes(self._transport.fs_hashfile(path, "sha256")) == hashlib.sha256(data).digest()

    def restart(self):
        """Reset the chip; nothing is waited for."""
        with self._doing("restarting"):
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
