"""The device's file system for firmware on MicroPython in virtual time: what flash.py is on CPython.

A written file appears complete when it is closed or flushed, or not at all; erasing and programming hold the interpreter.
Reading costs nothing. Runs only on MicroPython.
"""
import errno
import io

_INLINE_BYTES = 64  # a file this small lives in its directory's block
_BLOCK_BYTES = 4096
_PAGE_BYTES = 256


class FlashFiles:
    """Stands in for open(), and for os.rename, remove, unlink, mkdir and rmdir, below `root` (with its slash)."""

    def __init__(self, root, clock, hal, costs, os):
        self._root = root
        self._clock = clock
        self._hal = hal
        self._costs = costs
        self._os = os
        self._metadata = 0

    def install(self, shadow):
        """Replaces the built-in open() and the functions of `shadow`, the firmware's os."""
        import builtins
        self._open = builtins.open
        builtins.open = self.open
        for name, new in (("rename", True), ("remove", False), ("unlink", False), ("mkdir", True), ("rmdir", False)):
            setattr(shadow, name, self._guarded(getattr(self._os, name), new, name != "mkdir"))

    def _guarded(self, real, new, there):
        def call(path, *more):
            if path.startswith(self._root):
                if new:
                    self.room()
                if there:
                    self._os.stat(path)  # what fails costs nothing
                self.commit_metadata()
            return real(path, *more)
        return call

    def open(self, path, mode="r", **more):
        """The built-in open(), except for files of the flash that are to be written."""
        if "r" in mode and "+" not in mode or not path.startswith(self._root):
            return self._open(path, mode, **more)
        if "+" in mode or "x" in mode:
            raise ValueError("the twin's flash knows no mode %s on MicroPython" % mode)
        return _FlashFile(self, path, mode)

    def size(self, path):
        """Bytes of a file; None where there is none."""
        try:
            return self._os.stat(path)[6]
        except OSError:
            return None

    def room(self):
        """Raises OSError(ENOSPC) when the flash is full."""
        if self._hal.flash_full:
            raise OSError(getattr(errno, "ENOSPC", 28))

    def commit_metadata(self):
        """A change of a directory: a few programs, and an erase when its block is full."""
        self._metadata += 1
        costs = self._costs
        erase_us = 0 if self._metadata % costs.FLASH_METADATA_ERASE_EVERY else costs.FLASH_ERASE_US
        self._clock.hold(costs.FLASH_METADATA_US + erase_us)

    def program(self, at):
        """A page of a file goes to the flash as soon as it is full, `at` that many bytes from where the writing began; a block is
        erased before its first page."""
        self._clock.hold(self._costs.FLASH_PROGRAM_US + (0 if at % _BLOCK_BYTES else self._costs.FLASH_ERASE_US))

    def commit(self, at, end, size):
        """What is left from `at` to `end`, and the entry of a file that is then `size` bytes long."""
        self.room()
        if size > _INLINE_BYTES and end > at:
            self.program(at)
        self.commit_metadata()

    def put(self, path, mode, data):
        """Writes to the host's file."""
        with self._open(path, mode) as file:
            file.write(data)


class _FlashFile(io.IOBase):
    """A file being written: the flash sees it at flush() and close(). One that nobody closes is one that nobody wrote."""

    def __init__(self, flash, path, mode):
        self._flash = flash
        self._path = path
        self._text = "b" not in mode
        self._append = "a" in mode
        self._dirty = not self._append
        self._data = bytearray()  # not yet on the flash when appending, else the whole file
        self._open = True
        self._filled = 0         # bytes whose cost is paid
        size = flash.size(path)
        if size is None:
            flash.room()
            flash.commit_metadata()
            flash.put(path, "wb", b"")  # LittleFS enters an empty file at once
        self._base = size or 0 if self._append else 0

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def write(self, data):
        """Takes bytes, or text in a file opened for text."""
        if not self._open:
            raise ValueError("the file is closed")
        if isinstance(data, str) != self._text:
            raise TypeError("text and bytes do not mix")
        self._data.extend(data.encode() if self._text else data)
        self._dirty = True
        while len(self._data) - self._filled >= _PAGE_BYTES:
            self._filled += _PAGE_BYTES
            self._flash.program(self._filled - _PAGE_BYTES)
        return len(data)

    def tell(self):
        """Where the next byte goes."""
        return self._base + len(self._data)

    def flush(self):
        """What was written goes to the flash."""
        if self._dirty:
            self._dirty = False
            self._flash.commit(self._filled, len(self._data), self._base + len(self._data))
            self._filled = len(self._data)
            self._flash.put(self._path, "ab" if self._append else "wb", self._data)
            if self._append:
                self._base += len(self._data)
                self._data = bytearray()
                self._filled = 0

    def close(self):
        """The end of it."""
        if self._open:
            self._open = False
            self.flush()
