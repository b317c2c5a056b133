"""`socket` for CPython, by its old name: umqtt.simple 1.3.4 asks for it."""
from socket import *  # noqa: F403
