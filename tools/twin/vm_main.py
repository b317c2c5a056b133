"""Started on MicroPython's unix port: vm_main.py PORT ROOT. Connects to the world, becomes the chip, runs ROOT/boot.py."""
import gc
import sys


def _connect(port):
    import socket
    sock = socket.socket()
    sock.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    return sock


def _hello(sock, link, clock, hal_class):
    """Protocol version 1: we speak first; the world sends the chip's state, then asks for our time until it says go."""
    import json
    link.send("HELLO mode3-twin 1\n")
    words = sock.readline().split(b" ", 2)
    if words[:2] != [b"HELLO", b"1"]:
        raise ValueError("the world speaks another protocol: %r" % words[:2])
    state = json.loads(words[2])
    board = state["board"]
    hal = hal_class(board, clock, link.on_output)
    hal.history_length = 0
    hal.restore(state["chip"])
    link.hal = hal
    while True:
        line = sock.readline()
        if line == b"GO\n":
            return hal, state["chip"]["rtc_s"]
        word, number = line.split()
        link.send("T %s %d\n" % (number.decode(), clock.now_us))


def main(port, root):
    here = __file__.rpartition("/")[0] or "."
    before = list(sys.path)
    gc.collect()
    free = gc.mem_alloc()
    sys.path[:] = [here, here + "/shims", ".frozen"]
    import _twin
    import costs
    import hal as hal_module
    import vm_port
    sock = _connect(port)
    link = vm_port.Link(sock)
    clock = vm_port.VmClock()
    hal, rtc_s = _hello(sock, link, clock, hal_module.Hal)
    sock.setblocking(False)
    _twin.costs = costs
    _twin.port = vm_port.VmPort(link, hal, rtc_s)
    import machine  # noqa: F401  (ours: a file comes before the built-in)
    # what a device finds on its path, then the shims for network and its kin
    sys.path[:] = [root.rstrip("/")] + [p for p in before if p.startswith(".frozen")] + ["/lib", here + "/shims"]
    gc.collect()
    link.send("HEAP %d\n" % (gc.mem_alloc() - free))
    try:
        _run(root)
    except vm_port.Reset as exc:
        return exc.code
    except KeyboardInterrupt:
        return 0
    except SystemExit:
        hal.reset("soft")
        return 43
    except Exception as exc:
        if hal.next_cause != "power":  # something of the firmware's turned a reset into an error of its own
            return vm_port._EXITS[hal.next_cause]
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
