"""Where a package comes from: a file server, or a bundle that somebody uploads; and whether it may be taken at all."""

from micropython import const

from firmware.services.http_client import get
from firmware.services.http_failure import HttpFailure
from firmware.services.ota import manifest as manifests
from firmware.services.ota import signature
from firmware.services.ota.install import Install
from firmware.services.ota.manifest import Manifest, version_from_text
from firmware.services.ota.refusal import UpdateError
from firmware.services.ota.release_keys import MODULI

_SLOWEST_MS = const(60000)       # a file may take so long, and a second more for each kilobyte
_TICKS_MASK = const(0x3FFFFFFF)


class Target:
    """What the package is for. version: that runs; family: of the board; boot: version of boot.py; failed: versions that did not
    come up; older: the administrator lets an older one, or one that failed, in."""

    def __init__(self, version, family, boot, failed=(), older=False):
        self.version = version
        self.family = family
        self.boot = boot
        self.failed = failed
        self.older = older


async def examine(manifest, target, moduli=None):
    """UpdateError unless the manifest is signed by a key of ours and is for this charger."""
    manifest.finish()
    moduli = MODULI if moduli is None else moduli
    if not [1 for _ in moduli]:
        raise UpdateError("no_key")
    if not await signature.is_by_any(moduli, manifest.signature, manifest.digest):
        raise UpdateError("bad_signature")
    if manifest.board != "any" and target.family not in manifest.board.split(","):
        raise UpdateError("wrong_board", manifest.board)
    if manifest.boot > target.boot:
        raise UpdateError("old_boot", "%d, needed is %d" % (target.boot, manifest.boot))
    new, now = version_from_text(manifest.version), version_from_text(target.version)
    if new == now:
        raise UpdateError("not_newer", manifest.version)
    if new < now and not target.older:
        raise UpdateError("older", manifest.version)
    if manifest.version in target.failed and not target.older:
        raise UpdateError("failed_before", manifest.version)


class _Body:
    """What a server answers, as Install reads it: with an end to patience."""

    def __init__(self, answer, offset, ticks_ms):
        self.offset = offset
        self._answer = answer
        self._ticks_ms = ticks_ms
        self._began_ms = ticks_ms()
        self._bytes = 0

    async def read(self):
        if ((self._ticks_ms() - self._began_ms) & _TICKS_MASK) > _SLOWEST_MS + self._bytes:
            raise UpdateError("no_answer", "%d bytes in %d s" % (self._bytes, _SLOWEST_MS // 1000))
        try:
            piece = await self._answer.read()
        except HttpFailure as failure:
            raise UpdateError(failure.code, failure.detail)
        self._bytes += len(piece)
        return piece

    def close(self):
        self._answer.close()


class Server:
    """A folder on a file server: `manifest`, `objects/<SHA-256>`. base: its URL."""

    def __init__(self, base, to_thread, ticks_ms):
        self._base = base if base.endswith("/") else base + "/"
        self._to_thread = to_thread
        self._ticks_ms = ticks_ms

    async def _get(self, name, offset):
        try:
            answer = await get(self._base + name, self._to_thread, offset)
        except HttpFailure as failure:
            raise UpdateError(failure.code, failure.detail)
        return answer, _Body(answer, offset if answer.status == 206 else 0, self._ticks_ms)

    async def open(self, size, digest, path, offset):
        """A file of the package, for Install."""
        answer, body = await self._get("objects/" + digest, offset)
        if answer.length is not None and answer.length != size - body.offset:
            body.close()
            raise UpdateError("wrong_length", "%s: %d" % (path[:60], answer.length))
        return body

    async def manifest(self, keep=None):
        """The Manifest, not yet examined; keep(bytes) is given what belongs to it. UpdateError."""
        answer, body = await self._get("manifest", 0)
        try:
            if answer.length is not None and answer.length > manifests.MOST_BYTES:
                raise UpdateError("too_large", "manifest")
            return await _read_manifest(body.read, keep)
        finally:
            body.close()


class Bundle:
    """manifest and files one after the other. read(): as of a web Request."""

    def __init__(self, read):
        self._read = read
        self._rest = b""
        self._entries = None
        self.offset = 0
        self._left = 0               # of the file that is at hand

    async def manifest(self, keep):
        """As of Server."""
        found = await _read_manifest(self._read, keep)
        self._rest = found.rest
        return found

    def begin(self, path):
        """The manifest was found good; path: where it is on flash."""
        self._entries = manifests.entries(path)

    async def open(self, size, digest, path, offset):
        """A file of the package; those before it are read past."""
        for entry_size, _, entry_path in self._entries:
            self._left = entry_size
            if entry_path == path:
                return self
            while self._left:
                if not await self.read():
                    break
        raise UpdateError("wrong_length", path[:60])

    async def read(self):
        """The next bytes of the file that was opened."""
        if not self._left:
            return b""
        piece = self._rest or await self._read()
        self._rest = piece[self._left:]
        piece = piece[:self._left]
        self._left -= len(piece)
        return piece

    def close(self):
        """The stream goes on with the next file."""
        self.offset = 0


async def _read_manifest(read, keep):
    found = Manifest()
    while not found.done:
        piece = await read()
        if not piece:
            break
        taken = found.feed(piece)
        if keep is not None:
            keep(piece[:taken])
    found.finish()
    return found


async def look(server, target, moduli=None):
    """The server's manifest when it may be taken; nothing is written. UpdateError."""
    manifest = await server.manifest()
    await examine(manifest, target, moduli)
    return manifest


async def fetch(package, target, root, running, allowed, progress, moduli=None):
    """Install a package, Server or Bundle, into the slot that does not run; its Manifest. UpdateError, OSError from the flash."""
    allowed()
    path = root + "data/update_manifest"
    with open(path, "wb") as file:
        def keep(piece):
            allowed()                    # it comes at the server's speed: a vehicle may be here by now
            file.write(piece)
        manifest = await package.manifest(keep)
    await examine(manifest, target, moduli)
    if hasattr(package, "begin"):
        package.begin(path)
    progress(0)
    await Install(root, running, allowed, package, progress).run(path, manifest)
    return manifest
