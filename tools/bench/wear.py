"""Years until the most used block of the flash has seen the erases its maker promises, at four sessions a day."""
from tools.bench.row import at_least, not_measured
from tools.setup.vm import VmMissing

DAYS = 10          # simulated; the sweep of `make proof` takes 60
LIVES = ((90, "4 sessions of 90 minutes a day"), (360, "4 sessions of 6 hours: it always charges"))


def rows():
    from host_tests.vm_powercut.wear import PROMISED_YEARS, live
    found = []
    for minutes, words in LIVES:
        try:
            life = live(DAYS, minutes)
        except (VmMissing, RuntimeError) as error:
            return [not_measured("flash wear", str(error), "≥ %d" % PROMISED_YEARS)]
        found.append(at_least("flash wear, " + words.split(":")[0], life["years"], "years", PROMISED_YEARS,
                              "2 MB LittleFS, %d erases a day, worst block %d in %d days" % (
                                  life["erases"] // DAYS, life["worst"], DAYS)))
    return found
