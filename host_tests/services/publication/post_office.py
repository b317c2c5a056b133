"""An SMTP server in a process of its own: `post_office.py FOLDER OPTIONS`, OPTIONS as JSON: port, user, password, excluded
(log-ins), tls ("tls" from the first byte, or "starttls"), certificate, key. Each mail becomes a file: its envelope as
JSON in the first line, with who has logged in and whether that was over TLS, then the mail."""
import asyncio
import json
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult


class Post:
    def __init__(self, folder):
        self._folder = Path(folder)

    async def handle_DATA(self, server, session, envelope):
        head = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "user": session.auth_data,
                "tls": server.transport.get_extra_info("sslcontext") is not None}
        (self._folder / ("%d.mail" % len(list(self._folder.iterdir())))).write_bytes(
            json.dumps(head).encode() + b"\n" + envelope.content)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@nowhere.lan"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"


async def main(folder, port, user=None, password=None, excluded="", tls=None, certificate=None, key=None):
    options, context = {}, None
    if user is not None:
        def check(server, session, envelope, mechanism, data):
            good = (data.login, data.password) == (user.encode(), password.encode())
            return AuthResult(success=good, handled=False, auth_data=data.login.decode())
        options = {"authenticator": check, "auth_require_tls": tls == "starttls", "auth_required": True,
                   "auth_exclude_mechanism": excluded.split()}
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    if tls == "starttls":
        options.update(tls_context=context, require_starttls=True)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Post(folder), hostname="post.lan", loop=loop, **options), "127.0.0.1", port,
                                      ssl=context if tls == "tls" else None)
    await server.serve_forever()


asyncio.run(main(sys.argv[1], **json.loads(sys.argv[2])))
