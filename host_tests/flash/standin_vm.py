"""The part of the stand-in that runs on MicroPython: executes what a raw REPL would be given, over a real LittleFS.

stdin: four bytes of length, then a piece of code; stdout: what it prints, 0x04, its traceback, 0x04. The first argument is
the host's file that holds the flash; it is written back when stdin ends.
"""
import io
import sys

import vfs

BLOCK = 4096


class Ram:
    """A block device in RAM."""

    def __init__(self, data):
        self.data = data

    def readblocks(self, n, buf, offset=0):
        at = n * BLOCK + offset
        buf[:] = memoryview(self.data)[at:at + len(buf)]

    def writeblocks(self, n, buf, offset=None):
        at = n * BLOCK + (offset or 0)
        self.data[at:at + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            at = arg * BLOCK
            self.data[at:at + BLOCK] = b"\xff" * BLOCK
        return 0


def main(path, blocks):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    fresh = not data
    ram = Ram(data or bytearray(b"\xff" * (blocks * BLOCK)))
    if fresh:
        vfs.VfsLfs2.mkfs(ram)
    host = vfs.VfsPosix()
    vfs.umount("/")
    vfs.mount(vfs.VfsLfs2(ram), "/")
    names = {"__name__": "__main__"}
    while True:
        head = sys.stdin.buffer.read(4)
        if not head or len(head) < 4:
            break
        code = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        failed = ""
        try:
            exec(compile(code, "<stdin>", "exec"), names)
        except Exception as error:
            text = io.StringIO()
            sys.print_exception(error, text)
            failed = text.getvalue()
        sys.stdout.buffer.write(b"\x04" + failed.encode() + b"\x04")
    vfs.umount("/")
    vfs.mount(host, "/")
    with open(path, "wb") as file:
        file.write(ram.data)


main(sys.argv[1], int(sys.argv[2]))
