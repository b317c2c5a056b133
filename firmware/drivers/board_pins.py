"""What the pins of the chips can do. Pure: every answer is None (legal) or a text that says why not and what is allowed.

Sources: data sheets of ESP32, ESP32-U4WDH and ESP32-S3 (GPIO matrix, strapping pins, pins of flash and PSRAM), the ESP32's errata
(GPIO36 and 39 have no edge interrupts while the converter or Wi-Fi runs), ports/esp32 of MicroPython.
"""

CHIPS = ("twin", "esp32", "esp32s3")
HIGHEST_GPIO = {"twin": 63, "esp32": 39, "esp32s3": 48}
NOT_THERE = {"twin": (), "esp32": (20, 24, 28, 29, 30, 31), "esp32s3": (22, 23, 24, 25)}
INPUT_ONLY = {"twin": (34, 35, 36, 37, 38, 39), "esp32": (34, 35, 36, 37, 38, 39), "esp32s3": ()}
ADC1 = {"twin": (32, 39), "esp32": (32, 39), "esp32s3": (1, 10)}      # from, to
NO_EDGES = {"twin": (), "esp32": (36, 39), "esp32s3": ()}
CONSOLE = {"twin": (), "esp32": (1, 3), "esp32s3": (43, 44)}
USB = {"twin": (), "esp32": (), "esp32s3": (19, 20)}
# pulled up or toggled by the chip between reset and the first line of boot.py: nothing that must rest may hang there
RESTLESS = {"twin": (), "esp32": (0, 5, 14, 15), "esp32s3": (0, 18)}
# read by the chip at reset; an output that rests low behind a transistor leaves them as they must be
STRAP_LOW = {"twin": (), "esp32": (2, 12), "esp32s3": (45, 46)}
STRAP_BOOT = 0                # of both chips: high starts the program, low waits for a download
# module: chip, GPIOs that its flash and PSRAM take, has it PSRAM
MODULES = {
    "wroom": ("esp32", (6, 7, 8, 9, 10, 11), False),
    "wrover": ("esp32", (6, 7, 8, 9, 10, 11, 16, 17), True),
    "mini": ("esp32", (6, 7, 8, 11, 16, 17), False),
    "s3-wroom": ("esp32s3", (26, 27, 28, 29, 30, 31, 32), False),
    "s3-wroom-quad": ("esp32s3", (26, 27, 28, 29, 30, 31, 32), True),
    "s3-wroom-octal": ("esp32s3", (26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37), True),
}
RMII = (19, 21, 22, 25, 26, 27)                    # data lines of the ESP32's Ethernet: they cannot be moved
RMII_CLOCK = (0, 16, 17)
DRIVEN = ("output", "resting", "pilot", "both", "rmii")    # uses that need the pin's output


def modules(chip):
    """Names of the modules with this chip."""
    return [name for name in sorted(MODULES) if MODULES[name][0] == chip]


def no_gpio(chip, module, gpio):
    """Why the board cannot have this GPIO at all."""
    if isinstance(gpio, bool) or not isinstance(gpio, int) or not 0 <= gpio <= HIGHEST_GPIO[chip]:
        return "must be a GPIO number from 0 to %d, or null" % HIGHEST_GPIO[chip]
    if gpio in NOT_THERE[chip]:
        return "the chip %s has no GPIO %d" % (chip, gpio)
    if chip != "twin" and gpio in MODULES[module][1]:
        return "GPIO %d belongs to the flash or the PSRAM of the module %s" % (gpio, module)
    if gpio in USB[chip]:
        return "GPIO %d is the native USB port, which MicroPython keeps on" % gpio
    if gpio in CONSOLE[chip]:
        return "GPIO %d is the console: a signal there types into it, or it into the signal" % gpio
    return None


def cannot(chip, gpio, use, inverted, pulled):
    """Why this GPIO cannot serve this use.

    inverted: the function is active low; pulled: the board has a resistor of its own at the pin.
    """
    first, last = ADC1[chip]
    if use == "analogue":
        if not first <= gpio <= last:
            return "GPIO %d is not on the first converter (the radio takes the second): allowed are %d to %d" % (gpio, first, last)
        return None
    if use in ("rmii", "clock"):
        if chip == "esp32s3":
            return "the chip esp32s3 has no RMII: Ethernet is a W5500 at the SPI"
        if use == "clock" and gpio not in RMII_CLOCK:
            return "GPIO %d cannot be Ethernet's clock: allowed are 0, 16 and 17" % gpio
    if use in DRIVEN and gpio in INPUT_ONLY[chip]:
        return "GPIO %d can only be an input" % gpio
    if use == "edges" and gpio in NO_EDGES[chip]:
        return "GPIO %d sees no edges while the converter runs: take another pin for interrupts and counted pulses" % gpio
    if use == "contact" and gpio in INPUT_ONLY[chip] and not pulled:
        return "GPIO %d has no pull-up inside: fit one and name the function in external_pull" % gpio
    if chip == "twin":
        return None
    return _strapping(chip, gpio, use, inverted)


def _strapping(chip, gpio, use, inverted):
    if gpio in RESTLESS[chip] and use in ("resting", "pilot"):
        return "GPIO %d is high or toggles while the chip starts: nothing that must rest then may hang there" % gpio
    if gpio == STRAP_BOOT and use not in ("contact", "clock"):
        return "GPIO 0 is read at reset and must be high then: allowed are a button or contact to ground, and Ethernet's clock"
    if gpio == STRAP_BOOT and not inverted and use == "contact":
        return "GPIO 0 is read at reset and must be high then: a button there is active low"
    if gpio in STRAP_LOW[chip] and (use not in ("output", "resting") or inverted):
        return "GPIO %d is read at reset and must be low then: allowed is an output that rests low, without a pull-up" % gpio
    return None
