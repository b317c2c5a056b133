"""What of a twin survives its end: the folder of `--data`."""

import fcntl
import json
import os
import secrets
import shutil

from tools.provision.certificate import new_certificate
from tools.twin.bench import HOST

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"        # what cannot be mistaken for something else


class NotStarted(Exception):
    """Why the twin cannot start, in one line."""


class Data:
    """The folder: lock, flash, energy register, and what scripts want to know. Raises NotStarted."""

    def __init__(self, folder, fresh):
        self.folder = folder
        self.flash = folder / "flash"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = open(folder / "lock", "w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotStarted(f"{folder} is in use by another twin; --data chooses another folder") from None
        except OSError as exc:
            raise NotStarted(f"--data {folder}: {exc.strerror}") from None
        if fresh:
            self._empty_flash()
        self._fresh = fresh
        self._known = {} if fresh else self._load("twin.json")

    def energy_mwh(self):
        """The charger meter's register when the twin ended last."""
        value = self._load("world.json").get("energy_mwh", 0)
        return value if isinstance(value, int) and value >= 0 else 0

    def save_energy(self, mwh):
        self._save("world.json", {"energy_mwh": mwh})

    def make_secrets(self):
        """(label, passwords) for a new flash, as provision.py takes them. Secrets that nobody knows any more become new."""
        if "admin_password" not in self._known:
            for name in ("identity.json", "data/passwords", "data/passwords.old"):
                (self.flash / name).unlink(missing_ok=True)
        identity = {"serial": "M3-TWIN-0001", "ssid": "Mode3-TWIN-0001", "hotspot_key": _letters(12), "password": _letters(12),
                    "recovery_key": _letters(20), "puk": "%08d" % secrets.randbelow(10 ** 8)}
        access = {"admin_password": "Twin-" + _letters(12), "user_password": "Twin-" + _letters(12),
                  "control_token": "m3_" + _letters(32)}
        if self._fresh:                 # nobody has chosen one yet: the label's hold, and must be changed at the first log-in
            access = {"admin_password": identity["password"], "user_password": identity["password"], "control_token": None}
        self._known = {name: self._known.get(name, made) for name, made in access.items()}
        return identity, self._known

    def make_certificate(self):
        """What provisioning gives a charger for HTTPS, where it is missing: cert.der and key.der beside board.json."""
        if not (self.flash / "key.der").exists():
            certificate, key = new_certificate("M3-TWIN-0001")
            (self.flash / "cert.der").write_bytes(certificate)
            (self.flash / "key.der").write_bytes(key)

    def write_twin_json(self, http_port, https_port, bench_port, mqtt_port):
        """Addresses, and the secrets that were made when the device was new. Returns the admin's password."""
        self._save("twin.json", {
            "http": f"http://{HOST}:{http_port}", "https": f"https://{HOST}:{https_port}", "bench": f"http://{HOST}:{bench_port}",
            "mqtt": f"mqtt://{HOST}:{mqtt_port}" if mqtt_port else None, "admin_user": "admin", **self._known,
            "flash": str(self.flash.resolve()), "pid": os.getpid()})
        return self._known["admin_password"]

    def _empty_flash(self):
        if self.flash.exists() and any(self.flash.iterdir()) and not (self.flash / "board.json").exists():
            raise NotStarted(f"{self.flash} is no twin's flash (no board.json in it); --fresh leaves it alone")
        if self.flash.exists():
            shutil.rmtree(self.flash)

    def _load(self, name):
        try:
            value = json.loads((self.folder / name).read_text())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def _save(self, name, value):
        new = self.folder / (name + ".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(value, file, indent=1)
        os.replace(new, self.folder / name)


def _letters(count):
    return "".join(secrets.choice(LETTERS) for _ in range(count))
