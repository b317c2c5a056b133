"""`binascii` for CPython, by its old name: umqtt.simple 1.3.4 asks for it."""
from binascii import *  # noqa: F403
