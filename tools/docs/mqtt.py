"""docs/mqtt.md and docs/home-assistant.md from the tables of facts, commands, settings, documents, reasons and entities.

`python -m tools.docs.mqtt` writes the pages, `--check` fails when one is stale.
"""
import json
import sys

from tools.checks.source import ROOT
from tools.twin import cpython

if not cpython.installations():
    cpython.install()
sys.path.append(str(ROOT / "lib"))

from firmware.charging.commands import COMMANDS, EVERYWHERE  # MicroPython's modules had to be there first
from firmware.charging.facts import FACTS, NAMES
from firmware.services.mqtt import entities
from firmware.services.mqtt.deadline_socket import MAX_READ
from firmware.services.mqtt.documents import DOCUMENTS, names_of
from firmware.services.mqtt.link import KEEP_ALIVE_S
from firmware.services.mqtt.orders import MAX_PAYLOAD, SWITCHES
from firmware.services.mqtt.reasons import REASONS
from firmware.services.mqtt.service import QUEUED_MOST
from firmware.services.mqtt.sessions_out import PERSONAL, TOLD
from firmware.settings.schema import SETTINGS, allowed_text
from tools.docs import texts as page_texts
from tools.docs.made import run
from tools.docs.texts import Words

PAGE = ROOT / "docs" / "mqtt.md"
HOME = ROOT / "docs" / "home-assistant.md"

INTRO = """# MQTT

Made by `python -m tools.docs.mqtt` from the firmware's tables; edit those, not this page.

The charger connects to a broker of yours (MQTT 3.1.1), tells it what it does, and takes commands from it if you let it:
the setting `sources.mqtt`. Home Assistant finds it by itself: [home-assistant.md](home-assistant.md).

```
mosquitto_sub -h broker -v -t 'mode3/#'
mosquitto_pub -h broker -t mode3/M3-TWIN-0001/cmd/set_ceiling -m '{"source": "solar", "limit_ma": 9000, "timeout_s": 60}'
mosquitto_pub -h broker -t mode3/M3-TWIN-0001/cmd/stop -m '{}'
```

`make run` starts a charger that is connected and allowed to control, and a broker beside it on port 1883.

## Topics
All below `<mqtt.base>/<serial number>/`, as `mode3/M3-TWIN-0001/`.

| topic | what | QoS | retained |
|---|---|---|---|
| `online` | `online`; `offline` as it leaves, or by its last will %(will_s)d s after it fell silent | 0 | yes |
| `status` `meter` `session` `faults` `diagnostics` | a JSON object of facts, when something in it changed | 0 | yes |
| `record` | a finished session, as JSON | 1 | no |
| `event` | what happens, as it happens, as JSON | 0 | no |
| `cmd/<name>` | you publish here: a command | any | never |
| `result` | the answer to a command, as JSON | 0 | no |

**What is never lost**: a finished session is sent until the broker has acknowledged it, after a restart and a power cut
too, oldest first. It may come twice after a power cut; `number` tells. A charger that is connected for the first time
begins with its next session. **What may be lost**: of events and answers that wait for a broker the newest %(queued)d
are kept; how many were dropped is in the fact `mqtt`. Documents are not queued: after each connection all are sent as
they are then.

The charger pings the broker every %(ping_s)d s at most and leaves one that does not answer; it tries again after 1, 2,
4 … 60 s and a random quarter more. While a broker is away, what it had set falls back to its failsafe values (settings
`sources.*`). While power flows, a connection by TLS is tried once a minute at most, since a handshake keeps a small
processor busy.
"""

COMMAND_INTRO = """## Commands
Publish a JSON object with the arguments to `cmd/<name>`; `{}` where there are none. An argument `request` (text or
number, up to 64 characters) comes back in the answer. At most %d bytes. A retained message is never done: it would be
done again at each connection.

```
cmd/mode    {"mode": "smart", "request": 17}
result      {"command": "mode", "request": 17, "result": "accepted"}
result      {"command": "unlock", "result": "refused", "reason": "no_lock"}
result      {"command": "mode", "result": "error", "reason": "bad_value", "field": "mode", "message": "mode of mode must …"}
```

`refused`: understood, but not done, and `reason` is one of the command's or of %s. `error`: could not be understood, or
needs an administrator, which the setting `mqtt.admin` allows; `message` says what would do. Other reasons of an error:
`unknown_command`, `unknown_argument`, `missing_argument`, `bad_value`, `bad_json`, `too_long`, `retained`, `forbidden`.

| command | arguments | what it does | refusals | administrator |
|---|---|---|---|---|
"""

