"""Puts an application into a slot of a twin's flash, as provisioning puts the first one on a device."""
import binascii
from pathlib import Path


def pointer(active, previous=None, confirmed=True, tries=0):
    """slot.json's text (docs/boot.md)."""
    body = '{"format":1,"active":"%s","previous":%s,"confirmed":%s,"tries":%d' % (
        active, '"%s"' % previous if previous else "null", "true" if confirmed else "false", tries)
    return '%s,"crc":"%08x"}' % (body, binascii.crc32(body.encode()))


def put(flash, files, slot="a"):
    """Write {path: bytes} into the slot and let the next start run it."""
    flash = Path(flash)
    for path, data in files.items():
        target = flash / slot / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    (flash / "slot.json").write_text(pointer(slot))
