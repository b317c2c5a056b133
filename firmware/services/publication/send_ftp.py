"""A file to an FTP server (RFC 959): the server listens for the data (passive), or we do. The file is named when it is whole.

There is no FTP over TLS (RFC 4217): the end of a file is the end of its TLS connection there, and MicroPython can neither say
close_notify nor wait for the server's. With TLS 1.3 a server then takes a file of which the end is missing for whole.
"""

import asyncio
import os

from micropython import const

from firmware.services.http_client import WAIT_MS, within
from firmware.services.http_failure import HttpFailure
from firmware.services.publication.dialogue import Dialogue, open_line
from firmware.services.web.sockets import Listener

_FIRST_PORT = const(49152)          # of the 16384 that belong to nobody
_TRIES = const(8)
_FULL_MS = const(50)                # no socket is free for who calls: not again at once


async def send(target, name, length, pieces, to_thread):
    """target: destination.Target; pieces: iterator of bytes. HttpFailure."""
    if target.security != "none":
        raise HttpFailure("no_ftps")
    if target.user:
        target.may_log_in()
    control = Dialogue(await open_line(target.host, target.port or 21, to_thread))
    data = listener = None
    try:
        await _enter(control, target)
        if target.passive:
            # The address in the answer is left alone: a server must not send us elsewhere, and behind NAT it is wrong anyway.
            _, text = await control.ask("PASV", 227)
            data = await open_line(control.peer, _port_of(text), to_thread)
        else:
            listener, place = _listen(target.charger.address())
            await control.ask("PORT " + place, 200)
        await control.ask("STOR " + name + ".part", 125, 150)
        if listener is not None:
            data = await within(_caller(listener, control.peer), WAIT_MS)
        for piece in pieces:
            await within(data.write(piece), WAIT_MS)
        data.close()
        data = None
        await control.answer(226, 250)
        await control.ask("RNFR " + name + ".part", 350)
        await control.ask("RNTO " + name, 250)
        await control.ask("QUIT", 221, 226)
    finally:
        for one in (data, listener):
            if one is not None:
                one.close()
        control.close()


async def _enter(control, target):
    """Log in and go to the folder."""
    await control.answer(220)
    if target.user:
        control.secret = "file"
    try:
        code, _ = await control.ask("USER " + (target.user or "anonymous"), 230, 331)
        if code == 331:
            await control.ask("PASS " + (target.password if target.user else "mode3"), 230, 202)
    except HttpFailure as failure:
        raise HttpFailure("log_in", failure.detail) if failure.code == "refused" else failure
    await control.ask("TYPE I", 200)
    folder = target.path.strip("/")
    if folder:
        await control.ask("CWD " + ("/" if target.path.startswith("/") else "") + folder, 250, 200)


def _port_of(text):
    """The port of "Entering Passive Mode (h1,h2,h3,h4,p1,p2)"."""
    begin, end = text.find("("), text.find(")")
    numbers = (text[begin + 1:end] if 0 <= begin < end else "").split(",")
    if len(numbers) != 6 or not all([number.strip().isdigit() and int(number) < 256 for number in numbers]):
        raise HttpFailure("bad_answer", "PASV")
    return int(numbers[4]) * 256 + int(numbers[5])


def _listen(address):
    """(Listener, how PORT names it). The port is drawn, not asked for: MicroPython's sockets do not tell theirs."""
    if address is None:
        raise HttpFailure("no_connection", "the charger has no address")
    for _ in range(_TRIES):
        port = _FIRST_PORT + int.from_bytes(os.urandom(2), "big") % (65536 - _FIRST_PORT)
        try:
            listener = Listener("0.0.0.0", port, 1)
        except OSError:
            continue                # taken, or no socket is free
        return listener, "%s,%d,%d" % (address.replace(".", ","), port >> 8, port & 255)
    raise HttpFailure("no_connection", "no socket is free")


async def _caller(listener, server):
    """The server's Connection; others who call are sent away."""
    while True:
        await listener.wait()
        connection = listener.accept()
        if connection is None:
            await asyncio.sleep_ms(_FULL_MS)
        elif connection.peer == server:
            return connection
        else:
            connection.close()
