"""`esp32`: what the firmware uses of it."""
import _twin

_port = _twin.port
_hal = _port.hal
_costs = _twin.costs
_NOT_FOUND = -4354  # ESP_ERR_NVS_NOT_FOUND

HEAP_DATA = 4
HEAP_EXEC = 1


class NVS:
    """A namespace of the non-volatile store: 32-bit integers and blobs; nothing stays without commit()."""

    def __init__(self, namespace):
        if not 1 <= len(namespace) <= 15:
            raise OSError(-4361)  # ESP_ERR_NVS_KEY_TOO_LONG / invalid name
        self._space = namespace
        self._pending = {}

    def _key(self, key):
        if not 1 <= len(key) <= 15:
            raise OSError(-4361)
        return (self._space, key)

    def _get(self, key, kind):
        k = self._key(key)
        value = self._pending[k] if k in self._pending else _hal.nvs.get(k)
        if not isinstance(value, kind):
            raise OSError(_NOT_FOUND)
        return value

    def _set(self, key, value):
        _port.hold(_costs.NVS_SET_US)
        self._pending[self._key(key)] = value

    def set_i32(self, key, value):
        if not -0x80000000 <= value <= 0x7FFFFFFF:
            raise OverflowError("overflow converting long int to machine word")
        self._set(key, value)

    def get_i32(self, key):
        return self._get(key, int)

    def set_blob(self, key, value):
        self._set(key, bytes(value))

    def get_blob(self, key, buffer):
        value = self._get(key, bytes)
        if len(value) > len(buffer):
            raise OSError(-4364)  # ESP_ERR_NVS_INVALID_LENGTH
        buffer[:len(value)] = value
        return len(value)

    def erase_key(self, key):
        k = self._key(key)
        if k not in self._pending and k not in _hal.nvs:
            raise OSError(_NOT_FOUND)
        self._set(key, None)

    def commit(self):
        _port.hold(_costs.NVS_COMMIT_US)
        for k in self._pending:
            if self._pending[k] is None:
                _hal.nvs.pop(k, None)
            else:
                _hal.nvs[k] = self._pending[k]
        self._pending = {}
        _port.nvs_saved()


if _hal.chip == "esp32s3":
    def mcu_temperature():
        """Whole degrees Celsius of the die."""
        return _hal.mcu_temperature_c
else:
    def raw_temperature():
        """Degrees Fahrenheit of the die, as the old chip has it."""
        return _hal.mcu_temperature_c * 9 // 5 + 32


def idf_heap_info(capabilities):
    """(total, free, largest free block, least free) of each heap; the numbers of a plain ESP32 with its radio on."""
    if capabilities != HEAP_DATA:
        raise ValueError("only HEAP_DATA is known here")
    return [(254_472, 94_256, 53_248, 48_000)]
