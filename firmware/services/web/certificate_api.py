"""The page's certificate over HTTP: look, import, forget. Loaded at a request. The key goes in and never comes out."""

import binascii
import hashlib
import json

from micropython import const

from firmware.services.web import certificates
from firmware.services.web.reply import HttpError, Reply
from firmware.services.web.request import json_object
from firmware.services.web.roles import ADMIN

_BODY = const(8192)
_PATH = "/api/v1/certificate"
_P256 = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"     # the curve's name, ASN.1 OID 1.2.840.10045.3.1.7
_SEQUENCE, _INTEGER, _BITS, _OCTETS, _PARAMETERS, _PUBLIC = 0x30, 0x02, 0x03, 0x04, 0xA0, 0xA1


class CertificateApi:
    """root: the device's root with its slash; make_context(certificate, key): raises ValueError or OSError for what TLS cannot use;
    state(): "off", "on" or why HTTPS does not run; may_write(): the flash may be touched."""

    def __init__(self, root, make_context, state, may_write, note):
        self._root = root
        self._make_context = make_context
        self._state = state
        self._may_write = may_write
        self._note = note

    def routes(self):
        """The table's rows, for Routes."""
        return (("GET", _PATH, ADMIN, self.look, 0), ("PUT", _PATH, ADMIN, self.load, _BODY),
                ("DELETE", _PATH, ADMIN, self.forget, 0))

    async def look(self, request, rest):
        """{"https", "source", "fingerprint"}: SHA-256 of the certificate as browsers show it."""
        certificate, _, source = certificates.pair(self._root)
        return Reply(json.dumps({"https": self._state(), "source": source, "fingerprint": fingerprint(certificate)}))

    async def load(self, request, rest):
        """{"certificate", "key"}: PEM texts, ECDSA P-256. They act at the next start."""
        self._must_write()                     # before the work: reading them takes longer than the loop may wait
        values = json_object(request.body)
        certificate = der_from_pem(values.get("certificate"), "certificate", ("CERTIFICATE",))
        key = der_from_pem(values.get("key"), "key", ("EC PRIVATE KEY", "PRIVATE KEY"))
        try:
            key, public = key_from_der(key)
        except (ValueError, IndexError):
            raise HttpError(422, "bad_value", "key must be an ECDSA P-256 key with its public part and without a password", "key")
        try:
            theirs = public_of_certificate(certificate)
        except (ValueError, IndexError):
            raise HttpError(422, "bad_value", "certificate must be an X.509 certificate of an ECDSA P-256 key", "certificate")
        if theirs != public:
            raise HttpError(422, "bad_pair", "the certificate is for another key", "certificate")
        try:
            self._make_context(certificate, key)
            certificates.keep(self._root, certificate, key)
        except ValueError as error:
            raise HttpError(422, "bad_pair", "TLS cannot use them: %s" % error, "certificate")
        except OSError:
            raise HttpError(503, "flash_failed", "TLS cannot use them, or the flash cannot be written; HTTPS as before")
        self._note("certificate_imported", fingerprint(certificate))
        return await self.look(request, rest)

    async def forget(self, request, rest):
        """Back to the certificate from provisioning, from the next start."""
        self._must_write()
        try:
            found = certificates.forget(self._root)
        except OSError:
            raise HttpError(503, "flash_failed", "the flash cannot be written")
        if found:
            self._note("certificate_removed", "")
        return await self.look(request, rest)

    def _must_write(self):
        if not self._may_write():
            raise HttpError(409, "charging", "the certificate cannot be changed while power flows")


def fingerprint(certificate):
    """SHA-256 in pairs of hexadecimal digits with colons; None of None."""
    if certificate is None:
        return None
    digits = binascii.hexlify(hashlib.sha256(certificate).digest()).decode().upper()
    return ":".join([digits[index:index + 2] for index in range(0, 64, 2)])


def der_from_pem(text, field, labels):
    """The first block of one of the labels in a PEM text. HttpError 422 names the field."""
    for label in labels:
        begin, end = "-----BEGIN %s-----" % label, "-----END %s-----" % label
        if isinstance(text, str) and begin in text and end in text:
            block = text[text.find(begin) + len(begin):]
            try:
                return binascii.a2b_base64("".join(block[:block.find(end)].split()).encode())
            except ValueError:
                break
    raise HttpError(422, "bad_value", "%s must be PEM text with %s" % (field, " or ".join(labels)), field)


def _take(data, tag):
    """(content, rest) of the ASN.1 element that data begins with. ValueError when it is another or cut."""
    if data[0] != tag:
        raise ValueError("tag")
    length, start = data[1], 2
    if length >= 0x80:
        start += length - 0x80
        if not 2 < start <= 5:
            raise ValueError("length")
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise ValueError("cut")
    return data[start:start + length], data[start + length:]


def _skip(data):
    return _take(data, data[0])[1]


def _point(bits):
    """The 65 bytes of an uncompressed point in a BIT STRING's content."""
    if len(bits) != 66 or bits[0] != 0 or bits[1] != 4:
        raise ValueError("point")
    return bits[1:]


def key_from_der(der):
    """(key as SEC 1 DER, public point) of a SEC 1 or PKCS 8 key on P-256. ValueError or IndexError for anything else."""
    inside, rest = _take(der, _SEQUENCE)
    version, inside = _take(inside, _INTEGER)
    if rest or version not in (b"\x00", b"\x01"):
        raise ValueError("version")
    if version == b"\x00":                 # PKCS 8: the curve's name, and SEC 1 inside
        algorithm, inside = _take(inside, _SEQUENCE)
        if not algorithm.endswith(_P256):
            raise ValueError("curve")
        inside, _ = _take(_take(inside, _OCTETS)[0], _SEQUENCE)
        inside = _take(inside, _INTEGER)[1]
    private, inside = _take(inside, _OCTETS)
    if inside[0] == _PARAMETERS:
        parameters, inside = _take(inside, _PARAMETERS)
        if parameters != _P256:
            raise ValueError("curve")
    elif version == b"\x01":
        raise ValueError("curve")
    point = _point(_take(_take(inside, _PUBLIC)[0], _BITS)[0])
    if len(private) != 32:
        raise ValueError("length")
    return b"\x30\x77\x02\x01\x01\x04\x20" + private + b"\xa0\x0a" + _P256 + b"\xa1\x44\x03\x42\x00" + point, point


def public_of_certificate(der):
    """The public point of an X.509 certificate on P-256. ValueError or IndexError for anything else."""
    inside, rest = _take(der, _SEQUENCE)
    inside, _ = _take(inside, _SEQUENCE)
    if rest:
        raise ValueError("rest")
    if inside[0] == _PARAMETERS:           # [0]: the version
        inside = _skip(inside)
    for _ in range(5):                     # number, algorithm, issuer, validity, subject
        inside = _skip(inside)
    inside, _ = _take(inside, _SEQUENCE)
    algorithm, inside = _take(inside, _SEQUENCE)
    if not algorithm.endswith(_P256):
        raise ValueError("curve")
    return _point(_take(inside, _BITS)[0])
