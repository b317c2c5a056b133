"""THE table of settings: what each is called, what it may be, who sees and who changes it.

Page forms, the JSON API, backup, export and the documentation are made from it. Names are promises: a row may be
added, its range widened; renaming one or narrowing it needs a migration (migrations.py).

A row: key, type, default, allowed, unit, access, flags
    type     BOOL · INT, allowed (lowest, highest) · STR, allowed (fewest, most characters) · CHOICE, allowed: the values
    unit     of an INT or CHOICE: "A", "V", "s", "%" …, "" when it has none
    access   two letters, for user and for admin: "-" hidden, "r" may read, "w" may read and write
    flags    letters: R acts only after a restart; o is one charger's own, so that texts for many chargers leave it out, backups
             do not; and what backup, export and reset do with it, one of
             p personal · s secret (never shown, never exported) · i identity (this one device's; kept by a factory
             reset, left out of exports); none of them: plain
A row's help text in the page's translations has the key "help." + key.
"""

from firmware.keyed import keyed

BOOL = "bool"
INT = "int"
STR = "str"
CHOICE = "choice"

PLAIN = "plain"
PERSONAL = "personal"
SECRET = "secret"
IDENTITY = "identity"

ROLES = ("user", "admin")

_YES_NO = (False, True)
_ROTATIONS = ("L1-L2-L3", "L2-L3-L1", "L3-L1-L2", "L1-L3-L2", "L2-L1-L3", "L3-L2-L1")
_OFFLINE = ("local_unknown_authorization", "local_authorization", "no_authorization", "no_charging", "free_charging")
_SECURITY = ("none", "tls", "starttls")
_CONTACT = ("off", "normally_open", "normally_closed")
_COUNTRY = ("other", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS",
            "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK")

