"""A file server in the test's own loop that can misbehave; and the package it serves, made without a key."""

import asyncio
import binascii
import hashlib
import os

from firmware.services.web.sockets import ConnectionGone, Listener


def sha(data):
    """SHA-256 in hex."""
    return binascii.hexlify(hashlib.sha256(data).digest()).decode()


def manifest_of(files, version="1.1.0", signature="00" * 384, board="any", boot=0, notes=()):
    """A manifest as the release tool writes it; `signature` is what it is."""
    lines = ["mode3-manifest 1", "version " + version, "date 2026-11-20", "board " + board, "boot %d" % boot]
    lines += ["note " + note for note in notes]
    lines += ["file %d %s %s" % (len(files[path]), sha(files[path]), path) for path in sorted(files)]
    total = sum([len(data) for data in files.values()])
    lines += ["end %d %d" % (len(files), total), "signature " + signature]
    return ("\n".join(lines) + "\n").encode()


async def drain(connection):
    """Wait for the client to go, so that its reading is not cut short by a reset."""
    while await connection.read(512):
        continue


class FileServer:
    """`async with FileServer(files)`: serves {path: bytes} at self.url; asked: [(path, Range's begin or 0)].

    how: {path: behaviour}, which holds for the next request only, or for all when its name ends in "!". Behaviours: hang (accepts,
    says nothing), close, reset_at:N (N bytes of the body, then the end), 404, 500, redirect:URL, loop, longer, shorter (than it
    says), no_length, no_range, chunked, flip (a bit of the body), drip (a byte every 40 ms), nonsense, long_head."""

    def __init__(self, files):
        self.files = files
        self.how = {}
        self.asked = []

    async def __aenter__(self):
        for _ in range(20):
            port = 20000 + int.from_bytes(os.urandom(2), "little") % 6000 * 2
            try:
                self._listener = Listener("127.0.0.1", port, 4)
                break
            except OSError:
                continue
        self.url = "http://127.0.0.1:%d/" % port
        self._task = asyncio.create_task(self._run())
        self._clients = []
        return self

    async def __aexit__(self, kind, value, trace):
        for task in [self._task] + self._clients:
            task.cancel()
        self._listener.close()
        await asyncio.sleep_ms(0)

    async def _run(self):
        try:
            while True:
                await self._listener.wait()
                connection = self._listener.accept()
                if connection is not None:
                    self._clients.append(asyncio.create_task(self._serve(connection)))
        except asyncio.CancelledError:
            return

    async def _serve(self, connection):
        try:
            await self._answer(connection)
        except (ConnectionGone, asyncio.CancelledError):
            return
        finally:
            connection.close()

    async def _answer(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = await connection.read(512)
            if not piece:
                return
            head += piece
        lines = head.decode().split("\r\n")
        method, path, _ = lines[0].split(" ")
        path = path[1:]
        begin = 0
        for line in lines:
            if line.startswith("Range: bytes="):
                begin = int(line[13:-1])
        self.asked.append((path, begin))
        how = self.how.get(path, "")
        if how and not how.endswith("!"):
            del self.how[path]
        await self._behave(connection, path, begin, how.rstrip("!"))

    async def _behave(self, connection, path, begin, how):
        body = self.files.get(path)
        if how == "hang":
            await drain(connection)
        elif how == "close":
            return
        elif how == "nonsense":
            await connection.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        elif how == "long_head":
            await connection.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 8000)
            await drain(connection)
        elif how == "500" or how == "404" or body is None:
            await connection.write(("HTTP/1.1 %s No\r\nContent-Length: 0\r\n\r\n" % (how or "404")).encode())
        elif how.startswith("redirect:"):
            await connection.write(("HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % how[9:]).encode())
        elif how == "loop":
            self.how[path] = "loop"
            await connection.write(("HTTP/1.1 302 Found\r\nLocation: /%s\r\n\r\n" % path).encode())
        elif how == "chunked":
            await connection.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        else:
            await self._send(connection, body, begin if how != "no_range" else 0, how)

    async def _send(self, connection, body, begin, how):
        said = len(body) - begin
        if how == "flip" and body:
            body = body[:-1] + bytes([body[-1] ^ 1])
        if how == "longer":
            body, said = body + b"more", said + 4
        elif how == "shorter":
            body, said = body[:-1], said - 1
        head = "HTTP/1.1 206 Part\r\nContent-Range: bytes %d-%d/*\r\n" % (begin, len(body) - 1) if begin else "HTTP/1.1 200 OK\r\n"
        if how != "no_length":
            head += "Content-Length: %d\r\n" % said
        await connection.write(head.encode() + b"\r\n")
        body = body[begin:]
        if how.startswith("reset_at:"):
            body = body[:int(how[9:])]
        if how == "drip":
            for byte in body:
                await connection.write(bytes([byte]))
                await asyncio.sleep_ms(40)
            return
        await connection.write(body)
