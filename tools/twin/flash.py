"""The device's file system on the host's: what LittleFS promises, and what its writes cost.

Only for the time of a boot and only below the flash's folder: a written file appears complete when it is closed or flushed, or
not at all; erasing and programming hold the interpreter; after a power cut nothing is written any more.
"""
import builtins
import errno
import io
import os
import threading

from tools.twin import costs

_INLINE_BYTES = 64  # a file this small lives in its directory's block
_BLOCK_BYTES = 4096
_PAGE_BYTES = 256


class FlashFiles:
    """Stands in for open(), os.rename, os.remove, os.unlink, os.mkdir and os.rmdir below `root`."""

    def __init__(self, root, clock, hal):
        self.root = os.path.join(os.path.abspath(root), "")
        self._clock = clock
        self._hal = hal
        self._metadata = 0
        self._thread = threading.get_ident()

    def install(self, patch):
        """patch(object, name, value) replaces until it is undone."""
        self._open = builtins.open
        patch(builtins, "open", self.open)
        for name, new in (("rename", True), ("remove", False), ("unlink", False), ("mkdir", True), ("rmdir", False)):
            patch(os, name, self._guarded(getattr(os, name), new))

    def _mine(self, path):
        if threading.get_ident() != self._thread or not isinstance(path, (str, bytes, os.PathLike)):
            return False
        return os.path.abspath(os.fsdecode(path)).startswith(self.root)

    def _guarded(self, real, new):
        def call(path, *args, **kw):
            if self._mine(path):
                self._clock.check()
                if new:
                    self.room()
                os.stat(path) if real.__name__ != "mkdir" else None  # what fails costs nothing
                self.commit_metadata()
            return real(path, *args, **kw)
        return call

    def open(self, file, mode="r", *args, **kw):
        """The built-in open(), except for files of the flash that are to be written."""
        if not self._mine(file):
            return self._open(file, mode, *args, **kw)
        self._clock.check()
        writes = bool(set(mode) & set("wax+"))
        if self._hal.flash_trouble is not None:
            self._hal.flash_trouble(file, writes)
        if not writes:
            return self._open(file, mode, *args, **kw)
        raw = _FlashFile(self, file, mode)
        if "b" in mode:
            return raw
        return _TextFile(raw, encoding="utf-8", newline="\n")

    def room(self):
        """Raises OSError(ENOSPC) when the flash is full."""
        if self._hal.flash_full:
            raise OSError(errno.ENOSPC, "no space left on the flash")

    def commit_metadata(self):
        """A change of a directory: a few programs, and an erase when its block is full."""
        self._metadata += 1
        self._clock.hold_us(costs.FLASH_METADATA_US + (0 if self._metadata % costs.FLASH_METADATA_ERASE_EVERY
                                                       else costs.FLASH_ERASE_US))

    def program(self, at):
        """A page of a file goes to the flash as soon as it is full, `at` that many bytes from where the writing began; a block is
        erased before its first page."""
        self._clock.hold_us(costs.FLASH_PROGRAM_US + (0 if at % _BLOCK_BYTES else costs.FLASH_ERASE_US))

    def commit(self, at, end, size):
        """What is left from `at` to `end`, and the entry of a file that is then `size` bytes long."""
        self.room()
        if size > _INLINE_BYTES and end > at:
            self.program(at)
        self.commit_metadata()


class _FlashFile(io.BytesIO):
    """A file being written: the flash sees it at flush() and close()."""

    def __init__(self, flash, path, mode):
        self._flash = flash
        self._path = path
        self._append = "a" in mode and "+" not in mode
        self._dirty = "w" in mode or "x" in mode
        exists = os.path.exists(path)
        if "x" in mode and exists:
            raise FileExistsError(errno.EEXIST, "file exists", path)
        self._base = 0
        old = b""
        if exists and not self._dirty:
            if self._append:
                self._base = os.path.getsize(path)
            else:
                with flash._open(path, "rb") as f:
                    old = f.read()
        elif not exists:
            if "r" in mode:
                raise FileNotFoundError(errno.ENOENT, "no such file", path)
            flash.room()
            flash.commit_metadata()
            with flash._open(path, "wb"):
                pass  # LittleFS enters an empty file at once
        super().__init__(old)
        if "a" in mode:
            self.seek(0, 2)
        self._committed = 0
        self._filled = super().tell()    # bytes whose cost is paid

    def write(self, data):
        self._dirty = True
        count = super().write(data)
        while super().tell() - self._filled >= _PAGE_BYTES:
            self._filled += _PAGE_BYTES
            self._flash.program(self._filled - _PAGE_BYTES)
        return count

    def truncate(self, size=None):
        self._dirty = True
        return super().truncate(size)

    def tell(self):
        return super().tell() + self._base

    def flush(self):
        if not self.closed:
            self._commit(self.getvalue())

    def close(self):
        if self.closed:
            return
        data = self.getvalue()
        super().close()
        self._commit(data)

    def _commit(self, data):
        if not self._dirty or getattr(self, "_finalizing", False):  # a file nobody closed is a file nobody wrote
            return
        self._flash._clock.check()
        self._dirty = False
        if self._append:
            new = data[self._committed:]
            self._flash.commit(self._filled, len(data), self._base + len(data))
            self._filled = len(data)
            with self._flash._open(self._path, "ab") as f:
                f.write(new)
            self._committed = len(data)
            return
        self._flash.commit(self._filled, len(data), len(data))
        self._filled = len(data)
        with self._flash._open(self._path, "wb") as f:
            f.write(data)


class _TextFile(io.TextIOWrapper):
    """Text over a _FlashFile: tells it when nobody closed it but the garbage collector."""

    def close(self):
        if getattr(self, "_finalizing", False):
            self.buffer._finalizing = True
        super().close()
