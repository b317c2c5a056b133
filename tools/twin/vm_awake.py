"""The module `time` as the firmware sees it in real time: short waits are spent awake, as the chip spends them. Runs only on
MicroPython's unix port."""
import time

_MASK = (1 << 30) - 1
_AWAKE_US = 300  # longer waits are slept: a burst's strides are 103 to 129 µs


class WakefulTime:
    """Stands in for `time`, for its sleep_us().

    A host that shall sleep for 100 µs arms a timer and halts. On a machine that is a virtual one itself there are moments in which
    each of these takes more than a millisecond, and a pilot burst with its 32 waits 40 to 100 ms, which no device knows."""

    def __init__(self):
        ticks_us, sleep_us = time.ticks_us, time.sleep_us

        def wait_us(us):
            if us > _AWAKE_US:
                sleep_us(us)
                return
            began = ticks_us()
            while (ticks_us() - began) & _MASK < us:
                pass
        self.sleep_us = wait_us

    def __getattr__(self, name):
        return getattr(time, name)
