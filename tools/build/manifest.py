# MicroPython's manifest for an image with the application frozen into it: docs/frozen.md. Run `python -m tools.build.frozen` first.
# ruff: noqa: F821

include("$(PORT_DIR)/boards/manifest.py")       # what MicroPython brings itself: asyncio, umqtt.simple, ntptime, ssl
freeze("../../build/frozen/mpy")                # all of the application, as our build passes made it
