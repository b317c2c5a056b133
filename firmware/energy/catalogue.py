"""The way to the table of meters: on a device the table and its parser are loaded for one look, and then forgotten."""
from firmware.on_demand import forget


def choose(name, registers=""):
    """The MeterMap that a setting names: None for "none", the owner's registers for "generic", else a row of the table.

    ValueError says what is wrong with the name or the registers.
    """
    return _use().choose(name, registers)


def without_holes(name):
    """The same for a meter that refuses to be read across registers it does not have."""
    return _use().find(name, False)


def refused(name, registers):
    """None for a type and registers that can be, else what is allowed."""
    try:
        choose(name, registers)
    except ValueError as error:
        return str(error)
    return None


def table():
    """Every type as a dict for people, one after the other."""
    return _use().table()


def _use():
    from firmware.energy import meter_types
    forget(("firmware.energy.meter_types", "firmware.energy.meter_table"))
    return meter_types
