"""Why a command or a card is refused, in words for people who read the API's answers or a log; the page has its own translations.

One row for each code of commands.py and of facts.REFUSALS; a test wants them all.
"""

WORDS = (
    ("not_allowed", "this source may not do that; the owner must allow it (settings sources.*), and a limit is its setter's"),
    ("demo", "this charger is in a showroom: it only plays"),
    ("too_many", "there are too many limits already; clear one first"),
    ("unknown_ceiling", "there is no limit of that name"),
    ("inoperative", "the charger is out of service; command availability puts it back"),
    ("occupied", "somebody else's vehicle is plugged in, or is about to be"),
    ("reserved", "the charger is reserved for another card"),
    ("not_reserved", "there is no such reservation"),
    ("not_authorized", "charging has not been allowed yet: authorize first"),
    ("fault", "a fault must be cleared first"),
    ("no_lock", "this charger has no plug lock"),
    ("nothing_to_clear", "there is no fault to clear"),
    ("not_clearable", "this fault cannot be cleared by a command; its advice says what ends it"),
    ("no_phase_switching", "this charger cannot switch phases"),
    ("unknown_account", "there is no such account"),
    ("clock_known", "the clock is set already; only who is logged in here or the central system may correct it"),
    ("bad_plan", "the plan's steps must come in order and within valid_s"),
    ("vehicle_plugged", "a vehicle is plugged in; unplug it first"),
    ("no_reader", "this charger has no card reader"),
    ("central_list", "the card list comes from the central system and is not taught here"),
    ("card_unknown", "the card is not known here"),
    ("card_not_the_booker", "the charger is reserved for another card"),
    ("card_not_the_current_user", "somebody else has begun this charge"),
    ("vehicle_not_detected", "no plug or vehicle was found"),
    ("plug_locked", "the plug is locked and should not be"),
    ("plug_not_locked", "the plug is not locked"),
    ("unplugged_in_charge", "it was unplugged while charging"),
    ("vehicle_still_detected", "the plug or vehicle is still there"),
    ("card_admin", "an admin card ends charges; it cannot begin one"),
    ("card_blocked", "the card is blocked"),
    ("card_busy", "another card is being checked; try again"),
    ("card_clock_unknown", "the card has an expiry date, and the clock is not set"),
    ("card_concurrent", "the card is charging elsewhere"),
    ("card_expired", "the card has expired"),
    ("card_list_unreadable", "the card list cannot be read"),
    ("card_no_answer", "nobody answered whether the card may charge"),
    ("card_offline", "the system that knows the card cannot be reached"),
    ("card_other_station", "the card is for other charging stations"),
    ("card_refused", "the card was refused"),
    ("authorization_lapsed", "the authorisation was not used within a minute"),
)


def words_of(code):
    """The sentence for a code; the code itself where it has none."""
    for row in WORDS:
        if row[0] == code:
            return row[1]
    return code
