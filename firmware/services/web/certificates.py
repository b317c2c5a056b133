"""The page's certificate and its key: one imported by the administrator, else the one from provisioning. Both are DER files."""

import os


def pair(root):
    """(certificate, key, "imported" or "provisioned"); (None, None, "none") where there is no whole pair. root: with its slash."""
    for folder, source in ((root + "data/", "imported"), (root, "provisioned")):
        try:
            return _read(folder + "cert.der"), _read(folder + "key.der"), source
        except OSError:
            continue               # none here
    return None, None, "none"


def keep(root, certificate, key):
    """Import a pair. The key comes last: without it there is no pair. OSError when the flash fails."""
    forget(root)
    for name, data in (("cert.der", certificate), ("key.der", key)):
        with open(root + "data/" + name + ".new", "wb") as file:
            file.write(data)
        os.rename(root + "data/" + name + ".new", root + "data/" + name)


def forget(root):
    """Drop the imported pair; True when there was one."""
    found = False
    for name in ("key.der", "cert.der"):
        try:
            os.remove(root + "data/" + name)
            found = True
        except OSError as error:
            if error.errno != 2:
                raise
    return found


def _read(path):
    with open(path, "rb") as file:
        return file.read()
