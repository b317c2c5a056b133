"""Makes the key that signs releases: `python -m tools.build.keys [--key FILE]`, and writes its public half into the firmware.

The private key stays outside of this folder (default: ~/.config/mode3/release_key.pem, readable by its owner alone). OpenSSL makes
it and signs with it, so that a hardware key or a pass phrase may take its place.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEY = Path.home() / ".config" / "mode3" / "release_key.pem"
PUBLIC = ROOT / "firmware" / "services" / "ota" / "release_keys.py"
BITS = 3072


class KeyProblem(Exception):
    """OpenSSL is missing or refuses; the text says what."""


def openssl(*arguments, data=None):
    """What `openssl ARGUMENTS` prints, as bytes. KeyProblem."""
    try:
        done = subprocess.run(("openssl", *map(str, arguments)), input=data, capture_output=True)
    except FileNotFoundError:
        raise KeyProblem("openssl was not found on PATH: install it (Debian: sudo apt install openssl)") from None
    if done.returncode:
        raise KeyProblem("openssl %s: %s" % (arguments[0], done.stderr.decode(errors="replace").strip()))
    return done.stdout


def make(key):
    """A new private key in the file `key`; its modulus. KeyProblem when there is one already."""
    key = Path(key).expanduser()
    if key.exists():
        raise KeyProblem("%s is there already: it is never overwritten" % key)
    key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    old = os.umask(0o077)
    try:
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:%d" % BITS, "-out", key)
    finally:
        os.umask(old)
    return modulus_of(key)


def modulus_of(key):
    """The modulus of a private key as hex in lower case. KeyProblem unless it is one that the firmware can check."""
    text = openssl("rsa", "-in", Path(key).expanduser(), "-noout", "-modulus", "-text").decode()
    modulus = re.search(r"Modulus=([0-9A-F]+)", text)
    if not modulus or len(modulus.group(1)) != BITS // 4 or "65537 (0x10001)" not in text:
        raise KeyProblem("%s: the firmware checks RSA with %d bits and the exponent 65537" % (key, BITS))
    return modulus.group(1).lower()


def sign(key, data):
    """The signature, PKCS #1 v1.5 with SHA-256, as bytes. KeyProblem."""
    return openssl("dgst", "-sha256", "-sign", Path(key).expanduser(), data=data)


def moduli():
    """The keys that the sources trust."""
    found = {}
    exec(compile(PUBLIC.read_text(), str(PUBLIC), "exec"), found)
    return found["MODULI"]


def trusting(keys):
    """The text of release_keys.py with these moduli."""
    head, _, _ = PUBLIC.read_text().partition("\nMODULI = ")
    lines = []
    for key in keys:
        lines.append("    (" + "\n     ".join('"%s"' % key[at:at + 96] for at in range(0, len(key), 96)) + "),\n")
    return "%s\nMODULI = (%s)\n" % (head, "\n" + "".join(lines) if lines else "")


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.build.keys", description=__doc__.splitlines()[0])
    parser.add_argument("--key", type=Path, default=KEY, help="where the private key goes (default: %s)" % KEY)
    parser.add_argument("--private-only", action="store_true", help="leave the sources as they are: a key for trying things out")
    options = parser.parse_args(arguments)
    if options.key.expanduser().resolve().is_relative_to(ROOT):
        parser.error("%s lies in the sources: a private key must not" % options.key)
    try:
        modulus = make(options.key)
    except KeyProblem as problem:
        print(problem)
        return 1
    print("private key: %s (keep a copy where nobody else gets at it)" % options.key)
    if not options.private_only:
        PUBLIC.write_text(trusting((*moduli(), modulus)))
        print("public key:  added to %s; chargers take releases of this key once they run a firmware that knows it"
              % PUBLIC.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