# Until somebody who knows the wiring says otherwise a charger offers the least that the standard has: 6 A.
SETTINGS = (
    ("access.account", CHOICE, "none", ("none", "account_1", "account_2"), "", "ww", ""),
    ("access.account_1", STR, "Work", (1, 30), "", "ww", "p"),
    ("access.account_2", STR, "Private", (1, 30), "", "ww", "p"),
    ("access.csms_offline", CHOICE, "local_authorization", _OFFLINE, "", "rw", ""),
    ("access.csms_order", CHOICE, "first_local", ("first_local", "first_online", "only_local"), "", "rw", ""),
    ("access.default_id", STR, "Mode3", (1, 20), "", "rw", ""),
    ("access.mode", CHOICE, "off", ("off", "local", "all", "remote", "external"), "", "rw", ""),
    ("access.pin", BOOL, False, _YES_NO, "", "ww", ""),
    ("access.timeout_s", INT, 10, (0, 999), "s", "rw", ""),
    ("charging.available", BOOL, True, _YES_NO, "", "rw", ""),
    ("charging.front_button", BOOL, False, _YES_NO, "", "rw", ""),
    ("charging.max_current_a", INT, 63, (6, 63), "A", "ww", ""),
    ("charging.min_current_3p_a", INT, 6, (6, 32), "A", "ww", ""),
    ("charging.min_current_a", INT, 6, (6, 32), "A", "ww", ""),
    ("charging.mode", CHOICE, "immediate", ("immediate", "smart"), "", "ww", ""),
    ("charging.phase_switch", CHOICE, "wake", ("wake", "pause"), "", "rw", ""),
    ("charging.resume_after_power_cut", CHOICE, "wait", ("wait", "resume"), "", "rw", ""),
    ("charging.simplified_pilot", BOOL, True, _YES_NO, "", "rw", "R"),
    ("charging.start_delay_max_s", INT, 0, (0, 1800), "s", "rw", ""),
    ("fault_mail.ca", STR, "", (0, 8000), "", "-w", ""),
    ("fault_mail.host", STR, "", (0, 120), "", "rw", "p"),
    ("fault_mail.on", BOOL, False, _YES_NO, "", "rw", ""),
    ("fault_mail.password", STR, "", (0, 64), "", "-w", "s"),
    ("fault_mail.plain_password", BOOL, False, _YES_NO, "", "rw", ""),
    ("fault_mail.port", INT, 0, (0, 65535), "", "rw", ""),
    ("fault_mail.security", CHOICE, "none", _SECURITY, "", "rw", ""),
    ("fault_mail.sender", STR, "", (0, 80), "", "rw", "p"),
    ("fault_mail.to", STR, "", (0, 80), "", "rw", "p"),
    ("fault_mail.user", STR, "", (0, 64), "", "rw", "p"),
    ("general.country", CHOICE, "other", _COUNTRY, "", "ww", ""),
    ("general.currency", STR, "EUR", (3, 3), "", "ww", ""),
    ("general.language", CHOICE, "auto", ("auto", "en", "de", "fr"), "", "ww", ""),
    ("general.setup_done", BOOL, False, _YES_NO, "", "rw", ""),
    ("general.units", CHOICE, "metric", ("metric", "imperial"), "", "ww", ""),
    ("identity.serial", STR, "", (0, 20), "", "rr", "i"),
    ("inputs.delay", CHOICE, "off", _CONTACT, "", "rw", "R"),
    ("inputs.dim", CHOICE, "off", _CONTACT, "", "rw", "R"),
    ("inputs.enable", CHOICE, "off", _CONTACT, "", "rw", "R"),
    ("inputs.limit", CHOICE, "off", _CONTACT, "", "rw", "R"),
    ("inputs.limit_a", INT, 0, (0, 63), "A", "rw", ""),
    ("inputs.upstream", CHOICE, "off", _CONTACT, "", "rw", "R"),
    ("installation.asymmetry_a", INT, 0, (0, 63), "A", "rw", ""),
    ("installation.cable", CHOICE, "tethered", ("tethered", "socket"), "", "rw", "R"),
    ("installation.cable_a", CHOICE, 32, (13, 16, 20, 32, 63), "A", "rw", ""),
    ("installation.fuse_a", INT, 6, (6, 63), "A", "rw", ""),
    ("installation.nominal_a", INT, 63, (0, 63), "A", "rw", ""),
    ("installation.pe_monitoring", BOOL, True, _YES_NO, "", "rw", "R"),
    ("installation.phase_rotation", CHOICE, "L1-L2-L3", ("L1-L2-L3", "L2-L3-L1", "L3-L1-L2"), "", "rw", "R"),
    ("installation.phases", CHOICE, 3, (1, 3), "", "rw", "R"),
    ("installation.ventilated", BOOL, False, _YES_NO, "", "rw", "R"),
    ("lights.brightness_percent", INT, 50, (5, 100), "%", "ww", ""),
    ("meter.address", INT, 2, (1, 247), "", "rw", "R"),
    ("meter.baud", CHOICE, 19200, (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200), "", "rw", "R"),
    ("meter.generic_registers", STR, "", (0, 400), "", "rw", "R"),
    ("meter.parity", CHOICE, "none", ("none", "even", "odd"), "", "rw", "R"),
    ("meter.phase_rotation", CHOICE, "L1-L2-L3", _ROTATIONS, "", "rw", "R"),
    ("meter.phase_voltage_v", INT, 230, (175, 276), "V", "rw", ""),
    ("meter.stop_bits", CHOICE, 1, (1, 2), "", "rw", "R"),
    ("meter.type", STR, "none", (1, 24), "", "rw", "R"),
    ("mqtt.admin", BOOL, False, _YES_NO, "", "rw", ""),
    ("mqtt.base", STR, "mode3", (1, 40), "", "rw", ""),
    ("mqtt.ca", STR, "", (0, 8000), "", "-w", ""),
    ("mqtt.certificate", STR, "", (0, 4000), "", "-w", "p"),
    ("mqtt.discovery", STR, "homeassistant", (0, 40), "", "rw", ""),
    ("mqtt.enabled", BOOL, False, _YES_NO, "", "rw", ""),
    ("mqtt.host", STR, "", (0, 64), "", "rw", ""),
    ("mqtt.key", STR, "", (0, 4000), "", "-w", "s"),
    ("mqtt.password", STR, "", (0, 64), "", "-w", "s"),
    ("mqtt.personal", BOOL, False, _YES_NO, "", "rw", ""),
    ("mqtt.port", INT, 1883, (1, 65535), "", "rw", ""),
    ("mqtt.tls", BOOL, False, _YES_NO, "", "rw", ""),
    ("mqtt.user", STR, "", (0, 64), "", "rw", "p"),
    ("network.channel", INT, 1, (1, 13), "", "ww", ""),
    ("network.dns", STR, "", (0, 15), "", "rw", ""),
    ("network.fallback_ip", STR, "169.254.77.3", (0, 15), "", "rw", ""),
    ("network.gateway", STR, "", (0, 15), "", "rw", ""),
    ("network.hostname", STR, "", (0, 32), "", "rw", "Ro"),
    ("network.hotspot", CHOICE, "auto", ("auto", "always", "off"), "", "ww", ""),
    ("network.ip", STR, "", (0, 15), "", "rw", "o"),
    ("network.ipv4", CHOICE, "dhcp", ("dhcp", "fixed"), "", "rw", "o"),
    ("network.known", STR, "", (0, 1000), "", "-r", "s"),
    ("network.mask", STR, "255.255.255.0", (7, 15), "", "rw", ""),
    ("network.proxy", STR, "", (0, 80), "", "rw", ""),
    ("network.proxy_password", STR, "", (0, 60), "", "-w", "s"),
    ("network.proxy_user", STR, "", (0, 40), "", "rw", "p"),
    ("network.ssdp", BOOL, True, _YES_NO, "", "rw", ""),
    ("network.wifi", BOOL, True, _YES_NO, "", "rw", ""),
    ("protection.over_1_percent", INT, 10, (5, 50), "%", "-w", "R"),
    ("protection.over_1_s", INT, 1010, (10, 3600), "s", "-w", "R"),
    ("protection.over_2_percent", INT, 25, (10, 100), "%", "-w", "R"),
    ("protection.over_2_s", INT, 5, (2, 600), "s", "-w", "R"),
    ("protection.over_3_percent", INT, 70, (20, 200), "%", "-w", "R"),
    ("protection.over_3_s", INT, 1, (1, 60), "s", "-w", "R"),
    ("protection.over_allowance_ma", INT, 500, (100, 3000), "mA", "-w", "R"),
    ("publication.ca", STR, "", (0, 8000), "", "ww", ""),
    ("publication.every", CHOICE, "month", ("day", "week", "month"), "", "ww", ""),
    ("publication.field", STR, "", (0, 40), "", "ww", ""),
    ("publication.host", STR, "", (0, 120), "", "ww", "p"),
    ("publication.method", CHOICE, "off", ("off", "http", "ftp", "smtp"), "", "ww", ""),
    ("publication.passive", BOOL, True, _YES_NO, "", "ww", ""),
    ("publication.password", STR, "", (0, 64), "", "ww", "s"),
    ("publication.path", STR, "", (0, 200), "", "ww", "p"),
    ("publication.plain_password", BOOL, False, _YES_NO, "", "ww", ""),
    ("publication.port", INT, 0, (0, 65535), "", "ww", ""),
    ("publication.security", CHOICE, "none", _SECURITY, "", "ww", ""),
    ("publication.sender", STR, "", (0, 80), "", "ww", "p"),
    ("publication.to", STR, "", (0, 200), "", "ww", "p"),
    ("publication.user", STR, "", (0, 64), "", "ww", "p"),
    ("schedule.fallback_s", INT, 300, (0, 7200), "s", "ww", ""),
    ("schedule.start_a", INT, 6, (6, 32), "A", "ww", ""),
    ("schedule.windows", STR, "", (0, 200), "", "ww", ""),
    ("sensors.interior", STR, "", (0, 16), "", "rw", "R"),
    ("sensors.relay", STR, "", (0, 16), "", "rw", "R"),
    ("sensors.supply_1", STR, "", (0, 16), "", "rw", "R"),
    ("sensors.supply_2", STR, "", (0, 16), "", "rw", "R"),
    ("sounds.on", BOOL, True, _YES_NO, "", "ww", ""),
    ("sources.api", BOOL, False, _YES_NO, "", "rw", ""),
    ("sources.energy_manager", BOOL, False, _YES_NO, "", "rw", ""),
    ("sources.failsafe_1p_a", INT, 8, (0, 63), "A", "rw", ""),
    ("sources.failsafe_3p_a", INT, 14, (0, 63), "A", "rw", ""),
    ("sources.modbus", BOOL, False, _YES_NO, "", "rw", ""),
    ("sources.mqtt", BOOL, False, _YES_NO, "", "rw", ""),
    ("sources.ocpp", BOOL, False, _YES_NO, "", "rw", ""),
    ("sources.timeout_s", INT, 60, (0, 86400), "s", "rw", ""),
    ("sources.udp", BOOL, False, _YES_NO, "", "rw", ""),
    ("standby.dim_after_min", INT, 10, (0, 1440), "min", "ww", ""),
    ("standby.off_after_min", INT, 30, (0, 1440), "min", "ww", ""),
    ("standby.sleep_mode", BOOL, False, _YES_NO, "", "ww", ""),
    ("station.name", STR, "", (0, 30), "", "ww", "p"),
    ("station.showroom", BOOL, False, _YES_NO, "", "-r", ""),
    ("status.public", BOOL, True, _YES_NO, "", "ww", ""),
    ("tariff.price_1_per_kwh", INT, 0, (0, 1000000), "0.01 ct/kWh", "rw", ""),
    ("tariff.price_2_per_kwh", INT, 0, (0, 1000000), "0.01 ct/kWh", "rw", ""),
    ("tariff.times", STR, "", (0, 200), "", "rw", ""),
    ("time.ntp", BOOL, True, _YES_NO, "", "ww", ""),
    ("time.servers", STR, "pool.ntp.org time.cloudflare.com", (0, 120), "", "ww", ""),
    ("time.zone", STR, "UTC0", (4, 60), "", "ww", ""),
    ("update.hour", INT, 3, (0, 23), "", "rw", ""),
    ("update.mode", CHOICE, "download", ("off", "notify", "download", "install"), "", "rw", ""),
    ("update.url", STR, "", (0, 200), "", "rw", ""),
    ("web.http", BOOL, True, _YES_NO, "", "rw", ""),
    ("web.https", BOOL, False, _YES_NO, "", "rw", "R"),
)


