"""Mode3's first file: safe pins, reset cause, slot or safe mode, application. docs/boot.md shows the order.

Trusted and never updated: it takes nothing from a slot before that slot is chosen and catches whatever an
application raises. Other BaseExceptions pass: on a device neither a reset nor a power cut returns to Python,
so nothing here may answer one.
"""
import sys

sys.path[:] = [p for p in sys.path if p != ""]  # else a stray /json.py would stand in for the real one

import binascii  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import struct  # noqa: E402
import time  # noqa: E402

import machine  # noqa: E402
import micropython  # noqa: E402

TRIES = 3  # starts that a slot gets until the application confirms it
FAILURES = 8  # crashes, watchdog bites and brown-outs in a row without a good start
CONSOLE_MS = 86_400_000  # a console left open gives the charger back after a day
LOG_ENTRIES = 16
BUTTON_MS = 2000
OFF = ("contactor_1", "contactor_2", "coil_watchdog", "cp_pwm", "cp_disconnect", "rcd_test",
       "lock_1", "lock_2", "buzzer")  # in this order
RTC = "<4sBBBBBBH32s"  # magic, version, marker, start, failures, slot, 0, restarts, reason; a CRC-32 follows
NONE, RESTART, CRASH, SAFE = 0, 1, 2, 3  # markers: what the running code leaves for the next start
UNKNOWN, POWER_ON, RESTARTED, CRASHED, WATCHDOG, BROWN_OUT, SOFT = range(7)  # how this start came about


class SafeMode(Exception):
    """The application shall not be started; the text says why."""


def text_of(e):
    return ("%s: %s" % (type(e).__name__, e))[:80]


def board_pins(root):
    """board.json: [(function, gpio, level)] in the order to write, service button (gpio, pressed level)."""
    with open(root + "board.json") as f:
        text = f.read()
    if text.count("{") != text.count("}"):  # MicroPython takes a text that lacks its last brackets
        raise ValueError("brackets do not match")
    board = json.loads(text)
    pins, low, invert = board["pins"], board["active_low"], board["cp"]["pwm_invert"]
    used = [n for n in pins.values() if n is not None]
    for n in used:
        if type(n) is not int or n < 0 or used.count(n) > 1:
            raise ValueError("GPIO %r is no number or is given twice" % (n,))
    if board["format"] != 1 or type(low) is not list or type(invert) is not bool:
        raise ValueError("format, active_low or cp.pwm_invert")
    if pins["contactor_1"] is None or pins["cp_pwm"] is None:
        raise ValueError("contactor_1 and cp_pwm are needed")
    # high is +12 V behind the usual driver; the coil watchdog's pump wants a still, low pin
    level = {"cp_pwm": 0 if invert else 1, "coil_watchdog": 0}
    out = [(f, pins[f], level.get(f, 1 if f in low else 0)) for f in OFF if pins.get(f) is not None]
    button = pins.get("button_service")
    return out, None if button is None else (button, 0 if "button_service" in low else 1)


def pins_safe(pins):
    """Coils off, pilot at steady +12 V, the rest off. Goes on past a bad pin and returns what was wrong."""
    bad = ""
    micropython.kbd_intr(-1)  # Ctrl-C would cut the row short
    for name, gpio, level in pins:
        try:
            machine.Pin(gpio, machine.Pin.OUT, value=level)
        except Exception as e:
            bad = bad or "pin %s: %s" % (name, text_of(e))
    micropython.kbd_intr(3)
    return bad


