"""How a charge is stopped in order, and the rigs that stand in one, for the rows of table A.6."""

from firmware.safety import limits
from host_tests.safety.variants import EachVariant

FULL_NS = limits.PILOT_STEADY_HIGH_NS


def stop_by_request(rig):
    rig.core.request.available = 0


def stop_by_silence(rig):
    rig.renew = False
    rig.run(limits.HEARTBEAT_MS - 10)


def stop_by_offer(rig):
    rig.core.request.offered_ma = 5999


def stop_by_enable(rig):
    rig.core.inputs.enable = 0


STOPS = (stop_by_request, stop_by_silence, stop_by_offer, stop_by_enable)


class TableCase(EachVariant):
    def closed(self, letter="C", **fitted):
        """Every rig, charging in a state."""
        if letter == "D":
            fitted["ventilated"] = 1
        for rig in self.rigs(**fitted):
            yield rig.to_closed(letter)

    def changes_after_two_bursts(self, rig, letter):
        """The coil stands the first burst of another state and is off with the second; contacts open within 100 ms."""
        rig.travel_ms = 70
        rig.vehicle = letter
        rig.step()
        self.assertEqual(rig.coil, 1)
        rig.step()
        self.assertEqual(rig.coil, 0)
        rig.run(80)
        self.assertEqual(rig.contactor_1.closed + rig.contactor_2.closed, 0)