TLS = """## TLS
Set `mqtt.tls`, `mqtt.port` (8883) and `mqtt.ca`: the certificate that the broker's own is signed with, as PEM text; of
a broker with a certificate signed by itself, that one. The name in `mqtt.host` must be one of the certificate's.
Without a CA, and before the clock is set, nothing is trusted and nothing connected. A broker that asks for a
certificate gets `mqtt.certificate` with `mqtt.key`. A setting holds no
line breaks: join the lines of a PEM text as they are; a form's field does that by itself.

## An access list for mosquitto
```
user wallbox
topic readwrite mode3/M3-TWIN-0001/#
topic read homeassistant/status
topic write homeassistant/device/#
```

## Limits
Topics and payloads of more than %d bytes are thrown away unread. Of messages that flood in, 8 are taken every 100 ms.
What is not MQTT 3.1.1 ends the connection; the charge goes on whatever a broker does.
"""

HOME_INTRO = """# Home Assistant

Made by `python -m tools.docs.mqtt` from `firmware/services/mqtt/entities.py`; edit that, not this page.

1. In Home Assistant: *Settings → Devices & services → Add integration → MQTT*, with a broker (its own add-on *Mosquitto
   broker* will do), and a user of its own for the charger.
2. On the charger's page, logged in as *Installer*: *Settings → MQTT*: broker (name or address), user, password, *MQTT* on
   (`mqtt.host`, `mqtt.user`, `mqtt.password`, `mqtt.enabled`). *Control from outside → MQTT* on, if Home Assistant shall
   control it too (`sources.mqtt`); without it everything can be seen, and commands are refused.
3. Within a minute Home Assistant shows the device under *MQTT*, named as the charger is. If not: the fact `mqtt` tells why the
   charger is not connected ([mqtt.md](mqtt.md#why-it-is-not-connected)), Home Assistant's log what it did not like.

The charger announces itself (discovery of a device, `homeassistant/device/mode3-<serial>/config`) and appears with
everything below. When Home Assistant starts anew it asks, and the charger announces itself again. Switched off, or with
an empty `mqtt.discovery`, it takes its entities away.

**Energy dashboard**: under *individual devices* choose the entity *Energy*.

**Current limit** is a ceiling named `home_assistant`: the charger offers the lowest of all ceilings, so fuse, cable and
your own limits still hold. 0 to 5 A pause the charge. When the broker falls silent it falls back to the failsafe values
(`sources.failsafe_1p_a`, `sources.failsafe_3p_a`).

**Firmware** shows what runs and what there is; it can install only with `mqtt.admin`.

## Entities
| entity | platform | key | from | when |
|---|---|---|---|---|
"""

DASHBOARD = """## A dashboard
`M3-TWIN-0001` becomes `m3_twin_0001`; the names below are those of a charger without a name of its own.

```yaml
type: vertical-stack
cards:
  - type: entities
    title: Wallbox
    entities:
      - entity: sensor.mode3_m3_twin_0001_state
      - entity: sensor.mode3_m3_twin_0001_why_no_power_flows
      - entity: sensor.mode3_m3_twin_0001_power
      - entity: sensor.mode3_m3_twin_0001_session_energy
      - entity: number.mode3_m3_twin_0001_current_limit
      - entity: select.mode3_m3_twin_0001_mode
      - entity: switch.mode3_m3_twin_0001_charging
  - type: conditional
    conditions:
      - condition: state
        entity: binary_sensor.mode3_m3_twin_0001_problem
        state: "on"
    card:
      type: markdown
      content: >-
        {% for fault in state_attr('binary_sensor.mode3_m3_twin_0001_problem', 'faults') %}
        **{{ fault.name }}** since {{ fault.since }}
        {% endfor %}
  - type: history-graph
    hours_to_show: 12
    entities:
      - entity: sensor.mode3_m3_twin_0001_power
      - entity: sensor.mode3_m3_twin_0001_offered_current
```

## An automation: charge with what the sun leaves over
`sensor.export_w` is yours: the power that the house gives to the grid now, negative while it takes. What the charger draws is
added, as that could be had too; without it the charger would take the sun away from itself. 690 is three phases at 230 V; 230
for one. Below 6 A the charge pauses: on three phases that is 4.1 kW.

```yaml
triggers:
  - trigger: time_pattern
    seconds: "/15"
actions:
  - action: number.set_value
    target:
      entity_id: number.mode3_m3_twin_0001_current_limit
    data:
      value: >-
        {% set spare_w = states('sensor.export_w') | float(0) + states('sensor.mode3_m3_twin_0001_power') | float(0) %}
        {{ [[(spare_w / 690) | int, 0] | max, 16] | min }}
```
"""


