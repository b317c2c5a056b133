"""From measured points to a board's facts, and how well they hold. Pure arithmetic; errors say what to look for on the board."""

ALLOWED_MV = 300            # a calibrated circuit's error at the terminal; its smallest margin is 570 mV (docs/hardware.md)
MOST_POINTS = 8             # that the board's facts take
LOWEST_MV = 200             # below 150 an ESP32's converter may say anything; an S3's is better, and nobody relies on it
STRAIGHT_MV = {"esp32": 2400, "esp32s3": 2850}     # up to here the converter is straight; above, a point only stands for itself


class BadPoint(ValueError):
    """A measurement that cannot be: the text names the step and what to look at."""


def check_step(step, adc_mv, terminal_mv, board):
    """Refuse a reading that no working board gives. board: its block "cp"."""
    name, _, level, _ = step
    if level and not -300 <= terminal_mv <= 13000 or not level and not -13000 <= terminal_mv <= -10000:
        raise BadPoint("%s: %.2f V at the terminal cannot be; is the meter's minus at earth, and the pilot's driver supplied?"
                       % (name, terminal_mv / 1000))
    expected_mv = terminal_mv * board["a_ppm"] / 1e6 + board["b_uv"] / 1000
    if abs(max(0, min(3300, expected_mv)) - adc_mv) > 500:
        raise BadPoint("%s: the pin shows %d mV where the circuit of the board's facts gives %d; is it the right board, and the "
                       "divider fitted?" % (name, adc_mv, expected_mv))


def points_from(readings):
    """[[adc_mv, terminal_mv]] for the facts of [(step, adc_mv, terminal_mv)]: rising, without what the converter cannot tell."""
    points = sorted([adc_mv, terminal_mv] for _, adc_mv, terminal_mv in readings if adc_mv >= LOWEST_MV)
    for before, after in zip(points, points[1:], strict=False):
        if after[0] - before[0] < 20 or after[1] <= before[1]:
            raise BadPoint("%d mV at the pin for %.2f V, and %d mV for %.2f V: they must rise together; was a load left connected?"
                           % (before[0], before[1] / 1000, after[0], after[1] / 1000))
    if len(points) < 2:
        raise BadPoint("fewer than two readings can be used")
    return points[:MOST_POINTS]


def terminal_mv(points, adc_mv):
    """What a board with these points takes a reading for: straight between them and beyond."""
    place = 0
    while place < len(points) - 2 and adc_mv > points[place + 1][0]:
        place += 1
    (adc_0, cp_0), (adc_1, cp_1) = points[place], points[place + 1]
    return cp_0 + (adc_mv - adc_0) * (cp_1 - cp_0) / (adc_1 - adc_0)


def cross_check(points, chip):
    """[(terminal_mv, error_mv)]: each point but the first and last of the converter's straight part, as the others tell it. A bent
    circuit or a wrong reading shows."""
    points = [point for point in points if point[0] <= STRAIGHT_MV.get(chip, STRAIGHT_MV["esp32"])]
    return [(point[1], round(terminal_mv(points[:at] + points[at + 1:], point[0]) - point[1]))
            for at, point in enumerate(points) if 0 < at < len(points) - 1]


def proximity(readings, facts):
    """{"pull_up_ohm"} that fits the readings [(rating, ohm or None, adc_mv)] best, and [(rating, ohm as read with it)].

    BadPoint where a coding would be taken for another one.
    """
    reference_mv = facts["reference_mv"]
    share = facts["divider_ppm"] / 1e6
    pulls = [ohm * (reference_mv * share - adc_mv) / adc_mv for _, ohm, adc_mv in readings if ohm is not None and adc_mv > 0]
    if not pulls:
        raise BadPoint("the proximity pin shows 0 mV always: is its pull-up fitted?")
    pull_up_ohm = round(sum(pulls) / len(pulls))
    found = []
    for rating, ohm, adc_mv in readings:
        pp_mv = adc_mv / share
        if ohm is None:
            if pp_mv < reference_mv * 0.7:
                raise BadPoint("open: the proximity pin shows %d mV; something still hangs on the terminal" % adc_mv)
            continue
        read_ohm = pull_up_ohm * pp_mv / (reference_mv - pp_mv) if pp_mv < reference_mv else float("inf")
        if not 0.75 * ohm <= read_ohm <= 1.25 * ohm:
            raise BadPoint("%d A: %d Ω are read as %.0f Ω; are the resistors in order, is the clamp at the pin right?" % (
                rating, ohm, read_ohm))
        found.append((rating, ohm, round(read_ohm)))
    return {"pull_up_ohm": pull_up_ohm}, found
