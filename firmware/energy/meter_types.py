"""The meters Mode3 knows: one table, one line of text for each value.

The rows are text because a table of tuples for all meters would cost the device 20 kB of heap, and because the *generic*
meter's registers are given in the very same words. A row is

    (function code, registers per read, largest hole to read across, baud, parity, evidence, registers)

and `registers` is a list, separated by `;`, of

    quantity format scale address [address address]

quantity: voltage, current, power_phases, energy_phases (one address for each phase: one or three), power, energy (totals;
energy is what the vehicle has drawn). format: see registers.py. scale: num or num/den; raw × scale is V, A, W or Wh.
Addresses are those of the protocol (counted from 0). A quantity named again is added: import − export is two entries.

Evidence: "source" = read in the source of a maintained project, "manual" = in the vendor's manual, "unverified" = neither.
None of it replaces a try with the meter itself. Serial settings are those the vendor ships; all can be changed.
"""
from firmware.energy.registers import format_from_text

QUANTITIES = ("voltage", "current", "power", "power_phases", "energy", "energy_phases")
TOTALS = ("power", "energy")
EVIDENCE = ("source", "manual", "unverified")

_EASTRON_UIP = (
    "voltage f32 1 0x0000 0x0002 0x0004;"
    "current f32 1 0x0006 0x0008 0x000A;"
    "power_phases f32 1 0x000C 0x000E 0x0010;"
    "power f32 1 0x0034;"
    "energy f32 1000 0x0048"
)

_TABLE = {
    # Eastron answers holes inside its map with zeros: the first 80 registers are read at once by many programs.
    "eastron_sdm630": (4, 80, 40, 9600, "none", "source",
                       _EASTRON_UIP + ";energy_phases f32 1000 0x015A 0x015C 0x015E"),
    "eastron_sdm72d_v2": (4, 80, 40, 9600, "none", "source", _EASTRON_UIP),
    # B23/B24 and A43/A44. Between U and I stand the voltages between phases, behind I the neutral's current.
    "abb_b23": (3, 125, 6, 9600, "even", "source",
                "voltage u32 1/10 0x5B00 0x5B02 0x5B04;"
                "current u32 1/100 0x5B0C 0x5B0E 0x5B10;"
                "power s32 1/100 0x5B14;"
                "power_phases s32 1/100 0x5B16 0x5B18 0x5B1A;"
                "energy u64 10 0x5000;"
                "energy_phases u64 10 0x5460 0x5464 0x5468"),
    # EM330, EM340, ET330, ET340. The map is without holes up to 004Fh.
    "carlo_gavazzi_em340": (4, 50, 16, 9600, "none", "source",
                            "voltage s32_lo 1/10 0x0000 0x0002 0x0004;"
                            "current s32_lo 1/1000 0x000C 0x000E 0x0010;"
                            "power_phases s32_lo 1/10 0x0012 0x0014 0x0016;"
                            "power s32_lo 1/10 0x0028;"
                            "energy s32_lo 100 0x0034;"
                            "energy_phases s32_lo 100 0x0040 0x0042 0x0044"),
}


class Item:
    """One value: where it stands in a read's data and where it goes. slot: 0 = L1 or the total, 1 = L2, 2 = L3."""

    def __init__(self, quantity, slot, address, fmt, num, den):
        self.quantity = quantity
        self.slot = slot
        self.address = address
        self.fmt = fmt  # as of registers.format_from_text
        self.num = num
        self.den = den
        self.offset = 0  # in bytes, within its read


class Read:
    """One request: `count` registers from `start`, and the items in its answer."""

    def __init__(self, start, count, items):
        self.start = start
        self.count = count
        self.items = items


class MeterType:
    """A meter's map, ready to be polled: function code, reads, defaults of the line, evidence."""

    def __init__(self, name, function, max_registers, hole, baud, parity, evidence, registers):
        self.name = name
        self.function = function
        self.baud = baud
        self.parity = parity
        self.evidence = evidence
        items = parse_registers(registers)
        self.quantities = [quantity for quantity in QUANTITIES if any(item.quantity == quantity for item in items)]
        self.reads = plan_reads(items, max_registers, hole)


