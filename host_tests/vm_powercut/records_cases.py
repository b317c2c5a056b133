"""Sessions, start numbers and curves, cut. See cases.py."""

from firmware.records import curve_log
from firmware.records.life_totals import LifeTotals
from firmware.records.session_log import SessionLog
from firmware.records.stamp import Stamper
from host_tests.vm_powercut.ground import FOLDER, expect


class BootNumber:
    """The boot counter: no number twice."""

    def prepare(self):
        Stamper(FOLDER).start()

    def operate(self, acknowledge):
        for _ in range(5):
            acknowledge(Stamper(FOLDER).start())

    def check(self, done):
        expect(Stamper(FOLDER).start() > (done or 1), "a boot number twice")


class Charger:
    """What the firmware does at boot with its records."""

    def __init__(self, meter_wh=None):
        self.life = LifeTotals(FOLDER)
        self.life.load()
        self.sessions = SessionLog(FOLDER, kept=4, segment_bytes=600)
        self.sessions.start(self.life.last_session)
        self.stamper = Stamper(FOLDER)
        self.stamper.start()
        self.finished = self.sessions.close_unfinished(meter_wh)
        self.life.catch_up(self.sessions)
        self.life.flush()

    def charge(self, energy_wh, meter_wh, acknowledge=None):
        """A session with three minutes' progress; energy_wh per minute."""
        register_wh = meter_wh
        number = self.sessions.begin(self.stamper.at(100), meter_wh, "04A1B2C3", 3)
        done = 1
        if acknowledge:
            acknowledge(done)
        for minute in (1, 2, 3):
            self.sessions.progress(self.stamper.at(100 + 60 * minute), energy_wh * minute, 60 * minute)
            done += 1
            if acknowledge:
                acknowledge(done)
        if meter_wh is not None:
            register_wh = meter_wh + 3 * energy_wh + 7
        row = self.sessions.end(self.stamper.at(290), 3 * energy_wh + 7, 190, "ev_gone", register_wh)
        if acknowledge:
            acknowledge(5)
        self.life.add_session(row)
        self.life.flush()
        if acknowledge:
            acknowledge(6)
        return number


class Session:
    """A whole session without a meter: begin, three minutes, end, life totals. At most a minute of energy is lost."""

    METER_WH = None
    BEFORE = 6

    def prepare(self):
        charger = Charger()
        for number in range(1, self.BEFORE + 1):
            expect(charger.charge(10 * number, None) == number, "numbering")

    def operate(self, acknowledge):
        Charger().charge(500, self.METER_WH, acknowledge)

    def register_wh(self, done):
        """What the meter says at the next boot: the energy of the minutes that passed, and 400 Wh of the last."""
        return None

    def check_energy(self, row, done):
        minutes = max(0, min(done, 4) - 1)
        expect(row["estimated"], "an estimate that is not marked")
        expect(500 * minutes <= row["energy_wh"] <= 500 * (minutes + 1), "%d Wh after minute %d" % (
            row["energy_wh"], minutes))

    def check(self, done):
        done = done or 0
        charger = Charger(self.register_wh(done))
        rows = charger.sessions.page(0, 99, {})
        numbers = [row["number"] for row in rows]
        ours = self.BEFORE + 1
        expect(numbers == list(range(numbers[0], numbers[-1] - 1, -1)), "sessions %s" % numbers)
        expect(len(numbers) >= 4, "only sessions %s are left" % numbers)
        expect(numbers[0] == ours or (numbers[0] == ours - 1 and done == 0), "sessions %s after step %d" % (numbers, done))
        for row in rows:
            if row["number"] < ours:
                expect(row["energy_wh"] == 30 * row["number"] + 7 and row["end_reason"] == "ev_gone", "earlier %s" % row)
            else:
                expect(row["uid"] == "04A1B2C3" and row["phases"] == 3 and row["start"][:2] == (2, 100), "start of %s" % row)
                if row["end_reason"] == "ev_gone":
                    expect(done >= 4 and row["energy_wh"] == 1507, "finished %s" % row)
                else:
                    expect(row["end_reason"] == "power_cut" and done <= 4, "cut %s" % row)
                    self.check_energy(row, done)
        life = charger.life
        earlier_wh = sum([30 * number + 7 for number in range(1, ours)])
        ours_wh = sum([row["energy_wh"] for row in rows if row["number"] == ours])
        expect(life.energy_wh == earlier_wh + ours_wh, "life has %d Wh, sessions %d" % (life.energy_wh, earlier_wh + ours_wh))
        expect(life.sessions == numbers[0], "life has %d sessions of %d" % (life.sessions, numbers[0]))
        expect(charger.stamper.boot >= 2, "boot number %d" % charger.stamper.boot)
        expect(charger.charge(1, None) == numbers[0] + 1, "the next session's number")
        again = Charger()
        expect(again.finished is None and again.sessions.last_number() == numbers[0] + 1, "the next session is not there")


