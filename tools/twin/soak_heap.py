"""What a charger on CPython holds: the objects that can be reached from its App, without the interpreter's and the twin's own."""
import asyncio
import gc
import types

# modules of the twin and of the interpreter whose objects the charger holds, but a device's would not
_OTHERS = ("tools", "machine", "machine_pin", "machine_adc", "machine_pwm", "machine_bus", "network", "esp32", "neopixel", "_twin",
           "selectors", "socket", "threading", "random")
_SKIPPED = (types.ModuleType, type, types.FrameType, types.CodeType, asyncio.AbstractEventLoop)


def reached(app):
    """Every object that can be reached from the App, once."""
    seen, waiting = set(), [app]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _SKIPPED) or _is_others(one):
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, types.FunctionType):     # its closure, not its module
            waiting += [one.__closure__, one.__defaults__]
        else:
            waiting += gc.get_referents(one)


def _is_others(one):
    place = one.__module__ if isinstance(one, types.FunctionType) else type(one).__module__
    return (place or "").partition(".")[0] in _OTHERS
