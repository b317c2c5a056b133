"""THE wiring: builds every object of the charger and names every task. Read it from top to bottom and you know the house.

    drivers ──inputs──▶ safety core ◀──request── station ◀──commands── services
       ▲──────outputs──────┘   └──────facts───────▲──────────facts────────┘
"""

import asyncio
import os

from firmware import health
from firmware.applied import apply
from firmware.card_desk import CardDesk
from firmware.charging.control import Control
from firmware.charging.external_inputs import ExternalInputs
from firmware.charging.feed import Feed
from firmware.charging.lateness import Lateness
from firmware.charging.station import Station
from firmware.drivers import clock, last_words, reset_marker, slot_pointer, survivors
from firmware.drivers.board import Board
from firmware.drivers.contacts import Contacts
from firmware.drivers.front_panel import FrontPanel
from firmware.drivers.heap import settle
from firmware.drivers.temperatures import PLACES, Temperatures
from firmware.drivers.tick_timer import TickTimer
from firmware.drivers.watchdog import Watchdog
from firmware.energy.tariff import Cost, Tariff
from firmware.guards import guard
from firmware.identity import Identity
from firmware.on_demand import forget
from firmware.online import Online
from firmware.records.keeper import Keeper
from firmware.records.spoken import Spoken
from firmware.safety.core import CLOSED, SafetyCore
from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
from firmware.storage.atomic_file import AtomicFile
from firmware.supervisor import Supervisor
from firmware.ui.panel import Panel
from firmware.version import VERSION
from firmware.web_desk import WebDesk

STATION_MS = 100
SENSE_MS = 1000         # temperatures and the mains' presence change slowly
CONFIRM_MS = 60000      # ran so long with every critical task alive: this version starts well
ANSWER_MS = 500         # who asked for a restart shall still hear that it comes
RESTART_MS = 15000      # longest wait for the charge to end in order: the core needs 7 s at most
SAVED_UNDER_LOAD = 4096 # bytes: larger settings wait until no power flows, writing them erases several sectors
current = None          # the running App: for the console and the twin


