"""A folder for a test's files: on MicroPython a real LittleFS in RAM, on CPython a temporary folder."""

import os
import sys

_ON_VM = sys.implementation.name == "micropython"
_memory = []  # one bytearray for all tests of a file: the VM's heap is too small and too scattered for a new one each time


class Scratch:
    """folder: path with its "/"; close() takes it away again. A LittleFS has 32 blocks of 4 kB."""

    def __init__(self):
        if _ON_VM:
            from host_tests.storage.ram_flash import RamFlash

            if not _memory:
                _memory.append(bytearray(32 * 4096))
            self.flash = RamFlash(_memory[0])
            self.flash.erase_all()
            os.VfsLfs2.mkfs(self.flash)
            os.mount(os.VfsLfs2(self.flash), "/scratch")
            self.folder = "/scratch/"
        else:
            import tempfile

            self._temporary = tempfile.TemporaryDirectory()
            self.folder = self._temporary.name + "/"

    def close(self):
        """Unmount, or delete."""
        if _ON_VM:
            os.umount("/scratch")
        else:
            self._temporary.cleanup()

    def read(self, name):
        """A file's bytes."""
        with open(self.folder + name, "rb") as file:
            return file.read()

    def write(self, name, data):
        """Replace a file's bytes behind the firmware's back."""
        with open(self.folder + name, "wb") as file:
            file.write(data)

    def flip(self, name, at, bit=0):
        """Damage one bit."""
        data = bytearray(self.read(name))
        data[at] ^= 1 << bit
        self.write(name, bytes(data))

    def names(self):
        """Sorted names of the files."""
        return sorted(os.listdir(self.folder))