def held(gpio, pressed):
    pin = machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_DOWN if pressed else machine.Pin.PULL_UP)
    for _ in range(BUTTON_MS // 10):
        if pin.value() != pressed:
            return False
        time.sleep_ms(10)
    return pin.value() == pressed


def rtc_read():
    """(marker, start, failures, slot, restarts, reason), None when there is no whole block of ours."""
    data = machine.RTC().memory()[:48]
    if len(data) < 48 or struct.unpack("<I", data[44:])[0] != binascii.crc32(data[:44]) & 0xFFFFFFFF:
        return None
    fields = struct.unpack(RTC, data[:44])
    return fields[2:6] + fields[7:] if fields[:2] == (b"M3RM", 1) else None


def rtc_write(marker, start, failures, slot, restarts, reason):
    failures, restarts = min(failures, 255), min(restarts, 65535)
    body = struct.pack(RTC, b"M3RM", 1, marker, start, failures, slot, 0, restarts, reason)
    rtc = machine.RTC()
    rtc.memory(body + struct.pack("<I", binascii.crc32(body) & 0xFFFFFFFF) + rtc.memory()[48:])


def start_kind(cause, block):
    """How this start came about. Loss of supply loses the block: power-on with it was a dip or the EN pin."""
    marker = NONE if block is None else block[0]
    if cause == machine.PWRON_RESET:
        return POWER_ON if block is None else BROWN_OUT
    if marker == CRASH:
        return CRASHED
    if cause == machine.WDT_RESET:
        return WATCHDOG
    if marker != NONE:
        return RESTARTED
    if cause == machine.HARD_RESET:  # a panic, or machine.reset() without a marker
        return UNKNOWN if block is None else CRASHED
    return SOFT if cause == machine.SOFT_RESET else UNKNOWN


def exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def replace(path, text):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def log(root, kind, slot, reason):
    """Adds to the bounded boot_log.json; numbers go on, so that the application can take each entry once."""
    print("boot: %s%s: %s" % (kind, " of slot " + slot if slot else "", reason))
    try:
        with open(root + "boot_log.json") as f:
            entries = json.load(f)["entries"][1 - LOG_ENTRIES:]
        number = entries[-1]["number"] + 1
    except Exception:  # none yet, or damaged: begin anew
        entries, number = [], 1
    entries.append({"number": number, "kind": kind, "slot": slot or None, "reason": reason})
    try:
        replace(root + "boot_log.json", json.dumps({"format": 1, "entries": entries}))
    except OSError as e:
        print("boot: log not written:", text_of(e))


def pointer_text(active, previous, confirmed, tries):
    body = '{"format":1,"active":"%s","previous":%s,"confirmed":%s,"tries":%d' % (
        active, '"%s"' % previous if previous else "null", "true" if confirmed else "false", tries)
    return '%s,"crc":"%08x"}' % (body, binascii.crc32(body.encode()) & 0xFFFFFFFF)


def pointer_read(root):
    """(active, previous, confirmed, tries); None when missing, damaged or not exactly as we write it."""
    try:
        with open(root + "slot.json") as f:
            text = f.read(200)
        p = json.loads(text)
        p = (p["active"], p["previous"], p["confirmed"], p["tries"])
        good = p[:2] in (("a", "b"), ("b", "a"), ("a", None), ("b", None)) and pointer_text(*p) == text
        return p if good else None
    except Exception:
        return None


def choose(root, kind, failures, last):
    """(slot or "" when there are none, failures); the try is counted on flash before the application runs."""
    whole = [s for s in ("a", "b") if not exists(root + s + "/incomplete")
             and (exists(root + s + "/firmware/app.mpy") or exists(root + s + "/firmware/app.py"))]
    if not whole:
        if exists(root + "slot.json") or exists(root + "a") or exists(root + "b"):
            raise SafeMode("no whole slot")
        if failures >= FAILURES:
            raise SafeMode("%d failed starts in a row" % failures)
        return "", failures
    found = pointer_read(root)
    if found is None:
        active = last if last in whole else whole[0]
        log(root, "pointer", active, "missing or damaged, starting this slot")
        active, previous, confirmed, tries = active, "b" if active == "a" else "a", False, 0
    else:
        active, previous, confirmed, tries = found
    lost = active not in whole
    if lost or failures >= FAILURES or tries >= TRIES:
        why = "not whole" if lost else "%d unconfirmed starts, %d failures in a row" % (tries, failures)
        if lost or previous in whole:
            log(root, "rollback", active, why)
            active, previous, confirmed, tries, failures = whole[0] if lost else previous, None, False, 0, 0
        elif kind == POWER_ON:
            tries = 0  # switching off and on gives the only slot another round
        else:
            raise SafeMode("slot %s: %s, nothing to go back to" % (active, why))
    new = (active, previous, confirmed, tries if confirmed else tries + 1)
    try:
        if new != found:
            replace(root + "slot.json", pointer_text(*new))
    except OSError as e:  # full or failing flash: start all the same, the count in RTC memory bounds crashes
        print("boot: try not counted:", text_of(e))
    return active, failures


def recovery(root, reason):
    """The hook for a way back without a cable: run(root, reason) of recovery.mpy beside this file, if any."""
    if exists(root + "recovery.mpy") or exists(root + "recovery.py"):
        sys.path.append(root)
        import recovery
        recovery.run(root, reason)


def safe_mode(root, reason, hook):
    """Console only: the pins stay as they are, no watchdog is armed, no application is imported."""
    micropython.kbd_intr(3)
    print("boot: SAFE MODE, the contactor stays open. Switch off and on to try again.")
    log(root, "safe_mode", "", reason)
    try:
        hook and recovery(root, reason)
    except Exception as e:
        print("boot: recovery failed:", text_of(e))


def prepare(root, button):
    """Reset cause, marker, slot; leaves sys.path ready for the application. SafeMode when it must not run."""
    cause, block = machine.reset_cause(), rtc_read()
    kind = start_kind(cause, block)
    marker, _, failures, last, restarts, reason = block or (NONE, 0, 0, 0, 0, b"")
    failures += 1 if kind in (CRASHED, WATCHDOG, BROWN_OUT) else 0
    reason = reason if marker != NONE else b""
    rtc_write(NONE, kind, failures, last, restarts + 1, reason)
    if marker == SAFE and kind != BROWN_OUT:
        raise SafeMode("asked for: " + reason.rstrip(b"\0").decode())
    if button is not None and held(*button):
        raise SafeMode("service button held")
    slot, failures = choose(root, kind, failures, chr(last))
    rtc_write(NONE, kind, failures, ord(slot) if slot else 0, restarts + 1, reason)
    if slot:
        first = 1 if ".frozen" in sys.path[:1] else 0
        sys.path[first:first] = [root + slot, root + slot + "/lib"]
    else:
        if exists(root + "firmware"):
            sys.path.extend([root, root + "lib"])
        try:
            import firmware  # noqa: F401
        except ImportError:
            raise SafeMode("no slot, and no application built in")
    return slot


def cancelled():
    """asyncio's CancelledError is a BaseException; asyncio itself is not needed here."""
    return getattr(sys.modules.get("asyncio"), "CancelledError", SystemExit)


def crashed(root, pins, slot, e):
    """Pins, note, pause, reset. The watchdog is set a little longer than the pause: even this cannot hang."""
    pins_safe(pins)
    if hasattr(sys, "print_exception"):
        sys.print_exception(e)
    else:
        import traceback
        traceback.print_exception(e)
    _, kind, failures, last, restarts, _ = rtc_read() or (NONE, UNKNOWN, 0, 0, 0, b"")
    short = bytes([ord(c) if " " <= c <= "~" else 63 for c in text_of(e)[:32]])
    rtc_write(CRASH, kind, failures, last, restarts, short)
    log(root, "crash", slot, text_of(e))
    pause_ms = 1000 << min(failures, 8)
    machine.WDT(timeout=pause_ms + 10_000)
    time.sleep_ms(pause_ms)
    machine.reset()


def start(root):
    """From the reset to the application. Returns only into the console."""
    slot = ""
    try:
        pins, button = board_pins(root)
    except Exception as e:  # pins unknown: touch none
        return safe_mode(root, "board.json: " + text_of(e), False)
    bad = pins_safe(pins)
    try:
        if bad:
            raise SafeMode(bad)
        slot = prepare(root, button)
    except Exception as e:
        return safe_mode(root, str(e) if isinstance(e, SafeMode) else text_of(e), True)
    try:
        try:
            import firmware.app
            firmware.app.run(root)
            raise RuntimeError("the application ended")
        except (Exception, SystemExit, GeneratorExit, cancelled()) as e:
            crashed(root, pins, slot, e)
    except KeyboardInterrupt:
        pins_safe(pins)
        machine.WDT(timeout=CONSOLE_MS)
        raise


micropython.kbd_intr(-1)
start(globals().get("ROOT", "/"))
