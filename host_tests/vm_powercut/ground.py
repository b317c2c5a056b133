"""Where the cases work, and how they complain."""

FOLDER = "/flash/"


def expect(holds, text):
    """AssertionError with the text unless it holds."""
    if not holds:
        raise AssertionError(text)
