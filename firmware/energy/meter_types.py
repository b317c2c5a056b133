"""What a meter's registers mean: the words of the table, and of the *generic* meter's setting, made into requests.

A register text is a list of entries, separated by `;`:

    quantity [fc3|fc4] format scale address [address address]

quantity: voltage, current, power_phases, energy_phases (one address for each phase: one or three), power, energy (totals;
energy is what the vehicle has drawn). fc3 reads holding registers (the default), fc4 input registers. format: see registers.py.
scale: num or num/den; raw × scale is V, A, W or Wh; behind it may stand ^address (times ten to the power of that s16 register)
or *address (times that u32 register). Addresses are those of the protocol, counted from 0, as 131 or 0x83. A quantity named again
is added: import − export is two entries.
"""
from firmware.energy.meter_map import CURRENT, ENERGY, ENERGY_PHASES, FACTOR, POWER, POWER_OF_TEN, MeterMap
from firmware.energy.meter_table import METERS
from firmware.energy.registers import format_from_text, is_float, is_signed, words_of

QUANTITIES = ("voltage", "current", "power_phases", "energy_phases", "power", "energy")
EVIDENCE = ("source", "manual", "unverified")


def names():
    """Names of all built-in types, sorted. The setting knows two more: none and generic."""
    return [row[0] for row in METERS]


def choose(name, registers=""):
    """The type a setting names: None for "none", the owner's registers for "generic", else a row of the table.

    ValueError says what is wrong with the name or the registers.
    """
    if name == "none":
        return None
    return generic(registers) if name == "generic" else find(name)


def find(name, holes=True):
    """The built-in type of this name. ValueError names those that exist."""
    for row in METERS:
        if row[0] == name:
            return _made(name, row[1], row[7], row[8], row[2], row[3], row[4] if holes else 0)
    raise ValueError("one of none, generic, " + ", ".join(names()))


def generic(registers, max_registers=125):
    """The owner's own meter: registers in the words above. ValueError names the entry, the word and what is allowed.

    Holes are never read across, because nobody knows what this meter answers there.
    """
    found = _made("generic", "", "unverified", registers, 3, max_registers, 0)
    if not (found.measures(CURRENT) or found.measures(POWER)):
        raise ValueError("current or power must be among the entries")
    return found


def _made(name, models, evidence, registers, function, max_registers, hole):
    entries = parse_registers(registers, function)
    places = tuple(sorted(set([entry[2] for entry in entries])))
    modulus_mwh, step_mwh = _energy_register(entries)
    return MeterMap(name, models, evidence, places, plan_reads(entries, max_registers, hole), hole > 0, modulus_mwh, step_mwh)


def table():
    """Every built-in type as a dict for people, one after the other."""
    for name, models, function, _, _, baud, parity, evidence, registers in METERS:
        measures = [entry.split()[0] for entry in registers.split(";")]
        yield {"name": name, "models": models, "function": function, "baud": baud or None, "parity": parity or None,
               "evidence": evidence, "measures": [quantity for quantity in QUANTITIES if quantity in measures]}


def parse_registers(text, function=3):
    """Entries (function, address, place, format, num, den, by kind, by address) of a register text. ValueError names the entry
    and what is wrong with it."""
    entries = []
    number = 0
    for part in text.split(";"):
        words = part.split()
        if not words:
            continue
        number += 1
        try:
            _parse_entry(words, function, entries)
        except ValueError as error:
            raise ValueError("entry %d (%s): %s" % (number, " ".join(words)[:40], error))
    if not entries:
        raise ValueError("entries of quantity, format, scale and address, separated by ;")
    return entries


