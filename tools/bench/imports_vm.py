"""Runs on the VM: the application's modules, then one after another of those that are loaded on demand. See imports.py.

    imports_vm.py PLACE LIBRARIES NAMES    PLACE: the compiled application; NAMES: by commas, each after what it needs
"""
import sys


class _Bare:
    """`machine` and its kin for imports: has everything, costs nothing."""

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self


for one in ("machine", "network", "esp32", "neopixel", "_onewire"):
    sys.modules[one] = _Bare()
sys.path[:] = [".frozen", sys.argv[1], sys.argv[2]]
import firmware.app  # noqa: E402, F401  as on a device: before all else

for one in sys.argv[3].split(","):
    if one:
        __import__("firmware." + one)
