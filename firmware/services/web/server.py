"""The web server: lets few clients in, gives each little memory and little time, and never waits for one alone."""
import asyncio
import gc

from firmware.services.web.reply import HttpError
from firmware.services.web.request import Reader, read_head
from firmware.services.web.roles import PUBLIC, allows
from firmware.services.web.sockets import ConnectionGone, Listener

MAX_CONNECTIONS = 4       # of the ten sockets that stock lwIP has
BACKLOG = 4               # more wait here, unseen by us
REQUEST_MS = 5000         # from the connection to the last byte of the request
RESPONSE_MS = 15000       # from there to the last byte of the answer; streams have their own
UPLOAD_MS = 120000        # for a body that its handler takes a piece at a time, and for a download of thousands of records
KEPT_MS = 15000           # a secure connection waits so long for its next request,
KEPT_LONG_MS = 300000     # or so long where a new one could not come in; browsers keep theirs no longer
_SMALL_BODY = 2048        # bytes; of larger bodies only one at a time is in memory
# What a refused client still sends is thrown away for a while, so that it reads the refusal before the reset.
_LINGER_MS = 300
_LINGER_READS = 128       # of 512 bytes

# While somebody waits at the door, an open connection is given this long, by what it is doing. A phone with a weak signal sends
# a request that was lost anew after 0.2 to 0.4 s, and after 0.6 to 1.2 s when that was lost too; cut off meanwhile it would miss a
# file of the page. Who only holds places, as connections that a browser keeps ready, holds up the others once for as long.
_PATIENCE_MS = {"silent": 1000, "reading": 1500, "answering": 4000, "download": 60000}
_DOOR_MS = 50
_CLOSED_MS = 1000         # a door that is not wanted is looked after so often


class _Client:
    def __init__(self, connection):
        self.connection = connection
        self.reader = Reader(connection)
        self.request = None       # once its head is read
        self.unread = True        # more of the request may come
        self.phase = "silent"
        self.waited_ms = 0        # time that others waited at the door meanwhile
        self.task = None
        self.started = False

    def again(self):
        """The next request may come."""
        self.request = None
        self.unread = True
        self.phase = "silent"
        self.waited_ms = 0
        self.reader.next()

    def speaks_1_1(self):
        """The request said HTTP/1.1."""
        return self.request is not None and self.request.http_version == "1.1"

    def patience_ms(self):
        if self.phase == "silent" and self.reader.started:
            self.phase = "reading"
        return _PATIENCE_MS.get(self.phase)


