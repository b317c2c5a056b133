"""One fault inside a charger that charges in peace: power goes where it may, comes back in time, and the log tells why."""

import json

from tools.twin.soak_begin import S
from tools.twin.soak_faults import kind_of
from tools.twin.soak_look import charges, events_since, mark, persons_way, state_of, talks, tasks_live
from tools.twin.soak_watch import Violation

STEADY_S = 3            # so long power flows again before it counts
FRESH_S = 5             # unplugged, so that the retries of the plug-in are not used up
PATIENCE_S = 20         # before somebody looks why it does not charge
CARD_S = 4              # between two tries with a card
CARD = "04A1B2C3"
STARTS_S = 120          # a vehicle that is plugged in gets power within


class Trial:
    """Begins at once. chapter.trial_is_over(went) hears of its end; what does not hold is a Violation, raised in the chapter's
    events."""

    def __init__(self, chapter, name, arguments):
        self._chapter = chapter
        self._kind, self._arguments = kind_of(name), arguments
        self._opened = 0
        self._asked = False
        self._begin_us = self._end_us = self._mark = None
        self._well_s = 0
        chapter.world.set_ev({"plugged": False})
        chapter._after(FRESH_S * S, self._plug)

    def edge(self, signal, value):
        """An edge of the world."""
        if signal == "coil" and not value and self._begin_us is not None:
            self._opened += 1

    def _plug(self):
        if self._kind.cards:
            self._access("all")
        self._plugged()
        self._wait()

    def _plugged(self):
        self._chapter.world.set_ev({"plugged": True})
        self._due_us = self._chapter.clock.now_us + STARTS_S * S
        if self._kind.cards:
            self._chapter._after(CARD_S * S, self._hold_card)

    def _access(self, mode):
        self._chapter._call("PUT", "/api/v1/settings", json.dumps({"access.mode": mode}).encode())

    def _hold_card(self):
        """Until it is known: a second time would end the charge."""
        chapter = self._chapter
        app = chapter._app_now()
        if chapter.trial is self and chapter.world.ev.plugged and chapter.clock.now_us < self._due_us and not (
                app is not None and app.station.fact("authorized")):
            chapter.world.present_card(CARD)
            chapter._after(CARD_S * S, self._hold_card)

    def _wait(self):
        """For power, then for a moment of no importance."""
        chapter = self._chapter
        if charges(chapter):
            chapter._after(chapter._rng.randint(1 * S, 8 * S), self._strike)
        elif chapter.clock.now_us > self._due_us:
            chapter.trial_is_over(False)        # something of before: the calm knows whom to ask
        else:
            chapter._after(1 * S, self._wait)

    def _strike(self):
        chapter = self._chapter
        app = chapter._app_now()
        self._end_us = None
        if app is not None and charges(chapter) and (not self._kind.talks or talks(chapter)):
            self._mark, self._begin_us = mark(app), chapter.clock.now_us
            self._before = [row[0][1] for row in app.station.faults.rows()]
            self._arguments = chapter.inner.resolve(self._kind.name, self._arguments)[1]
            self._end_us = chapter.inner.begin(self._kind.name, self._arguments)
        if self._end_us is None:
            chapter.trial_is_over(False)
        else:
            self._look()

    def _look(self):
        """Once a second until it is over."""
        chapter, now_us = self._chapter, self._chapter.clock.now_us
        if self._kind.keeps and self._opened:
            raise Violation("power", "%s took the power away; %s" % (self._told(), state_of(chapter)))
        app = chapter._app_now()
        if app is not None and now_us >= self._end_us + PATIENCE_S * S and not self._asked and self._kind.asks:
            self._ask(persons_way(app))
        well = charges(chapter) and now_us >= self._end_us and tasks_live(chapter) and (not self._kind.talks or talks(chapter))
        self._well_s = self._well_s + 1 if well else 0
        if self._well_s > STEADY_S:
            self._took_s = (now_us - self._end_us) / S - STEADY_S
            self._find_reason()
            if self._kind.cards:
                self._begin_us = None
                chapter.world.set_ev({"plugged": False})
                chapter._after(FRESH_S * S, self._card_again)
            else:
                self._judge()
        elif now_us > self._end_us + self._kind.bound_s * S:
            raise Violation("comes back", "%s: not well %d s after its end; %s" % (
                self._told(), self._kind.bound_s, state_of(chapter)))
        else:
            chapter._after(1 * S, self._look)

    def _ask(self, way):
        """Somebody does what the fault table asks for."""
        chapter = self._chapter
        if way is None:
            return
        self._asked = True
        chapter.counts_of(self._kind.name)["asked"] += 1
        self._end_us = chapter.clock.now_us + 20 * S
        if way == "power_cycle":
            chapter._reset("power")
        elif way == "restart":
            chapter._in_the_firmware(lambda app: chapter._command(app, "restart", {}))
        else:
            chapter.world.set_ev({"plugged": False})
            chapter._after(FRESH_S * S, lambda: chapter.world.set_ev({"plugged": True}))

    def _told(self):
        return "%s %s" % (self._kind.name, self._arguments)

    def _card_again(self):
        """A card must work as before."""
        self._plugged()
        self._works()

    def _works(self):
        chapter = self._chapter
        if charges(chapter):
            self._access("off")
            self._judge()
        elif chapter.clock.now_us > self._due_us:
            raise Violation("card", "%s: a card starts no charge afterwards; %s" % (self._told(), state_of(chapter)))
        else:
            chapter._after(1 * S, self._works)

    def _judge(self):
        chapter, kind = self._chapter, self._kind
        counts = chapter.counts_of(kind.name)
        counts["trials"] += 1
        counts["opened"] += bool(self._opened)
        counts["told"] += bool(self._opened) and self._in_the_log
        counts["longest_s"] = max(counts["longest_s"], round(self._took_s, 1))
        chapter.trial_is_over(True)

    def _find_reason(self):
        """Power went, or the kind asks for it: the event log must tell, unless the same was there before already."""
        wanted = [self._kind.tells] if self._opened else []
        wanted.append(self._kind.must(self._arguments))
        found = [(event["kind"], event["code"], event["detail"]) for event in
                 events_since(self._chapter._app_now(), self._mark)]
        self._in_the_log = any(_tells(told, event) for told in self._kind.tells for event in found)
        for tells in wanted:
            if tells and not any(_tells(told, event) for told in tells for event in found) and \
                    not any(told[1] in self._before for told in tells):
                raise Violation("log", "%s%s: the log tells none of %s, but %s" % (
                    self._told(), " took the power away" if self._opened else "", tells, found))


def _tells(told, event):
    """(kind, code) or (kind, code, beginning of the detail) is what the event says."""
    return told[:2] == event[:2] and event[2].startswith(told[2] if len(told) > 2 else "")
