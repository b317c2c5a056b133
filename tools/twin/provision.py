"""What the factory and the installer would have done: gives a twin's flash its board facts and its settings."""

import hashlib
import json
import shutil
from pathlib import Path

from firmware.pbkdf2 import LOGIN_ITERATIONS
from firmware.services.web.credentials import Credentials
from firmware.settings.schema import SETTINGS
from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
from firmware.storage.atomic_file import AtomicFile
from tools.twin.access import ACCESS, IDENTITY

REPOSITORY = Path(__file__).resolve().parents[2]

BROKER_HOST = "127.0.0.1"       # of the broker beside the twin

# set up and free to charge: three phases, 16 A fuse, tethered 32 A cable, meter present, MQTT and scripts may control, access off
SET_UP = {
    "general.setup_done": True,
    "identity.serial": IDENTITY["serial"],
    "network.known": '[["home", "home-network", false]]',
    "installation.phases": 3,
    "installation.fuse_a": 16,
    "installation.cable": "tethered",
    "installation.cable_a": 32,
    "meter.type": "eastron_sdm630",
    "meter.address": 2,
    "meter.baud": 19200,
    "access.mode": "off",
    "sources.api": True,             # twin.json's token
    "sources.mqtt": True,
}


def provision(flash, services, board="twin", set_up=True, identity=None, access=None, mqtt_port=None):
    """Write boot.py and board.json (always: ports may have changed) and, where they are missing, identity, settings and passwords.

    flash: folder of the device's file system. services: what goes into the board's facts under that name, such as
    {"http_host": "127.0.0.1", "http_port": 8080}. set_up False leaves only the identity: where the assistant begins. identity and
    access: instead of IDENTITY and ACCESS. mqtt_port: the broker beside the twin; a charger that is connected to it stays so
    wherever it listens now.
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
        if set_up and mqtt_port is not None:
            store.set_many({"mqtt.enabled": True, "mqtt.host": BROKER_HOST, "mqtt.port": mqtt_port})
    if mqtt_port is not None and store.get("mqtt.host") == BROKER_HOST and store.get("mqtt.port") != mqtt_port:
        store.set_many({"mqtt.port": mqtt_port})
    if not (flash / "identity.json").exists():
        (flash / "identity.json").write_text(json.dumps(identity or IDENTITY, indent=1))
        if set_up:
            _choose_passwords(flash, access or ACCESS)


def _choose_passwords(flash, access):
    credentials = Credentials(str(flash / "data" / "passwords"), lambda: True)
    users = {}
    for user in ("admin", "user"):
        salt = hashlib.sha256(user.encode()).digest()[:16]      # the same flash in every run
        key = hashlib.pbkdf2_hmac("sha256", access[user + "_password"].encode(), salt, LOGIN_ITERATIONS)
        users[user] = {"salt": salt.hex(), "key": key.hex(), "iterations": LOGIN_ITERATIONS}
    digest = hashlib.sha256(access["control_token"].encode()).hexdigest()
    credentials.write({"users": users, "tokens": [{"name": "twin", "scope": "control", "digest": digest}]})


def settings_of(flash):
    """{key: value} of all settings on a flash."""
    store = Store(AtomicFile(str(Path(flash) / "data" / "settings"), FILE_KIND, FILE_VERSION))
    store.load()
    return {row[0]: store.get(row[0]) for row in SETTINGS}
