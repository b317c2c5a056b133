"""A mail by SMTP (RFC 5321, 5322): a text, and if wanted a file attached (RFC 2045). Log-in by AUTH PLAIN or LOGIN (RFC 4954),
where the server offers it.

TLS from the first byte (RFC 8314) or by STARTTLS (RFC 3207); a server that does not take that gets no mail.
"""

import binascii

from firmware.dates import date_from_utc
from firmware.services.http_failure import HttpFailure
from firmware.services.publication.dialogue import Dialogue, open_line

_BOUNDARY = "mode3-part-3c4fcf098815f7ab"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PORTS = {"none": 25, "tls": 465, "starttls": 587}
_LINE = 57          # bytes that become a line of 76 characters
_WORD_BYTES = 39    # in a header, with "Subject: " before it and what makes it a word


async def send(target, name, length, pieces, to_thread, subject="Charging records", text="", utc_s=0):
    """target: destination.Target; to every recipient. name None: no file. HttpFailure."""
    recipients = recipients_of(target.to)
    if target.user:
        target.may_log_in()
    line = Dialogue(await open_line(target.host, target.port or _PORTS[target.security], to_thread))
    try:
        if target.security == "tls":
            await line.secure(target)
        await line.answer(220)
        offered = await _hello(line)
        if target.security == "starttls":
            await line.ask("STARTTLS", 220)
            await line.secure(target)
            offered = await _hello(line)
        if target.user:
            await _log_in(line, target, offered)
        await line.ask("MAIL FROM:<%s>" % one_address(target.sender), 250)
        for recipient in recipients:
            await line.ask("RCPT TO:<%s>" % recipient, 250, 251)
        await line.ask("DATA", 354)
        await line.write(_head(target.sender, recipients, subject, utc_s).encode())
        await line.write(_stuffed(text))
        if name is not None:
            await line.write(('\r\n--%s\r\nContent-Type: text/csv; charset=utf-8; name="%s"\r\n'
                              'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="%s"\r\n\r\n'
                              % (_BOUNDARY, name, name)).encode())
            for piece in _base64(pieces):
                await line.write(piece)
        await line.write(("\r\n--%s--\r\n.\r\n" % _BOUNDARY).encode())
        await line.answer(250)
        await line.ask("QUIT", 221, 250)
    finally:
        line.close()


async def _hello(line):
    """Greet; the log-ins that the server offers, in capital letters."""
    offered = []

    def hear(text):
        if text[:5].upper() in ("AUTH ", "AUTH="):       # the latter: servers older than RFC 2554
            offered.extend(text[5:].upper().split())
    line.hear = hear
    await line.ask("EHLO mode3", 250)
    line.hear = None
    return offered


async def _log_in(line, target, offered):
    """By the log-in that is offered: nobody else is told a password."""
    line.secret = "mail"
    try:
        if "PLAIN" in offered:
            await line.ask("AUTH PLAIN " + _word("\0" + target.user + "\0" + target.password), 235)
        elif "LOGIN" in offered:
            await line.ask("AUTH LOGIN", 334)
            await line.ask(_word(target.user), 334)
            await line.ask(_word(target.password), 235)
        else:
            raise HttpFailure("log_in", "the server offers neither AUTH PLAIN nor AUTH LOGIN here")
    except HttpFailure as failure:
        raise HttpFailure("log_in", failure.detail) if failure.code == "refused" else failure


def _word(text):
    return binascii.b2a_base64(text.encode()).decode().strip()


def one_address(text):
    """The mail address, checked. HttpFailure "bad_address"."""
    text = text.strip()
    at = text.find("@")
    if not 0 < at < len(text) - 1 or len(text) > 80:
        raise HttpFailure("bad_address", text[:40] or "no address")
    for char in text:
        if not "!" <= char <= "~" or char in "<>,;\"":
            raise HttpFailure("bad_address", text[:40])
    return text


def recipients_of(text):
    """The addresses of a list with semicolons. HttpFailure "bad_address"."""
    found = [one_address(one) for one in text.split(";") if one.strip()]
    if not found:
        raise HttpFailure("bad_address", "no recipient")
    return found


def _head(sender, recipients, subject, utc_s):
    lines = ["From: <%s>" % sender.strip(), "To: " + ", ".join(["<%s>" % one for one in recipients]),
             "Subject: " + _encoded(subject)]
    if utc_s:
        year, month, day, hour, minute, second, weekday = date_from_utc(utc_s)
        lines.append("Date: %s, %02d %s %04d %02d:%02d:%02d +0000" % (
            _DAYS[weekday], day, _MONTHS[month - 1], year, hour, minute, second))
    lines += ["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="%s"' % _BOUNDARY, "", "--" + _BOUNDARY,
              "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", ""]
    return "\r\n".join(lines)


def _encoded(text):
    """A header's text: as it is where it is ASCII, else RFC 2047: a line with such a word has 76 characters at most."""
    if all([" " <= char <= "~" for char in text]):
        return text
    words = [""]
    for char in text:
        if len((words[-1] + char).encode()) > _WORD_BYTES:
            words.append("")
        words[-1] += char
    return "\r\n ".join(["=?utf-8?B?%s?=" % binascii.b2a_base64(word.encode()).decode().strip() for word in words])


def _stuffed(text):
    """The text's lines; one that begins with a full stop gets another, or it would end the mail."""
    lines = text.split("\n")
    return "\r\n".join(["." + line if line.startswith(".") else line for line in lines]).encode()


def _base64(pieces):
    rest = b""
    for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % _LINE
        for at in range(0, whole, _LINE):
            yield _coded(rest[at:at + _LINE])
        rest = rest[whole:]
        yield b""
    if rest:
        yield _coded(rest)


def _coded(data):
    return binascii.b2a_base64(data).strip() + b"\r\n"