def _minimum_below_maximum(get):
    return get("charging.min_current_a") <= get("charging.max_current_a")


def _minimum_3p_below_maximum(get):
    return get("charging.min_current_3p_a") <= get("charging.max_current_a")


def _grades_rise(get):
    return get("protection.over_1_percent") <= get("protection.over_2_percent") <= get("protection.over_3_percent")


def _grades_shorten(get):
    return get("protection.over_1_s") >= get("protection.over_2_s") >= get("protection.over_3_s")


def _generic_has_registers(get):
    return get("meter.type") != "generic" or get("meter.generic_registers") != ""


def _fixed_has_address(get):
    return get("network.ipv4") != "fixed" or get("network.ip") != ""


def _a_door_is_open(get):
    return get("web.http") or get("web.https")


def _ftp_is_plain(get):
    return get("publication.method") != "ftp" or get("publication.security") == "none"


def _accounts_differ(get):
    return get("access.account_1") != get("access.account_2")


# What must hold between settings: (test, ((key, what it may be), …)); on loading, the keys give way in this order until it holds.
RULES = (
    (_minimum_below_maximum, (
        ("charging.min_current_a", "no more than charging.max_current_a"),
        ("charging.max_current_a", "no less than charging.min_current_a"),
    )),
    (_minimum_3p_below_maximum, (
        ("charging.min_current_3p_a", "no more than charging.max_current_a"),
        ("charging.max_current_a", "no less than charging.min_current_3p_a"),
    )),
    (_grades_rise, (
        ("protection.over_1_percent", "no more than protection.over_2_percent, nor that than protection.over_3_percent"),
        ("protection.over_2_percent", "from protection.over_1_percent to protection.over_3_percent"),
        ("protection.over_3_percent", "no less than protection.over_2_percent, nor that than protection.over_1_percent"),
    )),
    (_grades_shorten, (
        ("protection.over_1_s", "no less than protection.over_2_s, nor that than protection.over_3_s"),
        ("protection.over_2_s", "from protection.over_3_s to protection.over_1_s"),
        ("protection.over_3_s", "no more than protection.over_2_s, nor that than protection.over_1_s"),
    )),
    (_fixed_has_address, (
        ("network.ipv4", "fixed only with network.ip"),
        ("network.ip", "not empty while network.ipv4 is fixed"),
    )),
    (_ftp_is_plain, (
        ("publication.method", "http or smtp while publication.security is not none"),
        ("publication.security", "none while publication.method is ftp"),
    )),
    (_accounts_differ, (
        ("access.account_2", "another name than access.account_1"),
        ("access.account_1", "another name than access.account_2"),
    )),
    (_generic_has_registers, (
        ("meter.type", "generic only with meter.generic_registers"),
        ("meter.generic_registers", "not empty while meter.type is generic"),
    )),
    (_a_door_is_open, (
        ("web.http", "true without web.https"),
        ("web.https", "true without web.http"),
    )),
)


