"""What the charger tells a broker of itself: five retained JSON documents, made from the table of facts."""

import json

from micropython import const

from firmware.storage.crc import crc32

# document, shortest time between two in ms, its facts. Every fact of the table is in one of them.
DOCUMENTS = (
    ("status", 1000,
     "overview_state cp_state ev_state session_state contactor offered_ma limit_ma limited_by limit_reason why_not_charging "
     "derated_by retry_in_s reclose_in_s ceilings phases phases_used availability authorized mode smart_state service_mode standby "
     "step flags last_refusal reservation station_name version update"),
    ("meter", 5000,
     "drawn_ma drawn_phases_ma voltage_v voltage_phases_v power_w power_phases_w energy_wh energy_phases_wh life_energy_wh "
     "life_charging_s meter_source"),
    ("session", 10000, "session account"),
    ("faults", 1000, "faults"),
    ("diagnostics", 60000,
     "temperatures temperature_sensors lateness_ms uptime_s boot_number reset_cause utc serial board coil_watchdog "
     "supply_present meter_age_s meter_model meter_bus tasks mqtt"),
)
# what counts down or up by itself: it goes along, but is no news
RESTLESS = ("retry_in_s", "reclose_in_s")
_MASK = const(0x3FFFFFFF)
_BREATH = const(4)              # facts made into text in one turn: each takes a device about a millisecond
LOOK_MS = const(1000)           # all facts are looked at that often


def names_of(row, known):
    """The facts of a document; the last one takes also what the table has and no document names: known is the table's NAMES."""
    names = [name for name in row[2].split(" ") if name in known]
    if row is DOCUMENTS[-1]:
        told = " ".join([each[2] for each in DOCUMENTS]).split(" ")
        names += [name for name in known if name not in told]
    return names


class Documents:
    """When which document is due. known: all names of facts."""

    def __init__(self, known):
        self._known = known
        self._sent_ms = [0] * len(DOCUMENTS)
        self._sums = [None] * len(DOCUMENTS)    # of what was sent last; None: nothing

    def forget(self):
        """Everything is due: nobody knows what the broker still has."""
        self._sums = [None] * len(DOCUMENTS)

    def fresh(self):
        """True while some document was never sent on this connection."""
        return None in self._sums

    def due(self, facts, now_ms, hurry=False):
        """Yields (name, payload) of each document that has news and may be sent again, and None in between, where others may run;
        hurry: something visible changed."""
        for place, row in enumerate(DOCUMENTS):
            waited_ms = (now_ms - self._sent_ms[place]) & _MASK
            fresh = self._sums[place] is None
            if not fresh and waited_ms < row[1] and not (hurry and row[1] < DOCUMENTS[-1][1]):
                continue
            out = []                            # joined at the end: what grows wants one large block after another
            checksum = made = 0
            for name in names_of(row, self._known):
                text = json.dumps(facts.get(name)).encode()
                if name == "ceilings":
                    checksum = crc32(_lasting(facts[name]), checksum)
                elif name not in RESTLESS:
                    checksum = crc32(text, checksum)
                out.append(b', "%s": ' % name.encode() if out else b'{"%s": ' % name.encode())
                out.append(text)
                made += 1
                if made % _BREATH == 0:
                    yield None
            out.append(b"}")
            if checksum != self._sums[place]:
                self._sums[place], self._sent_ms[place] = checksum, now_ms
                yield row[0], b"".join(out)
            else:
                yield None


def _lasting(ceilings):
    """The ceilings without what runs down."""
    return json.dumps([[row["source"], row["limit_ma"], row["failsafe"], row["failsafe_ma"], row["by"]]
                       for row in ceilings or ()]).encode()