class WebServer:
    """Serves routes (Routes) on host and port.

    role_of(request) -> a name of roles.py. hosts: a Hosts that looks at each request first, or None.
    on_error(where, error) is told about handlers that failed.
    """

    def __init__(self, routes, host, port, role_of, on_error, request_ms=REQUEST_MS, response_ms=RESPONSE_MS):
        self._routes = routes
        self._host = host
        self._port = port
        self._role_of = role_of
        self._on_error = on_error
        self._request_ms = request_ms
        self._response_ms = response_ms
        self.hosts = None
        self.plain_wanted = lambda: True      # asked before each client: HTTP may be turned off where there is HTTPS
        self._clients = []
        self._door = None
        self._large_body = asyncio.Lock()

    async def run(self):
        """The task. Raises OSError when the port cannot be had. Ends when cancelled, and closes what is open."""
        while True:
            if self.plain_wanted():
                await self._listen(self._port, None)
            await asyncio.sleep_ms(_CLOSED_MS)

    async def run_secure(self, port, door):
        """The task of a second door that speaks TLS: an https.Door. As run()."""
        self._door = door
        await self._listen(port, door)

    async def _listen(self, port, door):
        listener = Listener(self._host, port, BACKLOG)
        try:
            while True:
                await listener.wait()
                if door is None and not self.plain_wanted():
                    return                               # who knocks now finds the door taken away
                while door is not None and (self._secure() >= door.most or not door.may_begin()):
                    await asyncio.sleep_ms(_DOOR_MS)
                await self._room()
                connection = listener.accept()
                if connection is None:
                    await asyncio.sleep_ms(_DOOR_MS)     # no socket left: not again at once
                    continue
                try:
                    client = _Client(connection if door is None else door.let_in(connection))
                    client.task = asyncio.create_task(self._serve(client))
                    self._clients.append(client)
                except (OSError, ValueError, MemoryError):
                    connection.close()                   # the door stays open for who comes when there is memory again
        finally:
            listener.close()
            for client in list(self._clients):
                if client.connection.secure == (door is not None):
                    client.task.cancel()
                    if not client.started:      # a task cancelled before its first step never gets to its finally
                        self._let_go(client)

    def _secure(self):
        return len([client for client in self._clients if client.connection.secure])

    def open_connections(self):
        """How many clients are in now."""
        return len(self._clients)

    async def _room(self):
        """Wait until a connection is free; those that only hold their place must yield."""
        while len(self._clients) >= MAX_CONNECTIONS:
            await asyncio.sleep_ms(_DOOR_MS)
            for client in list(self._clients):
                client.waited_ms += _DOOR_MS
                patience_ms = client.patience_ms()
                if patience_ms is not None and client.waited_ms > patience_ms:
                    client.task.cancel()
                    break

    def _let_go(self, client):
        client.connection.close()
        self._clients.remove(client)

    async def _serve(self, client):
        client.started = True
        try:
            while await self._answer_one(client):
                client.again()
        except (ConnectionGone, asyncio.TimeoutError):
            client.phase = "gone"       # nobody is left to be told
        except asyncio.CancelledError:
            client.phase = "gone"       # its place was wanted, or the server ends: this task is over either way
        except Exception as error:
            self._on_error("web", error)      # while sending: the head is out, only breaking off is left
        finally:
            self._let_go(client)

    async def _answer_one(self, client):
        """Read one request and answer it; True when the connection goes on."""
        longest_ms = self._request_ms
        if client.connection.secure:           # who goes now may have to wait long to come in again
            longest_ms = max(longest_ms, KEPT_LONG_MS if client.connection.shaken and not self._door.may_begin() else KEPT_MS)
        try:
            found = await asyncio.wait_for_ms(self._read(client), longest_ms)
            if found is None:
                return False
            uploads = client.request.read is not None
            client.phase = "upload" if uploads else "answering"      # an upload need not yield its place: it is an administrator's
            client.unread = uploads
            client.waited_ms = 0
            longest_ms = UPLOAD_MS if uploads else self._response_ms
            reply = await asyncio.wait_for_ms(self._handle(client.request, found[0], found[1]), longest_ms)
        except asyncio.TimeoutError:
            if not client.reader.started:
                return False
            reply = (HttpError(503, "busy", "no answer in time") if client.phase in ("answering", "upload") else
                     HttpError(408, "request_timeout", "the request did not come in time")).reply()
        except HttpError as error:
            reply = error.reply()
        except MemoryError:                    # of the handler, or of what is loaded for it
            gc.collect()
            reply = HttpError(503, "busy", "out of memory, try again", headers=(("Retry-After", "5"),)).reply()
        if reply.stream is not None and client.connection.secure and self._secure() == 1 and not self._door.may_begin():
            reply.close()                      # the page asks again and again instead: all else must come through this one, too
            reply = HttpError(503, "too_many_streams", "no stream over the only secure connection while power flows").reply()
        client.phase = "answering"
        # Only where it was dear to come in; otherwise another's turn is next.
        keep = client.connection.secure and not client.unread and reply.stream is None and client.speaks_1_1()
        try:
            await self._send(client, reply, keep)
        finally:
            reply.close()
        if client.unread:
            try:
                await asyncio.wait_for_ms(self._linger(client), _LINGER_MS)
            except asyncio.TimeoutError:
                return False
        return keep

    async def _read(self, client):
        """Read head and body; (row, rest) of the route, or None when nothing was asked."""
        request = client.request = await read_head(client.reader, client.connection.peer)
        if request is None:
            return None
        request.secure = client.connection.secure
        length = request.content_length
        client.unread = length > 0
        if self.hosts is not None:
            elsewhere = self.hosts.check(request)
            if elsewhere is not None:
                return (None, None, None, _giving(elsewhere), 0), ""
        request.role = self._role_of(request)
        row, rest = await self._routes.reach(request.method, request.path, lambda needed: _must(request.role, needed))
        _must(request.role, row[2])
        if length > abs(row[4]):
            raise HttpError(413, "payload_too_large", "a body may have %d bytes here" % abs(row[4]))
        if row[4] < 0:
            request.read = self._upload(client, length)
        if length:
            if request.headers.get("expect", "").lower() == "100-continue":
                await client.connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if row[4] < 0:
                return row, rest
            if length > _SMALL_BODY:
                async with self._large_body:
                    request.body = await client.reader.body(length)
            else:
                request.body = await client.reader.body(length)
        return row, rest

    def _upload(self, client, length):
        """What a handler calls for the next piece of a body. A client that stops sending does not keep its place."""
        left = [length]

        async def read():
            if not left[0]:
                client.unread = False
                return b""
            try:
                piece = await asyncio.wait_for_ms(client.reader.piece(left[0]), self._request_ms)
            except asyncio.TimeoutError:
                raise HttpError(408, "request_timeout", "the body did not come in time")
            left[0] -= len(piece)
            return piece
        return read

    async def _handle(self, request, row, rest):
        try:
            return await row[3](request, rest)
        except (HttpError, MemoryError):
            raise
        except Exception as error:
            # By the row, not by what was asked: it is kept, and paths are without number.
            self._on_error(request.method + " " + (row[1] or ""), error)
            raise HttpError(500, "internal", "this went wrong: " + type(error).__name__)

    async def _send(self, client, reply, keep):
        request = client.request
        is_head = request is not None and request.method == "HEAD"
        sending = reply.send(client.connection.write, is_head, client.speaks_1_1(), keep)
        if reply.stream is not None:
            client.phase = "stream"     # never has to yield its place: there are at most two
            watcher = asyncio.create_task(self._watch(client))
            try:
                await sending
            finally:
                watcher.cancel()
        else:
            client.phase = "download" if reply.slow else client.phase
            await asyncio.wait_for_ms(sending, UPLOAD_MS if reply.slow else self._response_ms)

    async def _watch(self, client):
        """Ends a stream as soon as its client goes, so that a page loaded anew finds its place free."""
        try:
            while await client.connection.read(64):
                continue
        except ConnectionGone:
            client.phase = "gone"
        client.task.cancel()

    async def _linger(self, client):
        for _ in range(_LINGER_READS):
            if not await client.connection.read(512):
                return


def _giving(reply):
    async def give(request, rest):
        return reply
    return give


def _must(role, needed):
    """Raise 401 (nobody is logged in) or 403 where the role is less than `needed`: a name of roles.py, or a function
    that gives one."""
    if callable(needed):
        needed = needed()
    if not allows(role, needed):
        if role == PUBLIC:
            raise HttpError(401, "login_required", "log in, or send a token: this needs the role " + needed,
                            headers=(("WWW-Authenticate", "Bearer"),))
        raise HttpError(403, "forbidden", "needs the role " + needed)
