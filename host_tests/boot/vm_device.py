"""The part of VmDevice that runs on MicroPython: `vm_device.py ORDER` does one start on a flash image and answers.

The block device is NOR flash as strict as can be: a program must hit erased bytes, an operation after the cut never comes.
"""
import io
import json
import os
import sys

import vfs

BLOCK = 4096
BLOCKS = 48  # unless the order says otherwise
HOST = "/host"  # where the host's files are while LittleFS is the root


class PowerCut(BaseException):
    pass


class Reset(BaseException):
    pass


class Flash:
    """RAM block device with the extended interface; counts programs and erases."""

    def __init__(self, data):
        self.data = data
        self.operations = 0
        self.cut = 0
        self.torn = False
        self.refuse = False  # worn out: every program and erase is answered with an error

    def _operate(self):
        """False for the operation that is torn; raises from the cut on."""
        self.operations += 1
        if self.cut and self.operations >= self.cut:
            if self.torn and self.operations == self.cut:
                return False
            raise PowerCut()
        return True

    def readblocks(self, n, buf, offset=0):
        at = n * BLOCK + offset
        buf[:] = memoryview(self.data)[at:at + len(buf)]

    def writeblocks(self, n, buf, offset=None):
        if offset is None:
            self.ioctl(6, n)
            offset = 0
        if self.refuse:
            return -5
        whole = self._operate()
        at = n * BLOCK + offset
        count = len(buf) if whole else len(buf) // 2
        if self.data[at:at + count] != b"\xff" * count:
            raise RuntimeError("program of a byte that is not erased")
        self.data[at:at + count] = buf[:count]
        if not whole:
            raise PowerCut()

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            if self.refuse:
                return -5
            whole = self._operate()
            end = BLOCK if whole else BLOCK // 2
            self.data[arg * BLOCK:arg * BLOCK + end] = b"\xff" * end
            if not whole:
                raise PowerCut()
        return 0


class Clock:
    """Virtual microseconds; people's hands on inputs are its only events."""

    def __init__(self):
        self.now_us = 0
        self.events = []

    def spend_us(self, us):
        end = self.now_us + us
        while self.events and self.events[0][0] <= end:
            self.now_us, gpio, level = self.events.pop(0)
            self.hal.set_pin(gpio, level)
        self.now_us = end


class Port:
    """The interpreter's side of the shims, as far as a start needs it."""

    def __init__(self, clock, hal):
        self.clock = clock
        self.hal = hal
        self.spend = clock.spend_us
        self.radio_on = False

    def watchdog_start(self, timeout_ms):
        pass

    def rtc_memory(self, data):
        self.hal.rtc_memory = data

    def reset(self, cause):
        raise Reset(cause)


class Time:
    """`time` as boot.py and asyncio use it. Attributes, since a bound method cannot be imported by name."""

    def __init__(self, clock):
        self.sleep_ms = lambda ms: clock.spend_us(ms * 1000)
        self.ticks_ms = lambda: clock.now_us // 1000
        self.ticks_add = lambda ticks, ms: ticks + ms
        self.ticks_diff = lambda end, start: end - start


def load(path):
    try:
        with open(path, "rb") as f:
            return bytearray(f.read())
    except OSError:
        return None


def make_folders(name):
    parts = name.split("/")[:-1]
    for i in range(len(parts)):
        try:
            os.mkdir("/" + "/".join(parts[:i + 1]))
        except OSError as e:
            if e.errno != 17:
                raise


def put(files):
    for name, data in sorted(files.items()):
        if data is None:
            try:
                os.remove("/" + name)
            except OSError:
                print("nothing to remove:", name)
            continue
        make_folders(name)
        with open("/" + name, "wb") as f:
            f.write(bytes.fromhex(data))


def start(order, flash, answer):
    from tools.twin import costs
    from tools.twin.hal import Hal
    clock = Clock()
    hal = Hal(order["board"], clock)
    clock.hal = hal
    hal.rtc_memory = bytes.fromhex(order["rtc"])
    hal.reset_cause = order["cause"]
    for gpio, level in order["driven"].items():
        hal.mode[int(gpio)] = 3
        hal.latch[int(gpio)] = hal.driven[int(gpio)] = level
    outputs = answer["outputs"]
    hal.on_output = lambda signal, key, value, t_us: outputs.append((signal, key, value))
    for after_ms, gpio, level in order["events"]:
        if after_ms:
            clock.events.append((after_ms * 1000, gpio, level))
        else:
            hal.set_pin(gpio, level)
    import _twin
    _twin.costs = costs
    _twin.port = Port(clock, hal)
    import machine  # noqa: F401  (from the host's files, before the root is LittleFS alone)
    if not order.get("real_time"):  # an application that waits for sockets needs the clock of the VM's own scheduler
        sys.modules["time"] = Time(clock)
    sys.path[:] = ["", ".frozen", "/lib"]  # as a stock ESP32 starts
    for name in [m for m in sys.modules if m == "tools" or m.startswith("tools.")]:
        del sys.modules[name]
    flash.operations = 0
    flash.cut = order["cut"] or 0
    flash.torn = order["torn"]
    flash.refuse = order["refuse"]
    code = order["code"]
    try:
        if code is None:
            with open("/boot.py") as f:
                code = f.read()
        exec(compile(code, "boot.py", "exec"), {"__name__": "__main__"})
        answer["end"] = "console"
    except Reset as e:
        answer["end"] = "reset:" + e.args[0]
    except PowerCut:
        answer["end"] = "power_cut"
    except KeyboardInterrupt:
        answer["end"] = "ctrl_c"
    except BaseException as e:
        out = io.StringIO()
        sys.print_exception(e, out)
        answer["end"] = "raised: " + out.getvalue()
    flash.refuse = False
    answer["rtc"] = "".join("%02x" % b for b in hal.rtc_memory)
    answer["driven"] = {str(gpio): level for gpio, level in hal.driven.items()}
    answer["operations"] = flash.operations
    answer["duration_ms"] = clock.now_us // 1000


def main():
    with open(sys.argv[1]) as f:
        order = json.load(f)
    data = load(order["image"])
    flash = Flash(data or bytearray(b"\xff" * BLOCK * order.get("blocks", BLOCKS)))
    if data is None:
        vfs.VfsLfs2.mkfs(flash)
    vfs.umount("/")
    vfs.mount(vfs.VfsPosix("/"), HOST)
    vfs.mount(vfs.VfsLfs2(flash), "/")
    os.chdir("/")
    sys.path[:] = [HOST + p if p.startswith("/") else p for p in sys.path]
    put(order["files"])
    answer = {"outputs": [], "end": ""}
    if order["job"] == "read":
        data = load("/" + order["name"])
        answer["data"] = None if data is None else "".join("%02x" % b for b in data)
    else:
        start(order, flash, answer)
    with open(HOST + order["image"], "wb") as f:
        f.write(flash.data)
    with open(HOST + order["answer"], "w") as f:
        json.dump(answer, f)


main()
