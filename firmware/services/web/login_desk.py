"""What of the log-in stays in RAM: who is logged in, who guesses, where the passwords lie. The rest is loaded when asked for."""

import asyncio

from firmware.services.web.credentials import Credentials
from firmware.services.web.login_attempts import LoginAttempts
from firmware.services.web.sessions import Sessions


class LoginDesk:
    """identity: an Identity; path: the file of passwords; now_s(): seconds since the start; may_write(): the flash may be touched.

    on_login(): called after each log-in (a showroom ends with it)."""

    def __init__(self, identity, path, now_s, may_write, on_login=lambda: None):
        self.identity = identity
        self.on_login = on_login
        self.sessions = Sessions(now_s)
        self.attempts = LoginAttempts(now_s)
        self.credentials = Credentials(path, may_write)
        self.lock = asyncio.Lock()
        self.sessions.tokens = self.credentials.tokens()