# Secrets that are sent to a place: (secret, the settings that say where and as whom). Whoever changes one of these must know the
# secret, too: without it in the same change it is forgotten. Otherwise one could have it sent to oneself.
SENT_SECRETS = (
    ("fault_mail.password", ("fault_mail.host", "fault_mail.port", "fault_mail.user", "fault_mail.security", "fault_mail.ca",
                             "fault_mail.plain_password")),
    ("mqtt.password", ("mqtt.host", "mqtt.port", "mqtt.user")),
    ("network.proxy_password", ("network.proxy", "network.proxy_user")),
    ("publication.password", ("publication.host", "publication.method", "publication.port", "publication.user",
                              "publication.security", "publication.ca", "publication.plain_password")),
)


# What only some countries' rules ask for; every other setting exists everywhere.
COUNTRIES = (
    ("inputs.dim", ("DE",)),
    ("installation.asymmetry_a", ("AT", "CH", "DE")),
)


def countries(key):
    """The countries in which a setting exists; () for all of them."""
    for name, places in COUNTRIES:
        if name == key:
            return places
    return ()


def find(key):
    """The row of a key, None when there is no such setting."""
    return keyed(SETTINGS, key)


def kind_of(row):
    """PLAIN, PERSONAL, SECRET or IDENTITY."""
    flags = row[6]
    return SECRET if "s" in flags else IDENTITY if "i" in flags else PERSONAL if "p" in flags else PLAIN


