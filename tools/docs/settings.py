"""docs/settings.md from the table of settings and the page's English texts.

`python -m tools.docs.settings` writes the page, `--check` fails when it is stale.
"""
import sys

from firmware.settings import schema
from tools.checks.source import ROOT
from tools.docs import texts as page_texts
from tools.docs.made import run

PAGE = ROOT / "docs" / "settings.md"
CLASSES = {schema.PERSONAL: "personal", schema.SECRET: "secret", schema.IDENTITY: "identity"}
ACCESS = {"-": "hidden", "r": "reads", "w": "writes"}

HEAD = """# Settings

Made by `python -m tools.docs.settings` from `firmware/settings/schema.py` and the page's English texts; edit those, not this page.

A change acts when it is applied (*Apply* on the page, `PUT /api/v1/settings`), all of it or nothing. Where *restart* says so it
acts after the next restart; until then the fact `restart_needed` names it. A value out of its range is refused with the key, the
value and what is allowed.

- *user*, *admin*: what each role may do with it: writes, reads, or hidden.
- **secret**: never shown, never exported. **personal**: left out of exports and backups. **identity**: this one device's; left out
  of exports and backups too, and kept by a factory reset.
- own: one charger's own; left out of texts for many chargers, not of backups.
- Some settings exist only in some countries (`general.country`); one that is set is shown everywhere.

`docs/backup.md` tells how settings are exported, backed up and reset.
"""


def rows(texts):
    """The lines of all areas."""
    area = None
    for row in schema.SETTINGS:
        key, _, default, _, _, access, flags = row
        if key.partition(".")[0] != area:
            area = key.partition(".")[0]
            yield ""
            yield "## " + texts["area." + area]
            yield ""
            yield "| key | name | allowed | default | user, admin | |"
            yield "|---|---|---|---|---|---|"
        kind = CLASSES.get(schema.kind_of(row))
        remarks = ["restart"] if "R" in flags else []
        remarks += ["**%s**" % kind] if kind else ["own"] if "o" in flags else []
        places = schema.countries(key)
        remarks += ["only " + ", ".join(places)] if places else []
        shown = str(default).lower() if type(default) is bool else "empty" if default == "" else default
        yield "| `%s` | **%s**. %s | %s | %s | %s, %s | %s |" % (
            key, texts["setting." + key], texts["help." + key], schema.allowed_text(row), shown,
            ACCESS[access[0]], ACCESS[access[1]], "; ".join(remarks))


def rules():
    """What must hold between settings."""
    yield ""
    yield "## Between settings"
    yield ""
    for _, places in schema.RULES:
        yield "- `%s` is %s" % places[0]


def page():
    """The whole page as text."""
    return HEAD + "\n".join([*rows(page_texts.read("settings.en")), *rules()]) + "\n"


if __name__ == "__main__":
    sys.exit(run("settings", __doc__, lambda: {PAGE: page()}))