def plan_reads(entries, max_registers, hole):
    """Few reads that cover all entries: neighbours are joined up to `max_registers`, across at most `hole` unused ones."""
    spans = []
    for index, entry in enumerate(entries):
        first, end = _span(entry)
        spans.append((entry[0], first, end, index))
    spans.sort()
    groups = []
    for function, first, end, index in spans:
        group = groups[-1] if groups else None
        if (group is None or group[0] != function or first - group[2] > hole
                or max(end, group[2]) - group[1] > max_registers):
            group = [function, first, end, []]
            groups.append(group)
        group[2] = max(end, group[2])
        group[3].append(entries[index])
    return tuple([_read(*group) for group in groups])


def _read(function, first, end, entries):
    items = []
    rare = True
    for _, address, place, fmt, num, den, kind, by in entries:
        items.append((place, 2 * (address - first), fmt, num, den, 8 * (by - first) + kind if kind else 0))
        rare = rare and ENERGY_PHASES <= place < ENERGY_PHASES + 3
    return function, first, end - first, tuple(items), rare


def _span(entry):
    """Registers [first, end) that must be read together for one entry."""
    _, address, _, fmt, _, _, kind, by = entry
    end = address + words_of(fmt)
    if not kind:
        return address, end
    return min(address, by), max(end, by + kind)     # s16 is one register, u32 two: as the kinds are numbered


def _parse_entry(words, function, entries):
    quantity = words[0]
    if quantity not in QUANTITIES:
        raise ValueError("%s is not one of %s" % (quantity, ", ".join(QUANTITIES)))
    rest = words[1:]
    if rest and rest[0][:2] == "fc":
        if rest[0] not in ("fc3", "fc4"):
            raise ValueError("%s is not fc3 or fc4" % rest[0])
        function = int(rest[0][2])
        rest = rest[1:]
    if len(rest) < 3:
        raise ValueError("format, scale and address are needed")
    fmt = format_from_text(rest[0])
    num, den, kind, by = _parse_scale(rest[1])
    addresses = rest[2:]
    total = quantity in ("power", "energy")
    if len(addresses) != 1 and (total or len(addresses) != 3):
        raise ValueError("%s has one address%s" % (quantity, "" if total else " or three"))
    place = 3 * QUANTITIES.index(quantity)
    for slot, text in enumerate(addresses):
        entry = (function, _parse_address(text, words_of(fmt)), place + slot, fmt, num, den, kind, by)
        first, end = _span(entry)
        if end - first > 125:
            raise ValueError("address %s is too far from that in its scale" % text)
        entries.append(entry)


def _parse_scale(text):
    kind = by = 0
    for sign, number in (("^", POWER_OF_TEN), ("*", FACTOR)):
        head, found, tail = text.partition(sign)
        if found:
            text, kind, by = head, number, _parse_address(tail, number)
    num, slash, den = text.partition("/")
    num = _parse_int(num, "scale")
    den = _parse_int(den, "scale") if slash else 1
    if num == 0 or not 1 <= den <= 1000000 or not -1000000 <= num <= 1000000:
        raise ValueError("scale %s is not num or num/den up to 1000000" % text)
    return num, den, kind, by


def _parse_address(text, words):
    address = _parse_int(text, "address")
    if not 0 <= address <= 0x10000 - words:
        raise ValueError("address %s is not in 0…%d" % (text, 0x10000 - words))
    return address


def _parse_int(text, what):
    try:
        return int(text, 16) if text[:2] in ("0x", "0X") else int(text, 10)
    except ValueError:
        raise ValueError("%s %s is not a whole number" % (what, text))


def _energy_register(entries):
    """(modulus, step) of the energy register in mWh: where its number wraps (None: floats, sums and what a register scales), and
    how coarse it counts (0: fine, or not known)."""
    energy = [entry for entry in entries if entry[2] == ENERGY]
    if len(energy) != 1:
        return None, 0
    _, _, _, fmt, num, den, kind, _ = energy[0]
    if is_float(fmt) or kind or num < 0:
        return None, 0
    bits = 16 * words_of(fmt) - is_signed(fmt)
    return (1 << bits) * num * 1000 // den, num * 1000 // den
