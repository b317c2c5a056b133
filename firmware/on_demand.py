"""Modules that are wanted seldom: loaded for one use and then forgotten, so that they cost no heap while nobody looks.

On a host they stay loaded: there is nothing to save.
"""
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
    """Routes of an API that is loaded at a request. make(): imports the API's module and builds it; modules: what to forget after
    it. The build keeps modules that are named here out of their folders' bundles (tools/setup/bundle.py)."""

    def __init__(self, make, modules):
        self._make = make
        self._modules = modules

    def rows(self):
        """The rows of its table of routes, made anew at each call."""
        try:
            return self._make().routes()
        finally:
            forget(self._modules)
