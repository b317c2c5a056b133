"""Whose packages this firmware takes: the moduli of RSA-3072 keys (exponent 65537) as hex. `make keys` writes one here.

More than one: a key may be replaced by a release that knows both, before one that is signed by the new one alone.
"""

MODULI = ()
