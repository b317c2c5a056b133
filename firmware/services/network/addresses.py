"""IPv4 addresses and host names as people write them."""

IPV4_FORM = "an IPv4 address as 192.168.1.20"
HOST_FORM = "1 to 32 letters, digits and hyphens, no hyphen at the ends"


def packed(text):
    """Four bytes of an address; raises ValueError."""
    parts = text.split(".")
    if len(parts) != 4:
        raise ValueError(text)
    out = bytearray()
    for part in parts:
        if not 1 <= len(part) <= 3 or [char for char in part if not "0" <= char <= "9"] or int(part) > 255 or \
                part[0] == "0" and len(part) > 1:
            raise ValueError(text)
        out.append(int(part))
    return bytes(out)


def refuse_host(text):
    """None for an address that one machine can have, or nothing; else what is allowed."""
    if not text:
        return None
    try:
        first = packed(text)[0]
    except ValueError:
        return IPV4_FORM + ", or nothing"
    return IPV4_FORM + ", of one machine" if first in (0, 127) or first >= 224 else None


def refuse_mask(text):
    """None for a netmask whose ones come first."""
    try:
        bits = int.from_bytes(packed(text), "big")
    except ValueError:
        return "a netmask as 255.255.255.0"
    rest = bits ^ 0xFFFFFFFF
    return None if rest & (rest + 1) == 0 and 1 < rest < 0xFFFFFF + 1 else "a netmask as 255.255.255.0"


def refuse_name(text):
    """None for a host name, or nothing."""
    if not text:
        return None
    return HOST_FORM + ", or nothing" if host_name(text) != text or len(text) > 32 else None


def host_name(text):
    """The host name that is nearest to a text: "M3 TWIN/1" -> "M3-TWIN-1"."""
    out = ""
    for char in text:
        good = "a" <= char <= "z" or "A" <= char <= "Z" or "0" <= char <= "9"
        if good or out and out[-1] != "-":
            out += char if good else "-"
    return out[:32].strip("-")


def fixed_from(get):
    """(ip, mask, gateway, dns) of the settings, None where DHCP is wanted. Gateway and DNS default to the network's first
    address and to the gateway."""
    ip = get("network.ip")
    if get("network.ipv4") != "fixed" or not ip:
        return None
    gateway = get("network.gateway") or ip[:ip.rfind(".")] + ".1"
    return ip, get("network.mask"), gateway, get("network.dns") or gateway


def fallback_from(get):
    """The address where no DHCP server answers, None: none."""
    ip = get("network.fallback_ip")
    if not ip:
        return None
    mask = "255.255.0.0" if ip.startswith("169.254.") else "255.255.255.0"
    return ip, mask, "0.0.0.0", "0.0.0.0"
