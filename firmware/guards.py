"""What a setting's value must be beyond what the table of settings can say: asked of those who will read it, before it is kept."""

from firmware.charging.schedule import WINDOWS_FORM, windows_from_text
from firmware.drivers.temperatures import PLACES
from firmware.energy import catalogue
from firmware.energy.tariff import SPANS_FORM, spans_from_text
from firmware.services.network.addresses import refuse_host, refuse_mask, refuse_name
from firmware.services.network.known import KnownError, networks_from_text
from firmware.services.way_out import refuse_proxy
from firmware.zone import ZONE_FORM, Zone

_CONTACTS = ("enable", "upstream", "limit", "delay", "dim")


def guard(settings, facts):
    """Register every guard: fn(value) -> None, or what is allowed. facts: the board's.

    None may refuse the default of its setting: every charger has it until somebody chooses otherwise, and may go back to it.
    """
    settings.guard("general.currency", _refuse_currency)
    for place in ("ip", "gateway", "dns", "fallback_ip"):
        settings.guard("network." + place, refuse_host)
    settings.guard("network.proxy", refuse_proxy)
    settings.guard("network.mask", refuse_mask)
    settings.guard("network.hostname", refuse_name)
    settings.guard("network.known", _refuse_known)
    settings.guard("time.zone", lambda value: _refuse(Zone, value, ZONE_FORM))
    settings.guard("tariff.times", lambda value: _refuse(spans_from_text, value, SPANS_FORM))
    settings.guard("schedule.windows", lambda value: WINDOWS_FORM if windows(value) is None else None)
    for key in ("mqtt.base", "mqtt.discovery"):
        settings.guard(key, _refuse_topic)
    settings.guard("meter.type", _refuse_meter)
    settings.guard("meter.generic_registers", _refuse_registers)
    for place in PLACES:
        settings.guard("sensors." + place, _refuse_sensor)
    if not facts["has"]["psram"]:
        settings.guard("web.https", _refuse_https)
    can_lock = facts["pins"]["pp_adc"] is not None and facts["has"]["lock"]
    settings.guard("installation.cable", lambda value: _refuse_cable(can_lock, value))
    for contact in _CONTACTS:
        if facts["pins"]["input_" + contact] is None:
            settings.guard("inputs." + contact, _refuse_contact)


def windows(text):
    """The windows of a schedule; None where it is none."""
    try:
        return windows_from_text(text)
    except ValueError:
        return None


def _refuse(make, value, form):
    """None where make(value) can be made, else the form that is allowed and what is wrong with the value."""
    try:
        make(value)
    except ValueError as error:
        return "%s (%s)" % (form, error)
    return None


def _refuse_meter(value):
    """None for a meter type that is known, else what is allowed."""
    return None if value == "generic" else catalogue.refused(value, "")


def _refuse_registers(value):
    """None for registers of a generic meter that can be read, else which entry cannot, and what is allowed there."""
    return catalogue.refused("generic", value) if value else None


def _refuse_sensor(value):
    """The number of a one-wire sensor, or nothing: the sensor is found by itself."""
    if value and (len(value) != 16 or [char for char in value.lower() if char not in "0123456789abcdef"]):
        return "16 hexadecimal digits, as temperature_sensors tells them, or nothing"
    return None


def _refuse_currency(value):
    """ISO 4217's form; which currencies there are is the page's affair."""
    return "three capital letters, as in EUR" if [char for char in value if not "A" <= char <= "Z"] else None


def _refuse_known(value):
    """None for a list of networks, else what is allowed: never with the value, which holds keys."""
    try:
        networks_from_text(value)
    except KnownError as error:
        return error.message
    return None


def _refuse_topic(value):
    """The beginning of MQTT topics: levels without wildcards."""
    good = not [char for char in value if not ("a" <= char.lower() <= "z" or char in "0123456789_-./")]
    return None if good and value[:1] != "/" and value[-1:] != "/" else "letters, digits and _ - . / between them"


def _refuse_cable(can_lock, value):
    """A socket outlet needs the proximity pilot and a lock; a board without them has a tethered cable."""
    if value == "socket" and not can_lock:
        return "tethered: this board has no proximity input and lock for a socket"
    return None


def _refuse_https(value):
    """A TLS connection takes 21 kB and a handshake 15 more: only a board with PSRAM has them."""
    return "false: this board has no memory for TLS" if value else None


def _refuse_contact(value):
    """What nobody reads must not be believed in: a board without the input obeys no contact."""
    return None if value == "off" else "off: this board has no such input"
