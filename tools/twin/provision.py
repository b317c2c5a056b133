"""What the factory and the installer would have done: gives a twin's flash its board facts and its settings."""

import json
import os
import shutil
from pathlib import Path

from firmware.settings.schema import SETTINGS
from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
from firmware.storage.atomic_file import AtomicFile

REPOSITORY = Path(__file__).resolve().parents[2]

# set up and free to charge: three phases, 16 A fuse, tethered 32 A cable, meter present, MQTT may control, access off
SET_UP = {
    "general.setup_done": True,
    "identity.serial": "M3-TWIN-0001",
    "network.known": '[["home", "home-network", false]]',
    "installation.phases": 3,
    "installation.fuse_a": 16,
    "installation.cable": "tethered",
    "installation.cable_a": 32,
    "meter.type": "eastron_sdm630",
    "meter.address": 2,
    "meter.baud": 19200,
    "access.mode": "off",
    "sources.mqtt": True,
}


def provision(flash, services, board="twin", set_up=True):
    """Write boot.py and board.json (always: ports may have changed) and, on an empty flash, the settings.

    flash: folder of the device's file system. services: what goes into the board's facts under that name, such as
    {"http_host": "127.0.0.1", "http_port": 8080}. set_up False leaves only the identity: the wizard's starting point.
    """
    flash = Path(flash)
    (flash / "data").mkdir(parents=True, exist_ok=True)
    facts = json.loads((REPOSITORY / "board_configs" / (board + ".json")).read_text())
    facts["services"] = services
    (flash / "board.json").write_text(json.dumps(facts, indent=1))
    shutil.copyfile(REPOSITORY / "boot.py", flash / "boot.py")
    store = Store(AtomicFile(str(flash / "data" / "settings"), FILE_KIND, FILE_VERSION))
    if store.load() == "none":
        store.set_many(SET_UP if set_up else {"identity.serial": SET_UP["identity.serial"]})


def settings_of(flash):
    """{key: value} of all settings on a flash."""
    store = Store(AtomicFile(str(Path(flash) / "data" / "settings"), FILE_KIND, FILE_VERSION))
    store.load()
    return {row[0]: store.get(row[0]) for row in SETTINGS}


def wipe(flash):
    """Empty the flash: as from the factory, before provisioning."""
    if os.path.isdir(flash):
        shutil.rmtree(flash)
