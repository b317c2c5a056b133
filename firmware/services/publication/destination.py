"""Where something is sent, from the settings of an area (publication.*, fault_mail.*), and who sends it: loaded for each use."""

from firmware.on_demand import forget

# every setting of an area that a Target has, under the same name
NAMES = ("host", "port", "path", "field", "user", "password", "sender", "to")


class Target:
    """host, port (0: the usual one), path, field, user, password, sender, to."""

    def __init__(self, host="", port=0, path="", field="", user="", password="", sender="", to=""):
        self.host = host
        self.port = port
        self.path = path
        self.field = field
        self.user = user
        self.password = password
        self.sender = sender
        self.to = to

    def url(self):
        """http://host:port/path"""
        slash = "" if self.path.startswith("/") else "/"
        return "http://%s%s%s%s" % (self.host, ":%d" % self.port if self.port else "", slash, self.path)


def target_from_settings(get, area):
    """The Target of an area: what the area lacks stays empty."""
    target = Target()
    for name in NAMES:
        try:
            setattr(target, name, get(area + name))
        except KeyError:
            continue
    return target


def sender(method):
    """The async function send(target, name, length, pieces, to_thread) of "http", "ftp" or "smtp"."""
    if method == "http":
        from firmware.services.publication.send_http import send
    elif method == "ftp":
        from firmware.services.publication.send_ftp import send
    else:
        from firmware.services.publication.send_smtp import send
    forget(("firmware.services.publication.send_http", "firmware.services.publication.send_ftp",
            "firmware.services.publication.send_smtp", "firmware.services.publication.dialogue", "firmware.services.http_client"))
    return send
