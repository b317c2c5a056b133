"""The seldom used ways to settings, in one place: text, backup, factory reset. Each is loaded at a request and forgotten."""

from firmware.on_demand import OnDemand
from firmware.services.web.roles import ADMIN
from firmware.version import VERSION


def groups(app):
    """Rows for Routes; app: the App."""
    text = OnDemand(lambda: _text_api(app), (
        "firmware.csv_lines", "firmware.settings.text_form", "firmware.services.web.settings_changes",
        "firmware.services.web.settings_text_api"))
    reset = OnDemand(lambda: _reset_api(app), ("firmware.factory_reset", "firmware.services.web.reset_api"))
    progress = [None]
    backup = OnDemand(lambda: _backup_api(app, progress), (
        "firmware.csv_lines", "firmware.settings.text_form", "firmware.settings.sealed", "firmware.services.web.settings_changes",
        "firmware.services.web.backup_api"))
    return (
        (None, "/api/v1/backup*", ADMIN, backup, 0),
        (None, "/api/v1/factory_reset", ADMIN, reset, 0),
        (None, "/api/v1/settings.txt", ADMIN, text, 0),
    )


def _serial(app):
    return app.settings.get("identity.serial") or app.identity.get("serial")


def _text_api(app):
    from firmware.services.web.settings_text_api import SettingsTextApi
    return SettingsTextApi(app.settings, lambda: _serial(app), VERSION, app.may_save,
                           lambda what: app.note_security(what, "page"))


def _reset_api(app):
    from firmware import factory_reset
    from firmware.services.web.reset_api import ResetApi
    return ResetApi(lambda: factory_reset.contents(app.root + "data/"), lambda cards: app.order_factory_reset(cards, "page"))


def _backup_api(app, progress):
    from firmware.services.web.backup_api import BackupApi
    return BackupApi(app.settings, VERSION, app.may_save, lambda what: app.note_security(what, "page"), progress)
