"""NOR flash in RAM for LittleFS: counts programs and erases, can lose its power. Runs on MicroPython only when mounted.

Stricter than a bytearray: a program can only clear bits, so writing what was not erased is noticed.
"""


class PowerCut(BaseException):
    """The supply is gone; everything after it fails alike."""


class RamFlash:
    """Flash of blocks of block_bytes. programs, erases, programmed_bytes count; wear[block] counts its erases.

    cut_after: number of program and erase operations that still succeed; the next one does nothing of its work, or the
    first half of it when torn, and raises PowerCut, and so does everything after it.
    """

    def __init__(self, data, block_bytes=4096):
        """`data`: a bytearray, the memory itself; `erase_all()` makes it a new chip."""
        self.block_bytes = block_bytes
        self.data = data
        self.blocks = len(data) // block_bytes
        self.wear = [0] * self.blocks
        self.cut_after = None
        self.torn = False
        self.dead = False
        self.reset_counts()

    def erase_all(self):
        """As it comes from the factory."""
        for block in range(self.blocks):
            self.data[block * self.block_bytes:(block + 1) * self.block_bytes] = b"\xff" * self.block_bytes

    def reset_counts(self):
        """Begin to count anew."""
        self.programs = self.erases = self.programmed_bytes = 0
        self.wear = [0] * self.blocks

    def _power(self):
        """True when the operation may do all of its work; False: it is the one that the cut hits."""
        if self.dead:
            raise PowerCut
        if self.cut_after is None:
            return True
        self.cut_after -= 1
        return self.cut_after >= 0

    def _cut(self):
        self.dead = True
        raise PowerCut

    def readblocks(self, block, buffer, offset=0):
        """LittleFS reads."""
        if self.dead:
            raise PowerCut
        at = block * self.block_bytes + offset
        buffer[:] = memoryview(self.data)[at:at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        """LittleFS programs."""
        whole = self._power()
        at = block * self.block_bytes + offset
        count = len(buffer) if whole else len(buffer) // 2 if self.torn else 0
        data = self.data
        for index in range(count):
            if buffer[index] & ~data[at + index]:
                raise ValueError("block %d programmed without an erase" % block)
            data[at + index] = buffer[index]
        if not whole:
            self._cut()
        self.programs += 1
        self.programmed_bytes += len(buffer)

    def ioctl(self, operation, argument):
        """LittleFS asks the size and erases."""
        if operation == 4:
            return self.blocks
        if operation == 5:
            return self.block_bytes
        if operation == 6:
            whole = self._power()
            count = self.block_bytes if whole else self.block_bytes // 2 if self.torn else 0
            at = argument * self.block_bytes
            self.data[at:at + count] = b"\xff" * count
            if not whole:
                self._cut()
            self.erases += 1
            self.wear[argument] += 1
        return 0
