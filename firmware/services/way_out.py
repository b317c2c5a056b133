"""The way out to servers: a pool of workers that looks names up, and the HTTP proxy where the owner's network wants one."""

from binascii import b2a_base64

from micropython import const

PROXY_FORM = "host:port, as proxy.example:3128, or nothing"
_MOST_PORT = const(65535)


def proxy_from_text(text):
    """(host, port) of "host:port"; None for nothing. Raises ValueError."""
    if not text:
        return None
    host, colon, port = text.partition(":")
    for char in host or "/":
        if not ("a" <= char.lower() <= "z" or char in "0123456789.-"):
            raise ValueError(text)
    for char in port or "-":
        if not "0" <= char <= "9":
            raise ValueError(text)
    if not colon or not 0 < int(port) <= _MOST_PORT:
        raise ValueError(text)
    return host, int(port)


def refuse_proxy(text):
    """None for what network.proxy may be, else what is allowed."""
    try:
        proxy_from_text(text)
    except ValueError:
        return PROXY_FORM
    return None


def is_near(host):
    """True for what is reached without a proxy: this machine, private addresses, names of the local network."""
    if host.endswith(".local") or "." not in host:
        return True
    parts = host.split(".")
    if len(parts) != 4 or [part for part in parts if not part.isdigit()]:
        return False
    first, second = int(parts[0]), int(parts[1])
    return first in (10, 127) or (first, second) in ((192, 168), (169, 254)) or first == 172 and 16 <= second <= 31


class WayOut:
    """Called like workers.to_thread; http_client asks it for a proxy too. proxy: (host, port) or None; login: what
    Proxy-Authorization says, or None."""

    def __init__(self, workers):
        self._workers = workers
        self.proxy = None
        self.login = None

    def tasks(self):
        """None."""
        return ()

    def facts(self):
        """None."""
        return {}

    def __call__(self, fn, *args):
        return self._workers.to_thread(fn, *args)

    def apply(self, get):
        """Settings that act at once."""
        try:
            self.proxy = proxy_from_text(get("network.proxy"))
        except ValueError:
            self.proxy = None
        user = get("network.proxy_user")
        word = ("%s:%s" % (user, get("network.proxy_password"))).encode()
        self.login = "Basic " + b2a_base64(word).decode().strip() if user else None

    def proxy_for(self, host):
        """(host, port) to go through, None where the way is direct."""
        return None if is_near(host) else self.proxy
