"""The charger's own certificate: ECDSA P-256, signed by itself, for HTTPS in the home network.

Nobody vouches for it: a browser warns at the first visit, and who compares the fingerprint on the label knows whom he talks to.
"""
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOTSPOT_ADDRESS = "192.168.4.1"
# A charger starts without a clock, and nobody renews it: the certificate is valid for as long as two digits of the year tell.
FIRST_DAY = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
LAST_DAY = datetime.datetime(2049, 12, 31, tzinfo=datetime.timezone.utc)


def host_name(serial):
    """The name under which the charger answers: "mode3-" and the serial number in small letters."""
    return "mode3-" + serial.lower()


def new_certificate(serial):
    """(certificate DER, private key DER as SEC 1): what the device's TLS loads from cert.der and key.der."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host_name(serial)),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Mode3"),
                      x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)])
    names = x509.SubjectAlternativeName([
        x509.DNSName(host_name(serial) + ".local"), x509.DNSName(host_name(serial)),
        x509.IPAddress(ipaddress.ip_address(HOTSPOT_ADDRESS))])
    usage = x509.KeyUsage(digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
                          key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(FIRST_DAY).not_valid_after(LAST_DAY)
                   .add_extension(names, critical=False).add_extension(usage, critical=True)
                   .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
                   .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                   .sign(key, hashes.SHA256()))
    return (certificate.public_bytes(serialization.Encoding.DER),
            key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL,
                              serialization.NoEncryption()))


def fingerprint(certificate_der):
    """SHA-256 of the certificate as people compare it: upper-case pairs with colons."""
    digest = x509.load_der_x509_certificate(certificate_der).fingerprint(hashes.SHA256()).hex().upper()
    return ":".join(digest[at:at + 2] for at in range(0, len(digest), 2))