class SessionWithMeter(Session):
    """The same with a meter: nothing is lost, energy is register - start."""

    METER_WH = 100000

    def register_wh(self, done):
        return self.METER_WH + (500 * (max(done, 1) - 1) + 400 if 1 <= done <= 4 else 1507 if done > 4 else 0)

    def check_energy(self, row, done):
        if done >= 1:
            expect(row["energy_wh"] == self.register_wh(done) - self.METER_WH and not row["estimated"], "energy of %s" % row)
        else:
            expect(row["energy_wh"] == 0, "energy of %s" % row)


class Recovery:
    """A cut in a session, and another cut while the next boot finishes its record: it is counted exactly once."""

    def prepare(self):
        charger = Charger()
        for number in range(1, 7):
            charger.charge(10 * number, None)
        charger.sessions.begin(charger.stamper.at(300), None, "04A1B2C3")
        charger.sessions.progress(charger.stamper.at(360), 250, 60)

    def operate(self, acknowledge):
        Charger()
        acknowledge(1)

    def check(self, done):
        charger = Charger()
        rows = charger.sessions.page(0, 3, {})
        expect([row["number"] for row in rows] == [7, 6, 5], "sessions %s" % [row["number"] for row in rows])
        expect(rows[0]["energy_wh"] == 250 and rows[0]["end_reason"] == "power_cut", "finished as %s" % rows[0])
        expect(charger.life.sessions == 7, "life has %d sessions" % charger.life.sessions)
        expect(charger.life.energy_wh == sum([30 * number + 7 for number in range(1, 7)]) + 250, "life has %d Wh" % (
            charger.life.energy_wh))
        expect(charger.stamper.boot >= 2 + (done or 0), "boot number %d" % charger.stamper.boot)


class Curves:
    """Curves of sessions that ended, while the log with few points begins a segment and the other drops its oldest: no earlier one
    is lost, and the newest is there or not."""

    BEFORE = 233
    LAST = 241

    def points(self, number):
        return [(number * 40 + at * 7) % 11000 for at in range(240)]

    def prepare(self):
        for number in range(1, self.BEFORE):
            curve_log.append(FOLDER, number, number, 2, self.points(number))

    def operate(self, acknowledge):
        for number in range(self.BEFORE, self.LAST + 1):
            curve_log.append(FOLDER, number, number, 2, self.points(number))
            acknowledge(number)

    def expect_curve(self, number, points=240):
        found = ([None] + list(curve_log.find(FOLDER, number)))[-1]
        expect(found is not None, "the curve of session %d is lost" % number)
        number_there, from_s, step_s, watts = found
        expect((number_there, from_s) == (number, number), "it holds another: %d, %d s" % (number_there, from_s))
        expect(len(watts) in (240, 40) and len(watts) >= points, "%d points" % len(watts))
        expect(step_s * len(watts) == 480, "%d points of %d s" % (len(watts), step_s))
        if len(watts) == 240:
            wrong = [at for at, watt in enumerate(self.points(number)) if abs(watt - watts[at]) > 25]
            expect(not wrong, "points %s of %d are wrong" % (wrong[:5], number))

    def check(self, done):
        done = done or self.BEFORE - 1
        for number in (1, 40, 61):
            self.expect_curve(number, 40)
        for number in (64, 200) + tuple(range(done - 3, done + 1)):
            self.expect_curve(number)
        expect(not any(curve_log.find(FOLDER, done + 2)), "a curve that nobody wrote")
        curve_log.append(FOLDER, self.LAST + 1, self.LAST + 1, 2, self.points(self.LAST + 1))
        self.expect_curve(self.LAST + 1)
        self.expect_curve(done)
