"""Settings as a text file over HTTP: export, and an import that is checked as a whole before anything changes."""

from firmware.services.web.reply import HttpError, Reply, json_list_pieces
from firmware.services.web.roles import ADMIN
from firmware.services.web.settings_changes import carry_out, change_rows, flag, in_slices, must_write, whole_body
from firmware.settings import text_form
from firmware.settings.store import SettingError

_PATH = "/api/v1/settings.txt"


class SettingsTextApi:
    """Handlers. settings: the Store; serial(): this charger's, "" where it has none; may_write(): no power flows, and it is no
    showroom; on_change(what): for the event log."""

    def __init__(self, settings, serial, version, may_write, on_change):
        self._settings = settings
        self._serial = serial
        self._version = version
        self._may_write = may_write
        self._on_change = on_change

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", _PATH, ADMIN, self.export, 0),
            ("PUT", _PATH, ADMIN, self.load, -text_form.MAX_TEXT),
        )

    async def export(self, request, rest):
        """All plain settings; ?serial=1: bound to this charger, by a line in the file and by its name."""
        serial = self._serial() if flag(request.args, "serial") else ""
        name = "settings_%s.txt" % serial if serial else "settings.txt"
        return Reply(text_form.lines(self._settings, self._version, serial), kind="text/plain; charset=utf-8",
                     headers=(("Content-Disposition", 'attachment; filename="%s"' % name),))

    async def load(self, request, rest):
        """Take the settings of a file, all or none; 422 names line and key. ?check=1: only tell what would change. The file's name
        may come as header X-File-Name. Answers {"changes": [{"key", "from", "to", "restart"}]}, a secret's values null."""
        only_check = flag(request.args, "check")
        if not only_check:
            must_write(self._may_write)
        places = {}
        data = await whole_body(request)
        try:
            found = await in_slices(text_form.reading(data, self._serial(), request.headers.get("x-file-name", "")))
            values, places = found
            plan = await in_slices(self._settings.planning(values, "admin"))
        except text_form.TextError as error:
            raise HttpError(422, "bad_line", str(error), error.key, rule=error.rule)
        except SettingError as error:
            line = places.get(error.key)
            raise HttpError(422, error.code, ("" if line is None else "line %d, " % line) + str(error), error.key,
                            rule=error.rule if error.code == "bad_value" else None)
        rows = change_rows(self._settings, plan)
        if not only_check:
            carry_out(self._settings, plan, self._may_write)
            self._on_change("settings_imported")
        return Reply(json_list_pieces("changes", rows))
