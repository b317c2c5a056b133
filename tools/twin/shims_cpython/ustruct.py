"""`struct` for CPython, by its old name: umqtt.simple 1.3.4 asks for it."""
from struct import *  # noqa: F403
