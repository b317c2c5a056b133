"""Modules that are wanted seldom: loaded for one use and then forgotten, so that they cost no heap while nobody looks.

Loading takes a device some 2 ms for each kB of compiled code, so what is loaded while a vehicle charges is loaded a module at a
time: the loop goes on in between. On a host modules stay loaded: there is nothing to save.
"""
import asyncio
import sys


def forget(modules):
    """Drop modules (full names) on a device. What is still running in one of them runs on: its objects keep its code alive."""
    if sys.implementation.name != "micropython":
        return
    for name in modules:
        if name in sys.modules:
            del sys.modules[name]
            dot = name.rfind(".")
            folder = sys.modules.get(name[:dot])
            if folder is not None and hasattr(folder, name[dot + 1:]):
                delattr(folder, name[dot + 1:])


class OnDemand:
    """Modules that are loaded for a use. modules: full names, each after those of them that it needs. make(): for the routes of an
    API, imports its module and builds it. The build keeps modules that are named here out of their folders' bundles
    (tools/setup/bundle.py)."""

    def __init__(self, make, modules):
        self._make = make
        self._modules = modules

    def steps(self):
        """Loads the modules; yields after each that was not there. Whoever does not come to the end must forget() them."""
        for name in self._modules:
            if name not in sys.modules:
                __import__(name)
                yield

    async def load(self):
        """Loads the modules, and the loop goes on after each. To be forgotten, also after an error."""
        for _ in self.steps():
            await asyncio.sleep_ms(0)

    def forget(self):
        """Forgets the modules."""
        forget(self._modules)

    def rows(self):
        """The rows of the API's table of routes, made anew at each call; the modules are forgotten."""
        try:
            return self._make().routes()
        finally:
            forget(self._modules)
