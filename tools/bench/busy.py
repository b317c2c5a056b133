"""Those who use a charger all the time, in a process of their own: `python -m tools.bench.busy HTTP-PORT MQTT-PORT SECONDS`.

A page that is open (its live stream is read), a script that asks for the status every so many seconds, and a peer at the broker
that hears everything and gives orders. Ends with its input, and then tells as JSON what came.
"""
import http.client
import json
import sys
import threading

from tools.bench.beside import Beside, input_ended, tell

ASK_S, SPEAK_EVERY, PATIENCE_S = 0.2, 5, 20
BASE = "mode3/M3-TWIN-0001/"
CEILINGS_MA = (14000, 12000)        # changes of the offer, which the vehicle follows


class Busy(Beside):
    """Such a process; a question every ask_s, an order over MQTT every SPEAK_EVERY of that.

    end(): {"answers", "refused", "events" of the stream, "told" by MQTT, "results" of commands}.
    """

    def __init__(self, http_port, mqtt_port, ask_s=ASK_S):
        super().__init__("busy", (http_port, mqtt_port, ask_s))


def _ask(port, ask_s, found, ended):
    while not ended.wait(ask_s):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            client.request("GET", "/api/v1/status")
            good = client.getresponse()
            json.loads(good.read())
            found["answers" if good.status == 200 else "refused"] += 1
        except (OSError, ValueError, http.client.HTTPException):
            found["refused"] += 1
        finally:
            client.close()


def _watch(port, _, found, ended):
    while not ended.is_set():
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            client.request("GET", "/api/v1/stream")
            stream = client.getresponse()
            while not ended.is_set() and stream.readline():
                found["events"] += 1
        except (OSError, http.client.HTTPException):
            ended.wait(1)
        finally:
            client.close()


def _speak(port, ask_s, found, ended):
    import paho.mqtt.client as paho

    def hear(client, data, message):
        found["results" if message.topic == BASE + "result" else "told"] += 1
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = hear
    client.on_connect = lambda *args: client.subscribe("#")
    client.connect("127.0.0.1", port)
    client.loop_start()
    number = 0
    while not ended.wait(SPEAK_EVERY * ask_s):
        number += 1
        order = {"source": "home", "limit_ma": CEILINGS_MA[number % len(CEILINGS_MA)]}
        client.publish(BASE + "cmd/set_ceiling", json.dumps(order))
    client.disconnect()
    client.loop_stop()


def main(http_port, mqtt_port, ask_s):
    ended, found = input_ended(), {"answers": 0, "refused": 0, "events": 0, "told": 0, "results": 0}
    threads = [threading.Thread(target=task, args=(int(port), float(ask_s), found, ended), daemon=True)
               for task, port in ((_watch, http_port), (_ask, http_port), (_speak, mqtt_port))]
    for thread in threads:
        thread.start()
    ended.wait()
    for thread in threads[1:]:         # the stream's may wait for its next event
        thread.join(PATIENCE_S)
    tell(found)


if __name__ == "__main__":
    main(*sys.argv[1:])
