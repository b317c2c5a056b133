"""RS485 line: a UART and the transceiver's driver-enable pin, as the Modbus master wants it.

`rs485_de` null means a transceiver that finds its direction itself. Sending with a DE pin blocks until the last bit has
left, because the line must be released before the meter answers and a scheduler tick of 10 ms is too coarse for that: 8
bytes take 4.2 ms at 19200 baud, 8.3 ms at 9600. So requests are single and short. At slower rates begin() and end() let
the caller sleep through most of it.

Nothing is opened before the first use; errors rise as OSError, RuntimeError or ValueError, and the next use opens anew.
"""
import errno

import machine

TICKS_MASK = 0x3FFFFFFF
HALF_TICKS = 0x20000000
RX_BUFFER = 512  # two of the longest frames
PARITIES = {"none": None, "even": 0, "odd": 1}


class Rs485:
    """One line. `ticks_us` is the clock (wraps at 2^30)."""

    def __init__(self, board, baud, parity, ticks_us, stop_bits=1):
        """board: the board's facts; parity: none, even or odd; stop_bits 1 or 2. ValueError for others."""
        if parity not in PARITIES:
            raise ValueError("parity %r is not none, even or odd" % (parity,))
        if stop_bits not in (1, 2):
            raise ValueError("stop bits %r are not 1 or 2" % (stop_bits,))
        pins = board["pins"]
        self._tx = pins["rs485_tx"]
        self._rx = pins["rs485_rx"]
        self._de_pin = pins["rs485_de"]
        self._de_sending = 0 if "rs485_de" in board["active_low"] else 1
        self._uart_id = board["rs485"]["uart"]
        self._baud = baud
        self._parity = PARITIES[parity]
        self._stop_bits = stop_bits
        self._ticks_us = ticks_us
        self._uart = None
        self._de = None
        self._last_us = ticks_us()

    def begin(self, frame):
        """Enable the driver and start sending; returns the time in µs until the last bit has left. end() must follow."""
        self._open()
        try:
            self._drive(True)
            sent = self._uart.write(frame)
        except (OSError, RuntimeError, ValueError):
            self.close()
            raise
        if sent != len(frame):
            self.close()
            raise OSError(errno.EIO)
        bits = 9 + self._stop_bits + (self._parity is not None)
        frame_us = (len(frame) * bits * 1000000 + self._baud - 1) // self._baud
        self._last_us = (self._ticks_us() + frame_us) & TICKS_MASK
        return frame_us

    def end(self):
        """Wait for the last bit (only with a DE pin) and release the line."""
        if self._uart is None or self._de is None:
            return
        try:
            self._uart.flush()
        except (OSError, RuntimeError, ValueError):
            self.close()
            raise
        finally:
            self._drive(False)
        self._last_us = self._ticks_us()

    def read_into(self, view):
        """Copy received bytes into a memoryview, as many as there are and fit; returns their number. Never waits."""
        self._open()
        try:
            count = min(self._uart.any(), len(view))
            if not count:
                return 0
            count = self._uart.readinto(view[:count]) or 0
        except (OSError, RuntimeError, ValueError):
            self.close()
            raise
        if count:
            self._last_us = self._ticks_us()
        return count

    def silence_us(self):
        """Time since the last byte was sent or seen by read_into(); 0 while sending. Meaningful up to 8 minutes."""
        silence = (self._ticks_us() - self._last_us) & TICKS_MASK
        return 0 if silence >= HALF_TICKS else silence

    def close(self):
        """Release line and UART; the next use opens them again."""
        self._drive(False)
        uart = self._uart
        self._uart = None
        if uart is not None:
            uart.deinit()

    def _drive(self, sending):
        if self._de is not None:
            self._de.value(self._de_sending if sending else 1 - self._de_sending)

    def _open(self):
        if self._uart is not None:
            return
        if self._de_pin is not None and self._de is None:
            self._de = machine.Pin(self._de_pin, machine.Pin.OUT, value=1 - self._de_sending)
        self._uart = machine.UART(self._uart_id, baudrate=self._baud, bits=8, parity=self._parity, stop=self._stop_bits,
                                  tx=self._tx, rx=self._rx, timeout=0, rxbuf=RX_BUFFER)


def rs485_from_board(board, baud, parity, ticks_us, stop_bits=1):
    """The board's RS485 line, or None when it has none."""
    if board["pins"].get("rs485_tx") is None or board["pins"].get("rs485_rx") is None:
        return None
    return Rs485(board, baud, parity, ticks_us, stop_bits)
