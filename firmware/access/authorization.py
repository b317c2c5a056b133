"""Who may charge: the decision alone, without state, clock or input. (verdict, reason); the reason is a code for page and log."""

from micropython import const

from firmware.access.card import ADMIN

ACCEPT = const(1)
REJECT = const(2)
ASK = const(3)       # the central or external system decides; its silence is a refusal

MODES = ("off", "local", "all", "remote", "external")
ORDERS = ("first_local", "first_online", "only_local")
OFFLINE = ("local_unknown_authorization", "local_authorization", "no_authorization", "no_charging", "free_charging")


class Rules:
    """How this charger is set. mode: one of MODES; order, offline: with a central system; station: serial number or name, as cards
    may be bound to it; central: there is a central system that must know of every session, also where nobody needs a card."""

    def __init__(self, mode="off", order="first_local", offline="local_authorization", station="", central=False):
        self.mode = mode
        self.central = central
        self.free_offline = False      # nobody needs a card while the central system is away; set by who sets the rules
        self.order = order
        self.offline = offline
        self.station = station


class Situation:
    """What is known now. card: of the local list, or None; cached: True/False as the central system said last, None: never;
    reserved_for: the UID (hex) of who booked, or ""; utc_s: 0 while the clock is not set."""

    def __init__(self, card=None, cached=None, online=False, reserved_for="", utc_s=0):
        self.card = card
        self.cached = cached
        self.online = online
        self.reserved_for = reserved_for
        self.utc_s = utc_s


def decide(rules, uid, now):
    """(ACCEPT, REJECT or ASK, reason) for a card with the UID (hex)."""
    if now.reserved_for and now.reserved_for != uid:
        return REJECT, "not_the_booker"
    if rules.mode == "off":
        if not rules.central:
            return ACCEPT, "free"
        return (ASK, "central") if now.online else _offline(rules, now)     # the default id, or who reserved
    if rules.mode == "local":
        return _by_list(rules, now)
    if rules.mode == "all":
        refusal = _refusal(rules, now)
        return (ACCEPT, "all") if refusal is None else (REJECT, refusal)
    if rules.mode == "external":
        return (ASK, "external") if now.online else (REJECT, "offline")
    if rules.order == "only_local":
        return _by_list(rules, now)
    if now.online:
        if rules.order == "first_local" and now.card is not None and _refusal(rules, now) is None:
            return ACCEPT, "local"
        return ASK, "central"
    return _offline(rules, now)


def _by_list(rules, now):
    if now.card is None:
        return REJECT, "unknown_card"
    refusal = _refusal(rules, now)
    return (ACCEPT, "local") if refusal is None else (REJECT, refusal)


def _refusal(rules, now):
    """Why a card of the list may not charge; None: it may, or it is not in the list."""
    card = now.card
    if card is None:
        return None
    if card.kind == ADMIN and not card.master and not card.blocked:
        return "admin_card"          # ends other people's sessions, has none of its own
    return why_invalid(rules, card, now.utc_s)


def why_invalid(rules, card, utc_s):
    """Why a card of the list is worth nothing here and now, whatever it is held to the reader for; None: it is valid."""
    if card.blocked:
        return "blocked"
    if card.expires_utc:
        if not utc_s:
            return "clock_unknown"   # it may have expired: nobody gets in because the clock was lost
        if utc_s >= card.expires_utc:
            return "expired"
    if not card.is_for(rules.station):
        return "other_station"
    return None


def _offline(rules, now):
    """The central system cannot be reached."""
    if rules.offline == "free_charging":
        return ACCEPT, "free"
    if rules.offline == "no_charging":
        return REJECT, "offline"
    if rules.offline == "no_authorization":
        return ACCEPT, "verify_later"
    refusal = _refusal(rules, now) if rules.order == "first_local" else None
    if refusal is not None:
        return REJECT, refusal
    if now.cached is False:
        return REJECT, "blocked"
    if now.cached or rules.order == "first_local" and now.card is not None:
        return ACCEPT, "cached" if now.cached else "local"
    if rules.offline == "local_unknown_authorization":
        return ACCEPT, "verify_later"
    return REJECT, "offline"
