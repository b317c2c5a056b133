"""The application as it ships: what a slot holds, in one place for flashing, releases, benchmarks and the twin on MicroPython."""
from tools.build.page import shipped
from tools.setup.mpy import ROOT, compile_application


def application(root=ROOT, changes=None):
    """{path in a slot: bytes}: .mpy files and the packed page. changes: {module: text} in place of sources."""
    return {**compile_application(root, changes=changes), **shipped(root / "firmware/page")}
