"""Runs the firmware in this process, one boot at a time: from the reset to whatever ends it."""
import os
import runpy
import sys
import traceback

from tools.twin import costs, cpython
from tools.twin.clock import Halt, PowerCut
from tools.twin.flash import FlashFiles


def run_firmware(clock, hal, flash_dir):
    """Boots flash_dir/boot.py and returns why it ended.

    "power_cut" · "reset:hard" · "reset:watchdog" · "reset:soft" · "exit" (Ctrl-C) · "stopped" (boot.py returned or failed and no
    watchdog runs: a device would sit at its prompt, pins as they are).
    """
    root = os.path.join(os.path.abspath(flash_dir), "")
    cause = hal.next_cause
    hal.next_cause = "power"
    clock.resume()
    hal.begin_boot(cause)
    path = list(sys.path)
    modules = dict(sys.modules)
    _forget(root)
    inst = cpython.install(clock, hal)
    FlashFiles(root, clock, hal).install(inst.patch)
    try:
        clock.spend_us(costs.SOFT_BOOT_US if cause == "soft" else costs.BOOT_US)
        runpy.run_path(root + "boot.py", init_globals={"ROOT": root}, run_name="boot")
        return _at_prompt(clock, hal)
    except Halt as exc:
        return _reason(exc)
    except KeyboardInterrupt:
        return "exit"
    except SystemExit:
        hal.next_cause = "soft"
        return "reset:soft"
    except Exception:
        if clock._fatal is not None:  # something of the firmware's turned the end into an error of its own
            return _reason(clock._fatal)
        traceback.print_exc()
        return _at_prompt(clock, hal)
    finally:
        cpython.uninstall()
        _forget(root)
        sys.path[:] = path
        for name in modules:
            sys.modules.setdefault(name, modules[name])


def _reason(exc):
    return "power_cut" if isinstance(exc, PowerCut) else "reset:" + exc.cause


def _at_prompt(clock, hal):
    """The interpreter waits at its prompt: only the watchdog can end that by itself."""
    if hal.watchdog is None:
        return "stopped"
    try:
        clock.run_until(lambda: False)
    except Halt as exc:
        return _reason(exc)


def _forget(root):
    """Modules that came from the flash or are the firmware's are imported anew in every boot."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(root) or name.partition(".")[0] == "firmware":
            del sys.modules[name]
