"""The card reader at the wallbox: a PN532 on a UART, with the one card that is held to it."""

from tools.twin.rfid import Card, Field, Pn532Chip, Pn532OnUart

ACKNOWLEDGE_US = 800       # the manual allows 15 ms; chips on the market need less than one
ANSWER_US = 12_000         # a try to find a card


class Reader:
    """send(bytes) puts what the chip says on the board's UART."""

    def __init__(self, clock, send):
        self.field = Field()
        self.chip = Pn532Chip(self.field)
        self._clock = clock
        self._send = send
        self._said = 0
        self._port = Pn532OnUart(self.chip, self._say)

    def hear(self, data):
        """Bytes from the board."""
        self._said = 0
        self._port.hear(bytes(data))

    def _say(self, frame):
        self._said += 1
        self._clock.after(ACKNOWLEDGE_US if self._said == 1 else ANSWER_US, lambda: self._arrive(frame))

    def _arrive(self, frame):
        if not self.chip.dead:
            self._send(frame)

    def power_off(self):
        """The charger has lost its supply, and the reader with it."""
        self.chip.power_on()        # which is how it finds itself when that comes back

    def hold(self, uid):
        """A card (hexadecimal digits) at the reader, or None. One of ISO 15693 (8 bytes) it cannot see."""
        readable = uid is not None and len(uid) in (8, 14, 20)
        self.field.cards = [Card(bytes.fromhex(uid))] if readable else []
