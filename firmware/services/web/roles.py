"""Who may do what: the order of roles. sessions.py says who a request counts as."""

PUBLIC = "public"      # anybody in the local network
READ = "read"          # may look
CONTROL = "control"    # may command: start, stop, ceilings
ADMIN = "admin"        # may change the installation
WEB = "web"            # source of the commands of a person before the page
API = "api"            # of a program with a token: another machine, which sources.api lets speak
_ORDER = (PUBLIC, READ, CONTROL, ADMIN)


def allows(role, needed):
    """Whether role is at least needed."""
    return _ORDER.index(role) >= _ORDER.index(needed)
