"""Every fact the charger tells the world: the one table.

Status JSON, MQTT, Home Assistant, OpenAPI and the documents are made from it. A name is a promise: rows are added, never
renamed. Texts for people live in the page's translations; values here are numbers, codes and keys.
"""

# (name, unit, type, what null means, what it says). Types: int, bool, str, choice (values listed), list, object.
FACTS = (
    ("overview_state", "", "choice", "", "the whole charger in one word, see OVERVIEW_STATES"),
    ("cp_state", "", "choice", "no reading yet", "control pilot state of IEC 61851-1: A B C D E F"),
    ("ev_state", "", "choice", "", "the same in nine values with the pilot's form, see EV_STATES"),
    ("session_state", "", "choice", "", "where this plug-in stands, see SESSION_STATES"),
    ("contactor", "", "choice", "", "open, closed, or unknown where the feedback disagrees"),
    ("offered_ma", "mA", "int", "", "what the pilot's duty says now; 0 = nothing offered"),
    ("limit_ma", "mA", "int", "", "what may be offered: the lowest of all ceilings"),
    ("limited_by", "", "str", "", "name of the ceiling that sets limit_ma"),
    ("derated_by", "", "choice", "no derating", "sensor that limits: mcu, relay, interior, supply_1, supply_2"),
    ("retry_in_s", "s", "int", "no retry to come", "until a recoverable fault is cleared by itself"),
    ("reclose_in_s", "s", "int", "no vehicle", "until the contactor may close again; 0 = now"),
    ("station_name", "", "str", "no name given", "what the owner calls this charger"),
    ("limit_reason", "", "object", "", "why limit_ma is no higher: code of LIMIT_REASONS, and its parameters"),
    ("why_not_charging", "", "object", "power flows", "why no power flows now: code of WHY, and its parameters"),
    ("ceilings", "", "list", "",
     "all ceilings: source, limit_ma, failsafe (in force), failsafe_ma, expires_in_s, by (null: the charger itself), reason"),
    ("drawn_ma", "mA", "int", "no reading and nothing to estimate from", "highest phase current of the vehicle"),
    ("drawn_phases_ma", "mA", "list", "no reading", "current of L1, L2, L3"),
    ("voltage_v", "V", "int", "no reading", "mean voltage of the phases that have one"),
    ("voltage_phases_v", "V", "list", "no reading", "voltage of L1, L2, L3 to N"),
    ("power_w", "W", "int", "no reading", "power of all phases"),
    ("energy_wh", "Wh", "int", "no reading yet", "energy meter's register; without a meter what was reckoned since this start"),
    ("meter_source", "", "choice", "neither meter nor estimate", "meter, or estimate where the values are reckoned"),
    ("power_phases_w", "W", "list", "no reading", "power of L1, L2, L3; negative = fed back"),
    ("energy_phases_wh", "Wh", "list", "no reading", "the meter's registers of L1, L2, L3, where it has them"),
    ("meter_age_s", "s", "int", "no meter, or it never answered", "age of the meter's newest reading"),
    ("meter_model", "", "object", "no meter", "type, models it is for, evidence for its registers: source, manual, unverified"),
    ("meter_bus", "", "object", "no meter", "counters of the line and the polls, and the latest failure"),
    ("life_energy_wh", "Wh", "int", "a session cut by a power failure waits for the meter", "charged since the charger was new"),
    ("life_charging_s", "s", "int", "as life_energy_wh", "time with the contactor closed since the charger was new"),
    ("phases", "", "int", "", "phases offered to the vehicle: 1 or 3"),
    ("phases_used", "", "int", "not known", "phases that the vehicle draws from"),
    ("session", "", "object", "no vehicle", "number, start, duration_s, charging_s, energy_wh, end_reason, account, cost_cents"),
    ("faults", "", "list", "", "active faults: code, name, since, advice, severity, kind (active, passive), light, status bit"),
    ("temperatures", "°C", "object", "not fitted or no reading", "mcu, relay, interior, supply_1, supply_2"),
    ("temperature_sensors", "", "list", "no bus for them", "sensors on the one-wire bus: id, place, celsius"),
    ("lateness_ms", "ms", "object", "", "how late the control tick ran: p50, p99, max"),
    ("uptime_s", "s", "int", "", "since this start"),
    ("boot_number", "", "int", "", "how often it has started"),
    ("reset_cause", "", "str", "", "why it started last"),
    ("reset_detail", "", "str", "nothing more is known", "who wanted it, what crashed, or which task stood still"),
    ("utc", "", "str", "clock not set", "RFC 3339"),
    ("version", "", "str", "", "of the firmware"),
    ("serial", "", "str", "not provisioned", "serial number"),
    ("board", "", "object", "", "name, what the board lacks, socket: it has an outlet, failing: drivers that raised"),
    ("earth_monitoring", "", "bool", "", "loss of protective earth stops a charge; not where the board or the settings do without"),
    ("coil_watchdog", "", "choice", "", "the contactor's own watchdog, see COIL_WATCHDOG"),
    ("supply_present", "", "list", "not looked at", "mains at L1, L2, L3 by the board's own inputs: 1 there, 0 not"),
    ("availability", "", "choice", "", "operative or inoperative"),
    ("authorized", "", "bool", "", "this plug-in may charge"),
    ("mode", "", "choice", "", "immediate or smart"),
    ("smart_state", "", "choice", "", "off, waiting for a plan, plan, schedule, or fallback where none came"),
    ("service_mode", "", "choice", "", "normal, commissioning, or demo (a showroom: no power, ever)"),
    ("standby", "", "choice", "no lights", "awake, dim, off or sleep: how much the lights show"),
    ("step", "", "choice", "", "step of the procedure: authorisation, plug, charge, unplug"),
    ("flags", "", "list", "", "what stands over the charge: name, source (who ordered it)"),
    ("reservation", "", "object", "not reserved", "for whom it is reserved: id, number, until, left_s, by"),
    ("last_refusal", "", "object", "none since the last yes", "who was refused last: code, source, since, since_uptime_s"),
    ("account", "", "str", "none chosen", "account that sessions are booked to"),
    ("mqtt", "", "object", "", "state: off, connecting, connected, waiting; reason why not; messages queued and dropped"),
    ("accounts", "", "list", "only for who has logged in", "accounts that a session may be booked to"),
    ("tasks", "", "list", "", "every task: name, critical, restarts, last_error"),
    ("network", "", "object", "",
     "how it is reached: mode of NETWORK_MODES, ssid, ip, rssi_dbm, reason, host; hotspot: open, ssid, clients"),
    ("clock", "", "object", "",
     "source: unknown, battery, ntp, browser, or who else set it; set_s: how long ago; server; error: why NTP fails"),
    ("update", "", "object", "",
     "state (off, idle, checking, available, downloading, ready, restarting), version, date and notes of what there is, "
     "progress_percent, reason and detail of what stopped it, trial: the running version has not proved itself yet"),
    ("publication", "", "object", "",
     "records sent by themselves: state (off, idle, waiting, sending), result and detail (only for who has logged in) of the "
     "newest try, attempts since start, tries that failed, sent: number of the newest session sent"),
    ("fault_mail", "", "object", "",
     "mails about faults: state (off, idle, waiting), result and detail (only for who has logged in) of the newest try, attempts "
     "since start, waiting: lines"),
    ("restart_needed", "", "list", "", "keys of settings that were changed and act only after a restart"),
    ("general", "", "object", "", "how to show things: country, currency, language, units; setup_done: the assistant is through"),
)

