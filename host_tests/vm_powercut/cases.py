"""What is cut, and what must hold afterwards. Runs on the VM, on a LittleFS mounted at FOLDER (ground.py).

A case is a class with prepare() (the history before), operate(acknowledge) (what the cut falls into; it calls acknowledge(n)
after each step that the firmware regards as done) and check(done): done is the last n acknowledged. check() runs in a fresh VM
on the image as the cut left it, raises AssertionError with a sentence, and must be able to go on writing.
"""

from host_tests.vm_powercut.access_cases import AccessChange, CardEdits, CardsImported
from host_tests.vm_powercut.records_cases import BootNumber, Curves, Recovery, Session, SessionWithMeter
from host_tests.vm_powercut.reset_cases import FactoryReset
from host_tests.vm_powercut.storage_cases import AtomicReplace, Careless, InlineReplace, LogAppend, SettingsChange

CASES = (
    ("atomic_replace", AtomicReplace),
    ("settings_change", SettingsChange),
    ("inline_replace", InlineReplace),
    ("access_change", AccessChange),
    ("boot_number", BootNumber),
    ("log_append", LogAppend),
    ("session", Session),
    ("session_with_meter", SessionWithMeter),
    ("recovery", Recovery),
    ("card_edits", CardEdits),
    ("cards_imported", CardsImported),
    ("curves", Curves),
    ("factory_reset", FactoryReset),
)


def find(name):
    """A new object of the case; "careless" is the one that must fail."""
    if name == "careless":
        return Careless()
    for known, case in CASES:
        if known == name:
            return case()
    raise ValueError("no case is called " + name)