class App:
    """Everything there is, built in the order in which it depends on each other."""

    def __init__(self, root):
        self.root = root

        # what this charger is, and how it is set
        from firmware import at_start
        reset_by = at_start.finish_reset(root + "data/")
        facts, lacks = at_start.board(root + "board.json")
        self.settings = Store(AtomicFile(root + "data/settings", FILE_KIND, FILE_VERSION))
        self.settings.load()

        self.identity = Identity(root + "identity.json")
        self.identity.ensure()
        self.serial = self.settings.get("identity.serial") or self.identity.get("serial") or None

        # the safety core with what it sees and drives; nothing else touches the contactor
        get = self.settings.get
        self.board = Board(facts)
        self.board.use_contact("input_enable", "enable", get("inputs.enable"))
        self.board.use_contact("input_upstream", "upstream_tripped", get("inputs.upstream"))
        if get("installation.cable") == "socket":
            self.board.use_socket()
        self.start = reset_marker.read()
        power_on = self.start["start"] == "power_on"
        self.core = SafetyCore(self.board.complete(at_start.installation(get)), 0 if power_on else survivors.read(),
                               0 if power_on else 1)
        self.timer = TickTimer(self.board.contactor, self.board.lock)
        self.lateness = Lateness()
        self.control = Control(self.core, self.board, self.timer, self.lateness, clock.ticks_ms)
        self.watchdog = Watchdog()

        # what happened before and what happens now
        self.start["detail"] = at_start.detail(self.start)
        self.records = Keeper(root + "data/", clock, self.start["start"], self.start["detail"], self.watchdog.feed)

        # the station: the one object that everyone outside knows
        self.station = Station(self.core, self.records.stamp, self.records.show_time, facts["has"]["phase_switching"],
                               self.board.lock is not None, clock.ticks_ms())
        self.meter = at_start.meter(facts, get, self._offer, self.station.faults)
        forget(("firmware.at_start",))
        self.station.reading = self.meter.values
        self.feed = Feed(self.core)
        self.temperatures = Temperatures(facts, self.board.errors, dict([(place, get("sensors." + place)) for place in PLACES]))
        self.contacts = Contacts(facts, self.board.errors)
        for name in ("limit", "delay", "dim"):
            self.contacts.use(name, get("inputs." + name))
        self.inputs = ExternalInputs(self.station, self.contacts.signal, self._log_dimming)
        self.records.follow(self.station, self.contactor_open)
        self.records.also_flush(self._save_settings)
        self.spoken = Spoken(root + "data/spoken", self.station.ceilings)
        self.records.new_cost = self._new_cost

        # who may charge: cards, the gate that judges them, the reader where the board has one
        self.desk = CardDesk(facts, root + "data/", self.station, self.settings, self.contactor_open, self.note_security,
                             self.note_error, self.serial)
        self.cards, self.gate = self.desk.cards, self.desk.gate
        self.records.also_flush(self.desk.save)
        self.records.about = self.desk.about

        # who talks to it
        self.errors = {}                        # where -> text of the newest failure
        if isinstance(reset_by, str):
            self.note_security("factory_reset", reset_by)
        elif reset_by is not None:
            self.note_error("factory_reset", reset_by)
        self.online = Online(self, facts)
        self.web_desk = WebDesk(self, facts)

        # the front panel: lights, buzzer, buttons
        self.panel = Panel(self.station, FrontPanel(facts, self.board.errors), clock.ticks_ms, {
            "restart": lambda: self.station.command("restart", {}, "button")["result"] == "accepted",
            "factory_reset": self._factory_reset, "clear_cards": self.desk.clear})
        self.desk.show = self.panel.card

        # THE tasks: name, factory, critical, longest silence in ms (0: not watched)
        bus = self.temperatures.bus
        self.supervisor = Supervisor((
            ("control", self.control.run, True, 500),
            ("station", self._run_station, True, 2000),
            ("meter", lambda beat: self.meter.run(), False, 0),
            ("records", self.records.run, False, 0),
            ("ui", lambda beat: self.panel.run(), False, 0),
        ) + self.web_desk.tasks() + self.desk.tasks() + self.online.tasks() + (
            () if bus is None else (("sensors", lambda beat: bus.run(clock.ticks_ms), False, 0),)),
            clock.ticks_ms, self.watchdog, self.timer.open_now, self.records.note, last_words.keep)

        self.timer.on_hang = lambda: last_words.keep("hang in " + self.supervisor.running())
        self.timer.on_back = lambda: last_words.keep("")
        self.late_stops = 0
        self.trips_kept = -1                    # trips in RTC memory; -1: not written in this start
        self._sensed = {}                       # place -> °C or None, of the newest second
        self._sensed_ms = clock.ticks_ms()
        self._restarting = None                 # the task, once a restart was asked for
        self._connect(facts, lacks)
        self.online.network.start()
        facts.clear()                           # all is built: 3.5 kB of heap for those who live on

    def _connect(self, facts, lacks):
        """Facts that others know, settings that act at once, and what the station asks us to do."""
        station = self.station
        name = facts["name"]
        provided = {
            "temperatures": self._temperatures, "temperature_sensors": self.temperatures.fact,
            "lateness_ms": self.lateness.fact, "tasks": self.supervisor.fact,
            "uptime_s": lambda: self.records.stamp()[1], "boot_number": lambda: self.records.stamp()[0],
            "utc": lambda: clock.rfc3339(clock.utc_s()), "reset_cause": lambda: self.start["start"],
            "reset_detail": lambda: self.start["detail"] or None,
            "version": lambda: VERSION, "serial": lambda: self.serial,
            "standby": self.panel.standby.state, "reservation": self.desk.reserved,
            "restart_needed": lambda: self.settings.restart_needed, "general": lambda: self.general,
            "station_name": lambda: self.settings.get("station.name") or None,
            "meter_age_s": self._meter_age, "meter_model": self.meter.model, "meter_bus": self.meter.diagnosis,
            "life_energy_wh": self.records.life_energy_wh, "life_charging_s": self.records.life_charging_s,
            "board": lambda: {"name": name, "lacks": lacks, "socket": self.core.fitted.socket == 1,
                              "failing": sorted(self.board.errors)},
            "earth_monitoring": lambda: self.core.fitted.pe_monitor == 1,
            "coil_watchdog": self.board.coil_watchdog, "supply_present": self.board.supply_present,
        }
        provided.update(self.online.facts())
        for fact, fn in provided.items():
            station.provide(fact, fn)
        station.on("restart", self.request_restart)
        station.on("clock", self.online.clock_desk.set)
        station.on("error", self.note_error)
        station.subscribe(self._hear, "app")
        station.smart.local_minutes = self.local_minutes
        station.ceilings.own("board", facts["limits"]["max_current_a"] * 1000)
        station.operative = self.settings.get("charging.available")
        station.mode = self.settings.get("charging.mode")
        if self.start["start"] in ("power_on", "brown_out"):
            self._after_power_cut()
        self.settings.subscribe("", lambda changed: apply(self, changed))
        apply(self, ())
        try:
            self.spoken.load(station.sources.is_allowed)
        except OSError as error:
            self.note_error("spoken", error)
        self.records.also_flush(self.spoken.save)
        guard(self.settings, facts)
        noted = self.records.take_boot_log(self.root + "boot_log.json")
        self.online.update_desk.rolled_back = "rollback" in noted
        if "safe_mode" in noted:
            station.faults.begin("safe_mode_before")
        if self.identity.failure:
            self.errors["identity"] = self.identity.failure
        if self.settings.load_report:
            station.faults.begin("settings_damaged")
        if self.settings.get("station.showroom"):
            station.set_service_mode("demo")

    def contactor_open(self):
        """The flash may be touched: no power flows."""
        return self.core.outputs.coil_1 == 0

    def may_save(self):
        return self.contactor_open() and self.station.demo is None     # a showroom keeps no settings

    def _save_settings(self):
        if not self.settings.dirty or self.station.demo is not None:
            return False
        return self.settings.save(None if self.contactor_open() else SAVED_UNDER_LOAD)

    def local_minutes(self):
        """Minute of the week in local time, Monday 0:00 = 0; None while the clock is unknown."""
        utc_s = clock.utc_s()
        return self.zone.weekly_minute(utc_s) if utc_s else None

    def _hear(self, event, data):
        """A session does not wait for what was estimated too high in an earlier one. What is set in a showroom is forgotten when it
        ends; what was set before is kept. A showroom outlives a restart, and so do "out of service" and smart charging, whoever
        ordered them."""
        if event == "session_start":
            self.meter.begin_session()
        elif event == "service_mode" and data["mode"] == "demo":
            if self.settings.dirty or not self.settings.get("station.showroom"):
                self.settings.set_many({"station.showroom": True})      # no vehicle is plugged in: the contactor is open
        elif event == "service_mode" and data["before"] == "demo":
            self.settings.revert()
            self.settings.set_many({"station.showroom": False})
        elif event == "command" and data["command"] == "mode":
            if self.station.demo is None and self.settings.get("charging.mode") != self.station.mode:
                self.settings.set_many({"charging.mode": self.station.mode}, save=self.may_save())
        elif event == "command" and data["command"] == "availability":
            station = self.station
            if station.demo is None and self.settings.get("charging.available") != station.operative:
                by = station.operative_by
                self.settings.set_many({"charging.available": station.operative}, save=self.may_save())
                station.operative_by = by

    def _after_power_cut(self):
        """Many chargers come back at once: each waits for a random time; and the interrupted charge may go on, or not."""
        longest_s = self.settings.get("charging.start_delay_max_s")
        self.station.start_delay_ms = int.from_bytes(os.urandom(2), "big") * longest_s * 1000 // 65535
        token = self.records.interrupted_id()
        if token and self.settings.get("charging.resume_after_power_cut") == "resume":
            self.gate.resume(token)

    async def _run_station(self, beat):
        """Task: the station's tick, and what depends on the health of the rest."""
        started_ms = clock.ticks_ms()
        tried_ms = started_ms
        proven = confirmed = False
        while True:
            now_ms = clock.ticks_ms()
            self.feed.meter(self.meter.values, now_ms)
            if (now_ms - self._sensed_ms) & 0x3FFFFFFF >= SENSE_MS:
                self._sensed_ms = now_ms
                self._sensed = self.temperatures.read()
                self.feed.temperatures(self._sensed)
                self.board.look()
            self.inputs.tick()
            self.station.tick(now_ms)
            self.desk.tick(now_ms)
            health.watch(self, now_ms)
            if not proven and (now_ms - started_ms) & 0x3FFFFFFF > CONFIRM_MS:
                proven = True
                reset_marker.runs_well()
            if proven and not confirmed and self.core.outputs.coil_1 == 0 and (now_ms - tried_ms) & 0x3FFFFFFF > CONFIRM_MS:
                tried_ms = now_ms               # it writes: only with the contactor open; a flash that refuses is asked again
                confirmed = self._confirm_slot()
            beat()
            await asyncio.sleep_ms(STATION_MS)

    def _offer(self):
        """For the meter's estimate: whether power may flow, how much, over how many phases."""
        core = self.core
        return core.phase == CLOSED, core.offered_ma, core.phases

    def _meter_age(self):
        age_ms = self.meter.age_ms(clock.ticks_ms())
        return None if age_ms is None else age_ms // 1000

    def _temperatures(self):
        found = dict([(place, None) for place in ("mcu", "relay", "interior", "supply_1", "supply_2")])
        found.update(self._sensed)
        return found

    def _new_cost(self):
        """The cost of a session that begins; None where no price is set."""
        get = self.settings.get
        if not get("tariff.price_1_per_kwh") and not get("tariff.price_2_per_kwh"):
            return None
        return Cost(Tariff(get("tariff.price_1_per_kwh"), get("tariff.price_2_per_kwh"), get("tariff.times")), self.zone)

    def note_error(self, where, error):
        self.errors[where] = "%s: %s" % (type(error).__name__, error)

    def _confirm_slot(self):
        """False when the flash refused."""
        try:
            self.online.update_desk.confirmed = slot_pointer.confirm(self.root)
        except OSError as error:
            self.note_error("slot_pointer", error)
            return False
        self.errors.pop("slot_pointer", None)
        return True

    def note_security(self, code, detail):
        self.records.events.add(self.records.stamp(), "security", code, None, detail)

    def _log_dimming(self, code, limit_ma, edge):
        self.records.events.add(self.records.stamp(), "grid", code, limit_ma, edge)

    def _factory_reset(self):
        """At the button: as `order_factory_reset`, the cards stay."""
        try:
            return self.order_factory_reset(False, "button")
        except OSError as error:
            self.note_error("factory_reset", error)
            return False

    def order_factory_reset(self, cards, source):
        """Order it for the restart that follows; False while a vehicle charges. cards: they go too. OSError: nothing was
        ordered."""
        if not self.contactor_open() or self.station.fact("session_state") in ("starting", "charging", "stopping"):
            return False
        from firmware import factory_reset
        self.records.flush()                    # what the totals of its life still miss
        factory_reset.order(self.root + "data/", cards, source)
        forget(("firmware.factory_reset",))
        self.request_restart("factory reset")
        return True

    def request_restart(self, reason="command"):
        """End everything in order, then restart; the reason (32 characters) is told after it."""
        if self._restarting is None:            # kept: CPython's loop holds tasks by weak references only
            self._restarting = asyncio.create_task(self._restart(reason))

    async def _restart(self, reason):
        """End the charge and its session in order, then restart; where that fails, restart all the same."""
        try:
            self.station.close_down()
            began_ms = clock.ticks_ms()
            await asyncio.sleep_ms(ANSWER_MS)
            while self.core.outputs.coil_1 and (clock.ticks_ms() - began_ms) & 0x3FFFFFFF < RESTART_MS:
                await asyncio.sleep_ms(STATION_MS)
            self.board.safe()
            self.station.end_session("restart")
            self.records.flush()
            await self.online.leave()
        except Exception as error:
            self.note_error("restart", error)
        self.board.safe()
        try:
            reset_marker.mark(reason)           # also then: it is wanted, and no crash
        finally:
            self.watchdog.reset_now()

    async def run(self):
        """Until the power goes, a restart is asked for, or somebody presses Ctrl-C."""
        try:
            await self.supervisor.run()
        finally:
            self.board.safe()


def run(root="/"):
    """Build the charger and run it. Ctrl-C ends it in order: pins safe, watchdog stretched, console."""
    global current
    settle()                                    # the import's leavings
    app = current = App(root)
    settle()
    try:
        asyncio.run(app.run())
    except KeyboardInterrupt:
        app.timer.stop()
        app.board.safe()
        app.records.flush()
        app.watchdog.stretch()
        raise
