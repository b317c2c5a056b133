"""An SMTP server in a process of its own: `post_office.py PORT FOLDER [USER PASSWORD [EXCLUDED MECHANISM]]`. Each mail becomes a
file: its envelope as JSON in the first line, then the mail."""
import json
import sys
import time
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Post:
    def __init__(self, folder):
        self._folder = Path(folder)

    async def handle_DATA(self, server, session, envelope):
        head = json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos}).encode() + b"\n"
        (self._folder / ("%d.mail" % len(list(self._folder.iterdir())))).write_bytes(head + envelope.content)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@nowhere.lan"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def main(port, folder, user=None, password=None, excluded=""):
    options = {}
    if user is not None:
        def check(server, session, envelope, mechanism, data):
            return AuthResult(success=(data.login, data.password) == (user.encode(), password.encode()), handled=False)
        options = {"authenticator": check, "auth_require_tls": False, "auth_required": True,
                   "auth_exclude_mechanism": excluded.split()}
    Controller(Post(folder), hostname="127.0.0.1", port=int(port), **options).start()
    while True:
        time.sleep(60)


main(*sys.argv[1:])