OVERVIEW_STATES = ("Idle", "ReadyForCharging", "Charging", "Suspended", "RecoverFromError", "TokenProgrammingMode",
                   "UnrecoverableError", "ServiceMode", "Degraded")
EV_STATES = ("Not_Initialized", "A_Not_Present_12V", "B_Present_9V", "B_Present_Asked_9V_M12V", "C_Ready_6V",
             "C_Ready_6V_M12V", "D_Ready_VR_3V", "D_Ready_VR_3V_M12V", "E_ShortCut", "F_NotAvailable")
SESSION_STATES = ("none", "waiting_authorization", "waiting_current", "waiting_ev", "starting", "charging", "stopping",
                  "stopped", "fault")
STEPS = ("authorisation", "plug", "charge", "unplug")
SERVICE_MODES = ("normal", "commissioning", "demo")
# refusals that are no command's: what readers and plugs come to
REFUSALS = ("card_unknown", "card_not_the_booker", "card_not_the_current_user", "vehicle_not_detected", "plug_locked",
            "plug_not_locked", "unplugged_in_charge", "vehicle_still_detected",
            # a card that the list, the rules or the system that was asked do not let charge
            "card_admin", "card_blocked", "card_busy", "card_clock_unknown", "card_concurrent", "card_expired",
            "card_list_unreadable", "card_no_answer", "card_offline", "card_other_station", "card_refused", "authorization_lapsed")
NETWORK_MODES = ("off", "hotspot", "connecting", "wifi", "ethernet", "lost")
COIL_WATCHDOG = ("not_fitted", "untested", "running", "passed", "failed")   # untested: the board cannot see what it does
CONTACTOR_STATES = ("open", "closed", "unknown")

NAMES = tuple([row[0] for row in FACTS])


class UnknownFact(Exception):
    """A name that is not in FACTS."""


def check_name(name):
    """Return name when it is in FACTS, else raise UnknownFact."""
    if name not in NAMES:
        raise UnknownFact(name)
    return name
