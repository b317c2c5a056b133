"""`machine.ADC`."""
import _twin
from machine_pin import IS_S3, gpio_of

_port = _twin.port
_ADC_ESP32 = ((32, 33, 34, 35, 36, 37, 38, 39), (0, 2, 4, 12, 13, 14, 15, 25, 26, 27))
_ADC_S3 = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10), (11, 12, 13, 14, 15, 16, 17, 18, 19, 20))
_ADC_TOP_UV = (950_000, 1_250_000, 1_750_000, 3_300_000)  # where a reading saturates, per attenuation


class ADC:
    """An analogue input. `read_uv` is the hot path of the whole twin: the port builds it per channel."""

    __slots__ = ("_n", "_atten", "read_uv")
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12

    def __init__(self, pin, **kw):
        n = gpio_of(pin)
        for name in kw:
            if name != "atten":
                raise TypeError("extra keyword arguments given")
        units = _ADC_S3 if IS_S3 else _ADC_ESP32
        if n not in units[0] and n not in units[1]:
            raise ValueError("invalid pin")
        self._n = n
        self.atten(kw.get("atten", ADC.ATTN_11DB))

    def init(self, **kw):
        for name in kw:
            if name != "atten":
                raise TypeError("extra keyword arguments given")
        if "atten" in kw:
            self.atten(kw["atten"])

    def atten(self, value):
        if value not in (0, 1, 2, 3):
            raise ValueError("invalid atten")
        self._atten = value
        second = self._n in (_ADC_S3 if IS_S3 else _ADC_ESP32)[1]
        self.read_uv = _port.sampler(self._n, _ADC_TOP_UV[value], _adc2_free if second else None)

    def read_u16(self):
        return min(65535, self.read_uv() * 65535 // _ADC_TOP_UV[self._atten])

    def read(self):
        return self.read_u16() >> 4

    def __repr__(self):
        return "ADC(Pin(%d), atten=%d)" % (self._n, self._atten)


def _adc2_free():
    """The radio owns the second converter while it is on."""
    if _port.radio_on:
        raise OSError("ESP_ERR_TIMEOUT")
