"""What the buzzer says: melodies as a table, played note by note without waiting."""

MELODIES = (
    # (name, ((hertz, milliseconds), …)); 0 Hz is a pause
    ("card_read", ((2400, 120),)),
    ("accepted", ((2000, 90), (2500, 90), (3100, 140))),
    ("refused", ((3100, 140), (2500, 140), (2000, 220))),
    ("first_beep", ((2400, 200),)),
    ("second_beep", ((2400, 150), (0, 100), (2400, 150))),
    ("third_beep", ((2400, 120), (0, 80), (2400, 120), (0, 80), (2400, 120))),
    ("press", ((2400, 40),)),
)


class Buzzer:
    """play() begins a melody, tick() says which tone is due now."""

    def __init__(self):
        self._notes = ()
        self._note = 0
        self._since_ms = 0

    def play(self, name, now_ms):
        """Begin a melody of the table; one that is under way gives way. An unknown name says nothing."""
        for melody, notes in MELODIES:
            if melody == name:
                self._notes, self._note, self._since_ms = notes, 0, now_ms

    def tick(self, now_ms):
        """Hertz of now, 0 when silent."""
        while self._note < len(self._notes):
            hz, length_ms = self._notes[self._note]
            if (now_ms - self._since_ms) & 0x3FFFFFFF < length_ms:
                return hz
            self._since_ms = (self._since_ms + length_ms) & 0x3FFFFFFF
            self._note += 1
        self._notes, self._note = (), 0
        return 0