def may_read(row, role):
    """`role`: "user", "admin"; None is the firmware itself and may everything."""
    return role is None or row[5][ROLES.index(role)] != "-"


def may_write(row, role):
    """As `may_read`."""
    return role is None or row[5][ROLES.index(role)] == "w"


def allowed_text(row):
    """What a setting takes, in words that end a sentence."""
    _, kind, _, allowed, unit, _, _ = row
    if kind == BOOL:
        return "true or false"
    if kind == INT:
        return ("a whole number from %d to %d %s" % (allowed[0], allowed[1], unit)).rstrip()
    if kind == STR:
        return "text of %d to %d characters without control characters" % allowed
    return ("one of %s %s" % (", ".join([str(value) for value in allowed]), unit)).rstrip()


def is_allowed(row, value):
    """True when the value has the row's type and lies within what it allows. 1 is no True, "6" is no 6."""
    _, kind, _, allowed, _, _, _ = row
    if kind == BOOL:
        return type(value) is bool
    if kind == INT:
        return type(value) is int and allowed[0] <= value <= allowed[1]
    if kind == STR:
        return type(value) is str and allowed[0] <= len(value) <= allowed[1] and _is_clean(value)
    for choice in allowed:
        if type(value) is type(choice) and value == choice:
            return True
    return False


def _is_clean(text):
    """No control characters, no half of a surrogate pair. A certificate has 8000 characters: nothing here runs for each of them."""
    try:
        data = text.encode()                   # CPython refuses the halves here
    except ValueError:
        return False
    if data and (min(data) < 0x20 or b"\x7f" in data):
        return False
    at = data.find(b"\xed")                    # MicroPython writes a half as ED A0 … or higher; ED 9F … is Korean
    while at >= 0:
        if data[at + 1] >= 0xA0:
            return False
        at = data.find(b"\xed", at + 2)
    return True
