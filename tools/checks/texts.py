"""Every setting has a name, a help text and words for its choices in each language: `python -m tools.checks.texts`."""
import json
import sys

from firmware.settings import schema
from tools.checks.source import ROOT, Finding, show

LANGUAGES = ("en", "de", "fr")
FOLDER = "firmware/page/translations"


def needed(settings=schema.SETTINGS):
    """The keys that the texts of a table of settings must have: area.AREA, setting.KEY, help.KEY, option.KEY.VALUE."""
    keys = {}
    for key, kind, _, allowed, _, _, _ in settings:
        keys.update(dict.fromkeys(("area." + key.partition(".")[0], "setting." + key, "help." + key)))
        if kind == schema.CHOICE and not key.endswith("phase_rotation"):       # L2-L3-L1 says what it is, and so does a number
            keys.update(dict.fromkeys("option.%s.%s" % (key, choice) for choice in allowed if type(choice) is str))
    return list(keys)


def check(root=ROOT, settings=schema.SETTINGS):
    """All texts that are missing, empty, or no setting's."""
    findings = []
    for language in LANGUAGES:
        name = "%s/settings.%s.json" % (FOLDER, language)
        path = root / name
        texts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        wanted = needed(settings)
        for key in wanted:
            if not texts.get(key, "").strip():
                findings.append(Finding(name, 1, "no text for " + key, "each setting has its words in every language"))
        for key in sorted(set(texts) - set(wanted)):
            findings.append(Finding(name, 1, "%s is no setting's text" % key, "add the setting or take the text away"))
    return findings


if __name__ == "__main__":
    sys.exit(1 if show(check()) else 0)