def names():
    """Names of all built-in types, sorted. The setting knows two more: none and generic."""
    return sorted(_TABLE)


def choose(name, function=4, registers=""):
    """The type a setting names: None for "none", the owner's registers for "generic", else a row of the table.

    ValueError says what is wrong with the name or the registers.
    """
    if name == "none":
        return None
    return generic(function, registers) if name == "generic" else find(name)


def find(name):
    """The built-in type of this name. ValueError names those that exist."""
    row = _TABLE.get(name)
    if row is None:
        raise ValueError("meter type %r is not one of %s" % (name, ", ".join(names())))
    return MeterType(name, *row)


def generic(function, registers, max_registers=125):
    """The owner's own meter: function code 3 or 4, and registers in the words of the table. ValueError names the entry.

    Holes are never read across, because nobody knows what this meter answers there.
    """
    if function not in (3, 4):
        raise ValueError("function code %r is not 3 or 4" % (function,))
    if not 4 <= max_registers <= 125:
        raise ValueError("registers per read %r is not in 4…125" % (max_registers,))
    meter_type = MeterType("generic", function, max_registers, 0, 9600, "none", "unverified", registers)
    if "current" not in meter_type.quantities and "power" not in meter_type.quantities:
        raise ValueError("registers: current or power must be among them")
    return meter_type


def parse_registers(text):
    """Items of a register text. ValueError names the entry and what is wrong with it."""
    items = []
    for entry in text.split(";"):
        words = entry.split()
        if not words:
            continue
        try:
            _parse_entry(words, items)
        except ValueError as error:
            raise ValueError("register entry %r: %s" % (entry.strip(), error))
    if not items:
        raise ValueError("register text is empty")
    return items


def plan_reads(items, max_registers, hole):
    """Few reads that cover all items: neighbours are joined up to `max_registers`, across at most `hole` unused ones."""
    reads = []
    order = sorted([(item.address, index) for index, item in enumerate(items)])
    for address, index in order:
        item = items[index]
        end = address + item.fmt[1]
        last = reads[-1] if reads else None
        if last is None or address - (last.start + last.count) > hole or end - last.start > max_registers:
            last = Read(address, 0, [])
            reads.append(last)
        last.count = max(last.count, end - last.start)
        last.items.append(item)
        item.offset = 2 * (address - last.start)
    return reads


def _parse_entry(words, items):
    if len(words) < 4:
        raise ValueError("quantity, format, scale and address are needed")
    quantity, fmt, scale = words[:3]
    addresses = words[3:]
    if quantity not in QUANTITIES:
        raise ValueError("quantity is not one of " + ", ".join(QUANTITIES))
    if len(addresses) != 1 and (quantity in TOTALS or len(addresses) != 3):
        raise ValueError("one address" if quantity in TOTALS else "one address or three")
    fmt = format_from_text(fmt)
    size = fmt[1]
    num, den = _parse_scale(scale)
    for slot, text in enumerate(addresses):
        address = _parse_int(text, "address")
        if not 0 <= address <= 0x10000 - size:
            raise ValueError("address %s is not in 0…%d" % (text, 0x10000 - size))
        items.append(Item(quantity, slot, address, fmt, num, den))


def _parse_scale(text):
    num, slash, den = text.partition("/")
    num = _parse_int(num, "scale")
    den = _parse_int(den, "scale") if slash else 1
    if num == 0 or not 1 <= den <= 1000000 or not -1000000 <= num <= 1000000:
        raise ValueError("scale %s is not num or num/den up to 1000000" % text)
    return num, den


def _parse_int(text, what):
    try:
        return int(text, 16) if text[:2] in ("0x", "0X") else int(text, 10)
    except ValueError:
        raise ValueError("%s %r is not a whole number" % (what, text))
