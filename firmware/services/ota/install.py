"""Puts a package's files into the slot that does not run: what the running slot has too is copied, only the rest is fetched.

Every step may be the last one: `incomplete` is there from before the first change until after the last, and boot.py starts no
slot that has it. What was fetched whole, and the part of what was not, is found again the next time.
"""

import asyncio
import binascii
import hashlib
import os

from micropython import const

from firmware.services.ota import manifest as manifests
from firmware.services.ota import slot_files
from firmware.services.ota.refusal import UpdateError
from firmware.storage import files

MARKER = "/incomplete"
MANIFEST = "/manifest"
_PART = "part-"
_SYNC_BYTES = const(16384)       # of a file being fetched, at most so much is lost by a power cut
_SPARE_BYTES = const(32768)      # the pointer, records that are written meanwhile
_KEEP, _COPY, _FETCH = 0, 1, 2


class Install:
    """root: of the flash, with its slash. running: "a" or "b". allowed(): raises UpdateError when the flash may not be touched now.

    source: `await open(size, digest, path, offset)` -> a reader with `offset` (where it really begins, 0 or what was asked for),
    `await read()` (bytes, b"" at its end) and close(). progress(percent)."""

    def __init__(self, root, running, allowed, source, progress):
        self._root = root
        self._from = root + running
        self._into = root + ("b" if running == "a" else "a")
        self._allowed = allowed
        self._source = source
        self._progress = progress
        self._plan = bytearray()
        self._done = 0
        self._resumed = False            # the newest fetch went on with a part that was there
        self.fetched_bytes = 0
        self.copied_bytes = 0

    async def run(self, path, manifest):
        """Install what the checked manifest on flash at `path` lists. UpdateError; OSError from the flash."""
        self._allowed()
        wanted, parts = await self._make_plan(path)
        self._check_room(path, wanted, parts)
        self._allowed()                      # the plan has taken its time
        self._begin(manifest)
        await self._tidy(wanted, parts)
        index = 0
        total = max(1, manifest.total_bytes)
        for size, digest, name in manifests.entries(path):
            step, index = self._plan[index], index + 1
            if step != _KEEP:
                await self._put(step, size, digest, name)
            self._done += size
            self._progress(self._done * 100 // total)
        self._allowed()
        os.rename(path, self._into + MANIFEST)
        os.remove(self._into + MARKER)

    async def _make_plan(self, path):
        """What each file needs, in order; ({paths that stay}, [names of parts that go on])."""
        wanted, parts = set(), []
        there = [name for name in files.names(self._into) if name.startswith(_PART)]
        for size, digest, name in manifests.entries(path):
            if await slot_files.holds(self._into + "/" + name, size, digest):
                self._plan.append(_KEEP)
                wanted.add(name)
            elif await slot_files.holds(self._from + "/" + name, size, digest):
                self._plan.append(_COPY)
            else:
                self._plan.append(_FETCH)
                if _part_name(digest) in there:
                    parts.append(_part_name(digest))
        return wanted, parts

    def _check_room(self, path, wanted, parts):
        needed, index, folder = _SPARE_BYTES, 0, ""
        for size, _, name in manifests.entries(path):
            if self._plan[index] != _KEEP:
                needed += slot_files.room_of(size)
            index += 1
            if name[:name.rfind("/")] != folder:
                folder = name[:name.rfind("/")]
                if not slot_files.is_folder(self._into + "/" + folder):
                    needed += slot_files.FOLDER_BYTES
        free = slot_files.free_bytes(self._root)
        for name, folder in slot_files.walk(self._into):
            if not folder and name not in wanted:
                free += slot_files.room_of(files.size(self._into + "/" + name))
        if free < needed:
            raise UpdateError("no_space", "%d kB are free, %d needed" % (free // 1024, needed // 1024))

    def _begin(self, manifest):
        """From here on the slot is no longer whole."""
        if not slot_files.is_folder(self._into):
            os.mkdir(self._into)
        if not files.exists(self._into + MARKER):
            with open(self._into + MARKER, "w") as file:
                file.write(manifest.version + " " + manifest.name())

    async def _tidy(self, wanted, parts):
        """Remove what does not stay; first of all, so that its room is free."""
        for name, folder in slot_files.walk(self._into):
            if folder:
                if not files.names(self._into + "/" + name):
                    self._allowed()
                    os.rmdir(self._into + "/" + name)
            elif name not in wanted and name not in parts and name != MARKER[1:]:
                self._allowed()
                os.remove(self._into + "/" + name)
                await asyncio.sleep_ms(0)

    async def _put(self, step, size, digest, name):
        """One file into its place; what cannot be resumed is fetched once more from its beginning."""
        part = self._into + "/" + _part_name(digest)
        for again in (True, False):
            try:
                if step == _COPY:
                    await self._copy(name, part)
                elif not (files.size(part) == size and await slot_files.holds(part, size, digest)):
                    await self._fetch(size, digest, name, part)
                break
            except UpdateError as error:
                if error.code != "wrong_hash" or not again or not self._resumed:
                    raise
        if not await slot_files.holds(part, size, digest):
            self._allowed()
            files.remove(part)
            raise UpdateError("flash_failed", name[:60])
        self._allowed()
        target = self._into + "/" + name
        files.make_folders(target[:target.rfind("/")])
        os.rename(part, target)

    async def _copy(self, name, part):
        with open(self._from + "/" + name, "rb") as source:
            self._allowed()
            with open(part, "wb") as file:
                while True:
                    self._allowed()
                    piece = source.read(1024)
                    if not piece:
                        break
                    file.write(piece)
                    self.copied_bytes += len(piece)
                    await asyncio.sleep_ms(0)

    async def _fetch(self, size, digest, name, part):
        have = files.size(part) or 0
        if have >= size:
            have = 0
        reader = await self._source.open(size, digest, name, have)
        try:
            have = reader.offset
            self._resumed = have > 0
            sha = await self._hash_of_part(part, have)
            await self._take(reader, part, have, size, sha, name)
        finally:
            reader.close()
        if binascii.hexlify(sha.digest()).decode() != digest:
            self._allowed()
            files.remove(part)
            raise UpdateError("wrong_hash", name[:60])

    async def _hash_of_part(self, part, have):
        sha = hashlib.sha256()
        if have:
            with open(part, "rb") as file:
                while True:
                    piece = file.read(1024)
                    if not piece:
                        break
                    sha.update(piece)
                    await asyncio.sleep_ms(0)
        return sha

    async def _take(self, reader, part, have, size, sha, name):
        """The reader's bytes into the part; what came is kept also when it ends too soon."""
        self._allowed()
        with open(part, "ab" if have else "wb") as file:
            synced = have
            while True:
                piece = await reader.read()
                if not piece:
                    break
                self._allowed()
                if have + len(piece) > size:
                    raise UpdateError("wrong_length", name[:60])
                file.write(piece)
                sha.update(piece)
                have += len(piece)
                self.fetched_bytes += len(piece)
                if have - synced >= _SYNC_BYTES:
                    await asyncio.sleep_ms(0)      # writing may have erased a block just now
                    self._allowed()
                    file.flush()
                    synced = have
        if have < size:
            raise UpdateError("wrong_length", name[:60])


def _part_name(digest):
    return _PART + digest[:16]

