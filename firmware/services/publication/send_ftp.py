"""A file to an FTP server (RFC 959), passive: a charger behind a router cannot be called. The file is named when it is whole."""

from firmware.services.http_client import WAIT_MS, within
from firmware.services.http_failure import HttpFailure
from firmware.services.publication.dialogue import Dialogue, open_line


async def send(target, name, length, pieces, to_thread):
    """target: destination.Target; pieces: iterator of bytes. HttpFailure."""
    host, port = target.host, target.port or 21
    control = Dialogue(await open_line(host, port, to_thread))
    data = None
    try:
        await control.answer(220)
        code, _ = await control.ask("USER " + (target.user or "anonymous"), 230, 331)
        if code == 331:
            await control.ask("PASS " + (target.password or "mode3"), 230, 202)
        await control.ask("TYPE I", 200)
        folder = target.path.strip("/")
        if folder:
            await control.ask("CWD " + ("/" if target.path.startswith("/") else "") + folder, 250, 200)
        # The address in the answer is left alone: a server must not send us to somebody else, and behind NAT it is wrong anyway.
        _, text = await control.ask("PASV", 227)
        data = await open_line(host, _port_of(text), to_thread)
        await control.ask("STOR " + name + ".part", 125, 150)
        for piece in pieces:
            await within(data.write(piece), WAIT_MS)
        data.close()
        data = None
        await control.answer(226, 250)
        await control.ask("RNFR " + name + ".part", 350)
        await control.ask("RNTO " + name, 250)
        await control.ask("QUIT", 221, 226)
    finally:
        if data is not None:
            data.close()
        control.close()


def _port_of(text):
    """The port of "Entering Passive Mode (h1,h2,h3,h4,p1,p2)"."""
    begin, end = text.find("("), text.find(")")
    numbers = (text[begin + 1:end] if 0 <= begin < end else "").split(",")
    if len(numbers) != 6 or not all([number.strip().isdigit() and int(number) < 256 for number in numbers]):
        raise HttpFailure("bad_answer", "PASV")
    return int(numbers[4]) * 256 + int(numbers[5])
