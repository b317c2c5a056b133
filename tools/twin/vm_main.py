"""Started on MicroPython's unix port: vm_main.py PORT ROOT. Connects to the world, becomes the chip, runs ROOT/boot.py.

Where image.romfs lies beside this file, the application is taken from it, as it ships (tools/twin/vm_build.py).
"""
import gc
import sys


def _connect(port):
    import socket
    sock = socket.socket()
    sock.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    return sock


def _hello(sock):
    """Protocol version 1: we speak first; the world sends board, chip and in virtual time its clock. Returns that."""
    import json
    sock.write(b"HELLO mode3-twin 1\n")
    words = sock.readline().split(b" ", 2)
    if words[:2] != [b"HELLO", b"1"]:
        raise ValueError("the world speaks another protocol: %r" % words[:2])
    return json.loads(words[2])


def _chip(sock, state, link, clock, hal_class):
    """The chip as it was; then the world asks for our time until it says go."""
    link.hal = hal = hal_class(state["board"], clock, link.on_output)
    hal.history_length = 0
    hal.restore(state["chip"])
    while True:
        line = sock.readline()
        if line == b"GO\n":
            return hal
        word, number = line.split()
        link.send("T %s %d\n" % (number.decode(), clock.now_us))


def _real_time(sock, state, costs, hal_class):
    import vm_awake
    import vm_port
    link = vm_port.Link(sock)
    hal = _chip(sock, state, link, vm_port.VmClock(), hal_class)
    sock.setblocking(False)
    sys.modules["time"] = vm_awake.WakefulTime()
    return vm_port.VmPort(link, hal, state["chip"]["rtc_s"])


def _virtual_time(sock, state, costs, hal_class):
    import os

    import vm_clock
    import vm_flash
    import vm_virtual
    sock.setsockopt(6, 1, 1)  # TCP_NODELAY: what we say is a question
    link = vm_virtual.LockstepLink(sock)
    link.clock = clock = vm_clock.LockstepClock(state["virtual"]["now_us"], link.ask)
    link.app = lambda: getattr(sys.modules.get("firmware.app"), "current", None)
    hal = _chip(sock, state, link, clock, hal_class)
    port = vm_virtual.LockstepPort(link, hal, state["chip"]["rtc_s"], costs)
    sys.modules["time"] = vm_virtual.shadow_time(clock, costs.TICKS_US, lambda: port.rtc_now()[0])
    sys.modules["os"] = shadow = vm_virtual.shadow_os(os, state["virtual"]["seed"])
    vm_flash.FlashFiles(sys.argv[2], clock, hal, costs, os).install(shadow)
    vm_virtual.install_asyncio(clock, link.visits)
    return port


def _outside(size):
    """Room that no collection looks at, as a device's flash; on the heap where the interpreter can reach no other."""
    try:
        import ffi
        import uctypes
        return uctypes.bytearray_at(ffi.open("libc.so.6").func("p", "malloc", "I")(size), size)
    except (ImportError, OSError):
        return bytearray(size)


def _mount(image):
    """Mounts the built application, where there is one beside us: True when it is then at /rom."""
    import os
    try:
        size = os.stat(image)[6]
    except OSError:
        return False
    import vfs
    data = _outside(size)
    with open(image, "rb") as file:
        file.readinto(data)
    vfs.mount(vfs.VfsRom(data), "/rom")
    return True


def main(port, root):
    here = __file__.rpartition("/")[0] or "."
    before = list(sys.path)
    gc.collect()
    free = gc.mem_alloc()
    sys.path[:] = [here, here + "/shims", ".frozen"]
    import _twin
    import costs
    import hal as hal_module
    from vm_port import _EXITS, Reset
    sock = _connect(port)
    state = _hello(sock)
    begin = _virtual_time if state.get("virtual") else _real_time
    _twin.costs = costs
    _twin.port = chip_port = begin(sock, state, costs, hal_module.Hal)
    link = chip_port.link
    hal = chip_port.hal
    import _onewire  # noqa: F401  (ours, and what a device has built in: the charger's heap shall not hold it)
    import esp32  # noqa: F401
    import machine  # noqa: F401
    import neopixel  # noqa: F401
    import network  # noqa: F401
    # what a device finds on its path, then the shims for network and its kin
    place = "/rom" if _mount(here + "/image.romfs") else root.rstrip("/")
    sys.path[:] = [place] + [p for p in before if p.startswith(".frozen")] + [root.rstrip("/") + "/lib", here + "/lib",
                                                                                       here + "/shims"]
    gc.collect()
    link.send("HEAP %d %d\n" % (gc.mem_alloc() - free, gc.mem_alloc() + gc.mem_free()))
    try:
        if state.get("virtual"):
            chip_port.hold(costs.SOFT_BOOT_US if hal.reset_cause == "soft" else costs.BOOT_US)
        _run(root)
    except Reset as exc:
        return exc.code
    except KeyboardInterrupt:
        return 0
    except SystemExit:
        hal.reset("soft")
        return 43
    except Exception as exc:
        if hal.next_cause != "power":  # something of the firmware's turned a reset into an error of its own
            return _EXITS[hal.next_cause]
        sys.print_exception(exc)
    link.send("STOPPED\n")
    import time
    while True:  # a device would sit at its prompt: callbacks go on, only the watchdog ends this
        time.sleep_ms(5)
        link.poll()


def _run(root):
    with open(root + "boot.py") as f:
        code = compile(f.read(), "boot.py", "exec")
    exec(code, {"ROOT": root, "__name__": "boot", "__file__": root + "boot.py"})


sys.exit(main(int(sys.argv[1]), sys.argv[2]))
