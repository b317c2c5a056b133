"""Who may do what: the order of roles, and who a request counts as while there is no log-in."""

from firmware.services.web.hosts import without_port

PUBLIC = "public"      # anybody in the local network
READ = "read"          # may look
CONTROL = "control"    # may command: start, stop, ceilings
ADMIN = "admin"        # may change the installation
_ORDER = (PUBLIC, READ, CONTROL, ADMIN)

_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def allows(role, needed):
    """Whether role is at least needed."""
    return _ORDER.index(role) >= _ORDER.index(needed)


def _is_loopback(peer):
    return peer.startswith("127.") or peer == "::1"


def role_on_loopback(request):
    """ADMIN for this machine itself, PUBLIC for everybody else.

    A foreign web page can make a browser on this machine call us: then Host or Origin carry a foreign name, and the
    request counts as PUBLIC (also after DNS rebinding, where both are foreign but agree).
    """
    if not _is_loopback(request.peer):
        return PUBLIC
    host = request.headers.get("host")
    if host is not None and without_port(host) not in _LOOPBACK_HOSTS:
        return PUBLIC
    origin = request.headers.get("origin")
    if origin is not None and origin not in ("http://" + str(host), "https://" + str(host)):
        return PUBLIC
    return ADMIN
