"""Why there is no connection to the broker: codes, from whatever was raised. The sentences are the page's."""

# (code, what it says)
REASONS = (
    ("", "all is well"),
    ("off", "MQTT is switched off, or no host is set"),
    ("dns", "the broker's name is not known to the name server"),
    ("refused", "nobody listens at that address and port"),
    ("unreachable", "there is no way to that address"),
    ("timeout", "no answer in time"),
    ("closed", "the broker has closed the connection"),
    ("protocol", "what came is not MQTT 3.1.1"),
    ("too_much", "more came than a charger takes"),
    ("version", "the broker does not speak MQTT 3.1.1"),
    ("client_id", "the broker refuses the client's name"),
    ("unavailable", "the broker is not available"),
    ("password", "user or password is wrong, or not allowed to connect"),
    ("subscribe_refused", "the broker does not allow the subscription"),
    ("clock_unknown", "certificates cannot be judged before the clock is set"),
    ("bad_certificate", "CA, certificate or key cannot be read"),
    ("tls_unknown_ca", "the broker's certificate is not signed by the CA that is set"),
    ("tls_expired", "the broker's certificate has expired"),
    ("tls_not_yet_valid", "the broker's certificate is not valid yet"),
    ("tls_host_name", "the broker's certificate is another host's"),
    ("tls", "TLS failed"),
    ("memory", "not enough memory"),
)

_ERRNO = ((111, "refused"), (61, "refused"), (110, "timeout"), (60, "timeout"), (115, "timeout"), (119, "timeout"),
          (11, "timeout"), (35, "timeout"), (36, "timeout"), (101, "unreachable"), (113, "unreachable"), (118, "unreachable"),
          (51, "unreachable"), (65, "unreachable"),
          (104, "closed"), (54, "closed"), (32, "closed"), (128, "closed"), (-1, "closed"))
_CONNACK = ((1, "version"), (2, "client_id"), (3, "unavailable"), (4, "password"), (5, "password"), (128, "subscribe_refused"),
            (-1, "closed"))


def code_of(error):
    """The code of whatever connecting or exchanging raised."""
    if hasattr(error, "code"):
        return error.code                       # a LinkError
    if isinstance(error, MemoryError):
        return "memory"
    number = error.args[0] if error.args else None
    if isinstance(error, OSError):
        return _find(_ERRNO, number, "timeout" if type(error).__name__ in ("timeout", "TimeoutError") else "unreachable")
    if type(error).__name__ == "MQTTException":
        return _find(_CONNACK, number, "protocol")
    return "protocol"       # what malformed packets make of umqtt.simple: AssertionError, IndexError, TypeError


def _find(rows, number, other):
    for row in rows:
        if row[0] == number:
            return row[1]
    return other
