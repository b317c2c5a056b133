"""What stands over a charge, and who ordered it (CH-24). Those that the station knows by itself it adds; others set theirs here."""

NAMES = ("ventilation_required", "single_phase", "three_phase", "vip", "not_enough_energy", "postponed", "suspended", "reserved",
         "maintenance", "unavailable", "teaching")


class Flags:
    """set() and clear() by whoever ordered it: access for vip, reserved, teaching; a building's system for postponed, ..."""

    def __init__(self):
        self._set = []            # [name, source]

    def set(self, name, source):
        """Raise a flag, or say who ordered it now. ValueError for a name that is not in NAMES."""
        if name not in NAMES:
            raise ValueError("no flag %s" % name)
        for entry in self._set:
            if entry[0] == name:
                entry[1] = source
                return
        self._set.append([name, source])

    def clear(self, name):
        """Take a flag down; nothing happens when it is not up."""
        self._set = [entry for entry in self._set if entry[0] != name]

    def has(self, name):
        """It was set."""
        for entry in self._set:
            if entry[0] == name:
                return True
        return False

    def rows(self, known):
        """[{"name", "source"}]: `known` (name, source), which the station sees by itself, then those that were set."""
        return [{"name": name, "source": source} for name, source in known] + [
            {"name": name, "source": source} for name, source in self._set]
