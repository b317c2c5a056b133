"""A progress line: one that moves on a terminal, plain lines now and then where there is none."""
import sys
import time

PLAIN_EVERY_S = 15


class Progress:
    """show() as often as wanted, end() when the work is done."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty()
        self.began = self.shown = time.monotonic()

    def show(self, what, done, total, more=""):
        """A bar with counts, at most ten times a second; the first after some time where nothing moves."""
        now = time.monotonic()
        if now - self.shown < (0.1 if self.live else PLAIN_EVERY_S):
            return
        self.shown = now
        text = "%s: %d of %d%s, %d s" % (what, done, total, more, now - self.began)
        if self.live:
            full = 24 * done // max(1, total)
            self.stream.write("\r\x1b[K[%s%s] %s" % ("#" * full, "." * (24 - full), text))
        else:
            self.stream.write(text + "\n")
        self.stream.flush()

    def end(self):
        """Takes the moving line away."""
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
