"""The objects that a control tick reaches, for quiet.py: found once from the control loop, and watched for who else
writes to them."""
from array import array
from operator import itemgetter

from tools.twin.quiet_rules import CLASSES, FALLING, FUNCTIONS, HEAT, KEPT, METER, SCRATCH, TIME


class NotQuiet(Exception):
    """The board has something that quiet ticks do not know."""


class Reached:
    """app: the firmware's. Raises NotQuiet. What is public is for Quiet: objects as the dictionaries of their attributes,
    by what moves in them."""

    def __init__(self, app, hal):
        self._app, self._hal = app, hal
        self.armed = False               # the objects that a tick reaches tell when somebody else writes to them
        self.touched = True              # somebody did
        self.map()

    def map(self):
        """Walk through all that a tick reaches, as it is now. NotQuiet."""
        self.disarm()
        self.dicts, self.plain, self.lists, self.items = [], [], [], []
        self.time_cells, self.falling, self.followers = [], [], []
        core = self._app.core
        self.records = {"Request": vars(core.request), "Inputs": vars(core.inputs)}
        self.pins, self.adcs, self._known = [], [], {}
        self._walk(self._app.control)
        self._sizes = [len(cells) for cells, _ in self.dicts]
        classes = {type(one).__name__: type(one) for one in self._known.values() if type(one).__name__ in CLASSES}
        self._functions = [(vars(classes[kind]), name, vars(classes[kind])[name]) for kind, name in FUNCTIONS]
        self.readings, self.heat = [itemgetter(*[name for name, rule in CLASSES["Inputs"].items() if rule == group])
                                    for group in (METER, HEAT)]
        self.inputs, self.reader = vars(core.inputs), vars(core.pilot)
        self.temperature = vars(core.temperature)
        self.since, self.outputs = vars(core.current), vars(core.outputs)
        self.above = core.current._above_ms
        self.lateness = vars(self._app.lateness)
        self.beat = vars([entry for entry in self._app.supervisor.tasks if entry.name == "control"][0])
        self._hal.watched = frozenset(self.pins + self.adcs)
        self._own = {id(one): frozenset(vars(one)) for one in self._known.values() if type(one).__name__ in CLASSES}
        self._guarded = [(one, type(one), self._telling(type(one))) for one in self._known.values()
                         if type(one).__module__.startswith("firmware.")]

    def _telling(self, kind):
        """The class, but an object of it tells when one of its attributes is written."""
        def tell(one, name, value):
            self.touched = True
            object.__setattr__(one, name, value)
        return type(kind.__name__, (kind,), {"__setattr__": tell, "__module__": kind.__module__})

    def arm(self):
        """From now on the objects tell when one of them is written to."""
        for one, _plain, telling in self._guarded:
            one.__class__ = telling
        self.armed, self.touched = True, False

    def disarm(self):
        """The firmware itself is about to write."""
        if self.armed:
            for one, plain, _telling in self._guarded:
                one.__class__ = plain
            self.armed = False

    def contents(self):
        """What is in the lists and tables, to be compared."""
        return tuple([tuple(one.items()) if type(one) is dict else tuple(one) for one in self.items])

    def _walk(self, one):
        kind = type(one)
        if id(one) in self._known:
            return
        if not kind.__module__.startswith("firmware."):
            if kind.__module__.startswith("machine_") and hasattr(one, "_n"):
                self._known[id(one)] = one
                of_its_kind = self.adcs if kind.__name__ == "ADC" else self.pins
                if one._n not in of_its_kind:
                    of_its_kind.append(one._n)
            return
        if kind.__name__ not in CLASSES:
            raise NotQuiet(kind.__name__)
        self._known[id(one)] = one
        cells = vars(one)
        rules = CLASSES[kind.__name__]
        self.dicts.append((cells, rules))
        plain = []
        for name, value in cells.items():
            rule = rules.get(name)
            if rule == SCRATCH:
                continue
            if rule == TIME:
                self.time_cells.append((cells, name))
            elif rule == FALLING:
                self.falling.append((cells, name))
            elif rule is not None and "." in rule:
                record, attribute = rule.split(".")
                self.followers.append((cells, name, self.records[record], attribute))
            elif isinstance(value, (list, array, dict)):
                self._known[id(value)] = value
                if rule is None:
                    self.items.append(value)
                self.lists.append((value, rule))
                for part in list(value.values() if isinstance(value, dict) else value):
                    self._parts(part)
            elif rule in (None, KEPT):
                plain.append(name)
                self._parts(value)
        if plain:
            self.plain.append((itemgetter(*plain, plain[0]), cells))

    def _parts(self, value):
        if isinstance(value, tuple):
            for part in value:
                self._parts(part)
        else:
            self._walk(value)

    def replaced(self):
        """A function that each tick calls is not the one it was."""
        for functions, name, function in self._functions:
            if functions[name] is not function:
                return True
        return False

    def hidden(self):
        """An object has got an attribute that stands in the place of a method."""
        for one, plain, _telling in self._guarded:
            for name in vars(one):
                if name not in self._own[id(one)] and callable(getattr(plain, name, None)):
                    return True
        return False

    def grown(self):
        """An object has more attributes than it had, or fewer."""
        return [len(cells) for cells, _ in self.dicts] != self._sizes

    def strangers(self):
        """True where an object has come among those that a tick reaches."""
        for cells, rules in self.dicts:
            for name, value in cells.items():
                if id(value) not in self._known and rules.get(name) != SCRATCH and (
                        isinstance(value, (list, array, dict)) or type(value).__module__.startswith(("firmware.", "machine_"))):
                    return True
        return False
