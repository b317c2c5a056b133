"""Where the real counterparts of tests lie: Debian keeps servers out of a user's PATH, macOS browsers in bundles."""
import os
import shutil

MORE = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin", "/opt/homebrew/bin",
        "/usr/local/opt/openssl/bin", "/opt/homebrew/opt/openssl/bin")


def program(*names):
    """Path of the first of these programs that the machine has, on PATH or where packages put it; None where it has none."""
    for name in names:
        path = shutil.which(name) or shutil.which(name, path=os.pathsep.join(MORE))
        if path:
            return path
    return None