def fact_rows():
    """A table for each document."""
    rows = {row[0]: row for row in FACTS}
    for document in DOCUMENTS:
        yield "### `%s`, at most every %g s" % (document[0], document[1] / 1000)
        yield "| fact | unit | type | what it says | null |"
        yield "|---|---|---|---|---|"
        for name in names_of(document, NAMES):
            _, unit, kind, null, says = rows[name]
            yield "| `%s` | %s | %s | %s | %s |" % (name, unit or "–", kind, says, null or "never")
        yield ""


def _argument(row):
    name, kind, low, high, required = row
    what = " or ".join(str(choice) for choice in low) if kind == "choice" else kind if kind in ("bool", "plan") else \
        "%s, %s to %s" % (kind if kind == "int" else "text", low, high)
    return "`%s` (%s%s)" % (name, what, "" if required else ", may be left out")


def command_rows():
    for name, arguments, role, refusals, says in COMMANDS:
        yield "| `%s` | %s | %s | %s | %s |" % (name, "<br>".join(_argument(row) for row in arguments) or "–", says,
                                               ", ".join("`%s`" % reason for reason in refusals) or "–",
                                               "yes" if role == "admin" else "–")
    for name, key, yes, no in SWITCHES:
        yield "| `%s` | `%s` (bool) | the commands `%s` and `%s` under one name, for switches | theirs | – |" % (name, key, yes, no)
    yield ("| `update` | `install`: true | begins the update that there is, as the press on the page | codes of `reason` in the "
           "fact `update` | yes |")


def setting_rows(texts):
    for row in SETTINGS:
        if row[0].startswith("mqtt.") or row[0] == "sources.mqtt":
            default = json.dumps(row[2]) if "s" not in row[6] else "a secret"
            yield "| `%s` | %s | `%s` | %s |" % (row[0], allowed_text(row), default, texts["help." + row[0]])


def _code(names):
    return ", ".join("`%s`" % name for name in names)


def page():
    """docs/mqtt.md."""
    texts = page_texts.read("settings.en")
    intro = INTRO % {"will_s": KEEP_ALIVE_S * 3 // 2, "queued": QUEUED_MOST, "ping_s": KEEP_ALIVE_S // 2}
    lines = [
        intro, "## Facts", "One JSON object a topic; every fact of the charger is in one of them, and new ones are only added.",
        "Integers throughout. `account` and `session.id` are null unless `mqtt.personal` is set.", "", *fact_rows(),
        COMMAND_INTRO % (MAX_PAYLOAD, " and ".join("`%s`" % reason for reason in EVERYWHERE)) + "\n".join(command_rows()), "",
        "## Events", "`{\"event\": …, \"utc\": …}` and what belongs to it: `fault` and `fault_end` (`name`, `code`, `kind`), "
        "`session_start` and `session_end` (`number`, `energy_wh`, `end_reason`), `overview` (`overview_state`), `service_mode` "
        "(`mode`).", "", "## Finished sessions", "Fields of `record`: %s; with `mqtt.personal` also %s. Times are RFC 3339 in UTC, "
        "null where the clock was not set." % (_code(TOLD), _code(PERSONAL)), "",
        "## Settings", "| setting | allowed | default | what it does |", "|---|---|---|---|", *setting_rows(texts), "",
        TLS % MAX_READ, "## Why it is not connected", "`reason` of the fact `mqtt`.", "", "| reason | what it says |", "|---|---|",
        *("| `%s` | %s |" % row for row in REASONS if row[0])]
    return "\n".join(lines) + "\n"


NEEDS = Words("tools/docs/mqtt.py, NEEDS", {
    "": "always", "three_phases": "connected to three phases", "phase_switching": "the board switches phases",
    "lock": "a socket outlet with a lock", "admin": "`mqtt.admin` is set",
})


def home_page():
    """docs/home-assistant.md."""
    lines = ["| %s | %s | `%s` | %s | %s |" % (name, platform, key, "`%s`" % document if document else "–", NEEDS[needs])
             for key, platform, name, needs, document, _, _ in entities.ENTITIES]
    lines += ["| Fault: %s | binary_sensor | `%s` | `faults` | always |" % (status.replace("_", " "), key)
              for key, status in entities.faults_told()]
    return HOME_INTRO + "\n".join(lines) + "\n\n" + DASHBOARD


def main(arguments=None):
    return run("mqtt", __doc__, lambda: {PAGE: page(), HOME: home_page()}, arguments)


if __name__ == "__main__":
    sys.exit(main())
