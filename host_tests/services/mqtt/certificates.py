"""Certificates for tests, made by openssl: a CA, and what it signs."""
import os
import shutil
import subprocess
import tempfile
import unittest

OPENSSL = shutil.which("openssl")
needs_openssl = unittest.skipUnless(OPENSSL, "no openssl (a package of Debian and Homebrew)")


def _run(*words):
    subprocess.run((OPENSSL,) + words, check=True, capture_output=True)


class Authority:
    """A CA. path: its certificate's file; text: the same as PEM."""

    def __init__(self, test, name="Test CA"):
        self.folder = tempfile.mkdtemp()
        test.addCleanup(shutil.rmtree, self.folder)
        self.path, self._key = self._place("ca.pem"), self._place("ca.key")
        self._number = 0
        _run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self._key, "-out",
             self.path, "-days", "30", "-subj", "/CN=" + name, "-addext", "basicConstraints=critical,CA:TRUE")
        self.text = read(self.path)

    def _place(self, name):
        return os.path.join(self.folder, name)

    def sign(self, name, host="localhost", days=20):
        """(certificate's path, key's path) of one that is valid for the host; days below 0: it has expired."""
        self._number += 1
        key, request, out, more = [self._place("%d.%s" % (self._number, end)) for end in ("key", "csr", "pem", "ext")]
        with open(more, "w") as file:
            file.write("subjectAltName=DNS:%s\nbasicConstraints=CA:FALSE\n" % host)
        _run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", request, "-subj",
             "/CN=" + name)
        _run("x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self._key, "-CAcreateserial", "-out", out, "-days",
             str(days), "-extfile", more)
        for place in (key, out):
            os.chmod(place, 0o644)              # mosquitto may have given up its rights
        return out, key


def read(path):
    with open(path) as file:
        return file.read()


def one_line(path):
    """A PEM file as a form makes it: without its line breaks."""
    return read(path).replace("\n", "")
