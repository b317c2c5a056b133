"""Certificates for tests: a CA, and what it signs."""
import datetime
import os
import shutil
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _usage(of_authority):
    return x509.KeyUsage(digital_signature=not of_authority, key_cert_sign=of_authority, crl_sign=of_authority,
                         content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
                         encipher_only=False, decipher_only=False)


class Authority:
    """A CA. path: its certificate's file; text: the same as PEM."""

    def __init__(self, test, name="Test CA"):
        self.folder = tempfile.mkdtemp()
        test.addCleanup(shutil.rmtree, self.folder)
        self._number = 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.path = self._write("ca.pem", self._made(self._name, self._key.public_key(), 30, True))
        self.text = read(self.path)

    def _made(self, name, public_key, days, of_authority, *more):
        """A certificate as PEM, valid from yesterday (or long ago) on for so many days from now."""
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(public_key)
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1 + max(0, -days)))
                   .not_valid_after(now + datetime.timedelta(days=days))
                   .add_extension(x509.BasicConstraints(ca=of_authority, path_length=None), critical=True)
                   .add_extension(_usage(of_authority), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False))
        for extension in more:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o644)               # mosquitto may have given up its rights
        return path

    def sign(self, name, host="localhost", days=20):
        """(certificate's path, key's path) of one that is valid for the host; days below 0: it has expired."""
        self._number += 1
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        out = self._write("%d.pem" % self._number, self._made(
            subject, key.public_key(), days, False, x509.SubjectAlternativeName([x509.DNSName(host)])))
        return out, self._write("%d.key" % self._number, key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def read(path):
    with open(path) as file:
        return file.read()


def one_line(path):
    """A PEM file as a form makes it: without its line breaks."""
    return read(path).replace("\n", "")
