# cpython only: the world runs in CPython
"""The bench answers: verbs, refusals, time, the page's files, live pictures, stories."""
import http.client
import json
import re
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from host_tests.twin.bench_case import BOARD_OF_THE_TWIN, PATIENCE_S, BenchCase
from tools.checks.boards import BOARDS
from tools.twin import bench_page
from tools.twin.bench import PortInUse, bound_socket
from tools.twin.orders import note_on
from tools.twin.runner import NotNow
from tools.twin.verbs import FAULTS, VERBS
from tools.twin.world import NOT_SIMULATED_YET


class BenchTest(BenchCase):
    def test_state_tells_everything_physical(self):
        state = self.desk.state()
        for key in ("cp", "contactor", "rcd", "meter", "lights", "buzzer", "ev", "house", "t_ms"):
            self.assertIn(key, state)
        self.assertEqual(set(state["cp"]) & {"high_mv", "low_mv", "duty_permille"}, {"high_mv", "low_mv", "duty_permille"})
        self.assertEqual(set(state["contactor"]) & {"commanded", "closed", "welded"}, {"commanded", "closed", "welded"})

    def test_a_car_is_plugged_in_and_leaves_its_edge(self):
        status, answer = self.desk.post("ev", {"plugged": True, "phases": 1, "soc": 0.4})
        self.assertEqual((status, answer["ev"]["state"], answer["ev"]["phases"]), (200, "B", 1))
        status, edges = self.desk.call("GET", "/api/trace?since_ms=0")
        self.assertEqual((status, edges[-1]["signal"], edges[-1]["value"]), (200, "ev_state", "B"))
        later = self.desk.call("GET", f"/api/trace?since_ms={edges[-1]['t_us'] // 1000 + 1}")[1]
        self.assertEqual(later, [])

    def test_every_verb_reaches_the_world(self):
        post = self.desk.post
        self.assertEqual(post("card", {"uid": "04a1b2c3d4e5f6"})[1]["card"], "04A1B2C3D4E5F6")
        self.assertEqual(post("house", {"load_w": [500, 0, 0], "solar_w": 4000})[1]["house"]["grid_w"], -3500)
        self.assertTrue(post("fault", {"name": "weld", "on": True})[1]["faults"]["weld"])
        self.assertTrue(self.desk.state()["contactor"]["welded"])
        self.assertTrue(post("button", {"name": "front", "hold_ms": 2000})[1]["buttons"]["front"])
        self.assertTrue(post("input", {"name": "dim", "on": True})[1]["inputs"]["dim"])
        self.assertEqual(post("time", {"utc": "2026-11-20T12:00:00Z"})[0], 200)
        self.assertEqual(self.desk.utc_set, [1_795_176_000])
        causes = []
        self.desk.world.on_reset = causes.append
        self.assertEqual(post("reset", {"cause": "watchdog"})[0], 200)
        self.assertEqual(causes, ["watchdog"])

    def test_a_fault_that_breaks_nothing_yet_says_so(self):
        self.assertIn("not simulated", self.desk.post("fault", {"name": "home_meter_silent", "on": True})[1]["note"])
        self.assertNotIn("note", self.desk.post("fault", {"name": "pe_lost", "on": True})[1])

    def test_what_the_board_cannot_see_is_said(self):
        facts = json.loads((BOARDS / "smartevse-v3.json").read_text())
        for verb, values in (("fault", {"name": "pe_lost"}), ("fault", {"name": "rcd_ac"}), ("fault", {"name": "sensor_lost"}),
                             ("input", {"name": "dim"}), ("button", {"name": "front"})):
            self.assertEqual(note_on(facts, verb, values), "the board smartevse-v3 does not see this", values)
        for verb, values in (("fault", {"name": "rcd_dc"}), ("fault", {"name": "weld"}), ("fault", {"name": "lock_jammed"}),
                             ("input", {"name": "enable"}), ("button", {"name": "service"}), ("ev", {"plugged": True})):
            self.assertIsNone(note_on(facts, verb, values), values)

    def test_cards_and_sensors_that_a_board_has_not_are_noted(self):
        # once a card was held to chargers that have no reader, or none that is simulated, and nothing said so
        for name, verb, values, note in (
                ("smartevse-v3", "card", {"uid": "04A1B2C3"}, "does not see this"),
                ("smartevse-v3", "fault", {"name": "reader_dead"}, "does not see this"),
                ("smartevse-v3", "fault", {"name": "sensor_open"}, "does not see this"),
                ("esp32-s3", "card", {"uid": "04A1B2C3"}, "esp32-s3 has its on spi"),
                ("esp32-wrover", "fault", {"name": "reader_dead"}, "esp32-wrover has its on i2c")):
            facts = json.loads((BOARDS / (name + ".json")).read_text())
            self.assertIn(note, note_on(facts, verb, values) or "", (name, verb))
        for verb, values in (("card", {"uid": "04A1B2C3"}), *(("fault", {"name": name}) for name in FAULTS)):
            if values.get("name") not in NOT_SIMULATED_YET:
                self.assertIsNone(note_on(BOARD_OF_THE_TWIN, verb, values), values)

    def test_an_hour_passes_at_once_and_then_time_goes_on_as_before(self):
        before = self.desk.state()["t_ms"]
        status, answer = self.desk.post("time", {"advance_s": 3600})
        self.assertEqual(status, 200)
        self.assertGreaterEqual(answer["t_ms"] - before, 3_600_000)
        self.assertLess(answer["t_ms"] - before, 3_660_000)         # the questions take their time too
        self.assertEqual(self.desk.clock.speed, 1)

    def test_two_that_advance_at_once_both_arrive_and_the_pace_comes_back(self):
        answers = []
        threads = [threading.Thread(target=lambda s=s: answers.append(self.desk.post("time", {"advance_s": s})))
                   for s in (5000, 9000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([status for status, _ in answers], [200, 200])
        self.assertEqual(self.desk.clock.speed, 1)

    def test_what_is_no_json_is_refused_with_400(self):
        for body in (b"", b"plugged", b"{", b"\xff\xfe", b"[" * 5000):
            self.refused("ev", body, 400, "not_json", None)

    def test_bad_values_are_refused_with_422_and_say_what_is_allowed(self):
        for verb, body, field, allowed in (
                ("ev", {"phases": 4}, "phases", "from 1 to 3"),
                ("ev", {"phases": 1.5}, "phases", "whole number"),
                ("ev", {"phases": True}, "phases", "whole number"),
                ("ev", {"plugged": "yes"}, "plugged", "true or false"),
                ("ev", {"state": "G"}, "state", "A, B, C"),
                ("ev", {"soc": 1.01}, "soc", "from 0 to 1"),
                ("ev", {"colour": "red"}, "colour", "plugged, state"),
                ("ev", {}, None, "at least one"),
                ("ev", [1], None, "object"),
                ("card", {"uid": "04A1B2C"}, "uid", "hexadecimal"),
                ("card", {}, "uid", "hexadecimal"),
                ("house", {"load_w": [1, 2]}, "load_w", "L1, L2, L3"),
                ("house", {"load_w": [1, 2, None]}, "load_w", "L1, L2, L3"),
                ("house", {"voltage_v": [230, 230, 9e99]}, "voltage_v", "from 0 to 400"),
                ("fault", {"name": "fire", "on": True}, "name", "weld"),
                ("fault", {"name": "weld"}, "on", "true or false"),
                ("button", {"name": "front", "hold_ms": 0}, "hold_ms", "from 1"),
                ("input", {"name": "rain", "on": True}, "name", "enable"),
                ("time", {}, None, "advance_s, utc"),
                ("time", {"advance_s": 1, "utc": "2026-11-20T12:00:00Z"}, None, "just one"),
                ("time", {"advance_s": -1}, "advance_s", "from 0"),
                ("time", {"utc": "yesterday"}, "utc", "2026-11-20T12:00:00Z"),
                ("time", {"utc": "2026-02-30T12:00:00Z"}, "utc", "2026-11-20T12:00:00Z"),
                ("reset", {"cause": "cosmic"}, "cause", "power, watchdog, soft")):
            with self.subTest(verb=verb, body=body):
                self.assertIn(allowed, self.refused(verb, body, 422, "bad_value", field))

    def test_nan_and_infinity_are_no_numbers_here(self):
        for word in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
            self.refused("ev", b'{"soc": ' + word + b"}", 422, "bad_value", "soc")

    def test_a_refused_body_changes_nothing(self):
        self.refused("ev", {"plugged": True, "phases": 4}, 422, "bad_value", "phases")
        self.assertFalse(self.desk.state()["ev"]["plugged"])

    def test_unknown_paths_and_methods_answer_in_json_what_there_is(self):
        status, answer = self.desk.call("GET", "/api/nothing")
        self.assertEqual((status, answer["error"]["code"]), (404, "unknown_path"))
        self.assertIn("POST /api/ev", answer["error"]["message"])
        status, answer = self.desk.call("PUT", "/api/ev", {"plugged": True})
        self.assertEqual((status, answer["error"]["code"]), (405, "wrong_method"))

    def test_a_bad_query_is_refused(self):
        for query, field in (("since_ms=soon", "since_ms"), ("since_ms=-1", "since_ms"), ("since_ms=nan", "since_ms"),
                             ("since=1", "since")):
            status, answer = self.desk.call("GET", "/api/trace?" + query)
            self.assertEqual((status, answer["error"]["field"]), (422, field), query)

    def test_a_body_that_is_too_large_is_refused(self):
        for size in (11_000, 100_000):
            self.assertEqual(self.desk.post("ev", b" " * size)[0], 413)

    def test_other_pages_in_the_browser_may_not_use_the_bench(self):
        headers = {"Origin": "http://evil.example"}
        self.assertEqual(self.desk.call("POST", "/api/ev", {"plugged": True}, headers)[0], 403)
        own = {"Origin": f"http://127.0.0.1:{self.desk.bench.port}"}
        self.assertEqual(self.desk.call("POST", "/api/ev", {"plugged": True}, own)[0], 200)

    def test_what_cannot_be_done_now_is_409(self):
        def refuse(cause):
            raise NotNow("there is no power")
        self.desk.world.on_reset = refuse
        status, answer = self.desk.post("reset", {"cause": "soft"})
        self.assertEqual((status, answer["error"]["code"]), (409, "not_now"))

    def test_the_page_is_whole_in_itself(self):
        status, page = self.desk.call("GET", "/")
        self.assertEqual(status, 200)
        self.assertIn("Mode3", page)
        for outside in ("http://", "https://", "//", "<style", "javascript:"):
            self.assertNotIn(outside, page)
        for name in re.findall(r'(?:src|href)="([^"]+)"', page):
            self.assertEqual(self.desk.call("GET", name)[0], 200, name)

    def test_the_pages_scripts_load_only_what_is_there_and_make_no_markup_of_data(self):
        scripts = sorted(bench_page.FOLDER.glob("*.js"))
        self.assertGreater(len(scripts), 5)
        for path in scripts:
            source = path.read_text(encoding="utf-8")
            with self.subTest(script=path.name):
                for name in re.findall(r'from "\./([^"]+)"', source):
                    self.assertEqual(self.desk.call("GET", "/page/" + name)[0], 200, name)
                self.assertIsNone(re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(|new Function|document\.write", source))
                self.assertEqual(re.findall(r"https?://[^\s\"]+", source.replace("http://www.w3.org/2000/svg", "")), [])

    def test_files_come_with_their_type_and_strict_rules(self):
        for name, kind in (("main.js", "text/javascript"), ("bench.css", "text/css"), ("icon.svg", "image/svg+xml")):
            client = http.client.HTTPConnection("127.0.0.1", self.desk.bench.port, timeout=PATIENCE_S)
            client.request("GET", "/page/" + name)
            answer = client.getresponse()
            answer.read()
            client.close()
            self.assertTrue(answer.getheader("Content-Type").startswith(kind), name)
            self.assertIn("default-src 'none'", answer.getheader("Content-Security-Policy"))
            self.assertEqual(answer.getheader("X-Content-Type-Options"), "nosniff")

    def test_only_the_pages_own_files_can_be_asked_for(self):
        for path in ("/page/", "/page/..", "/page/../bench.py", "/page/..%2fbench.py", "/page/%2e%2e%2fbench.py",
                     "/page//etc/passwd", "/page/main.js/", "/page/nothing.js", "/page/main.js%00"):
            self.assertEqual(self.desk.call("GET", path)[0], 404, path)

    def test_the_table_of_verbs_is_told_as_it_is_checked(self):
        told = self.desk.call("GET", "/api/verbs")[1]
        self.assertEqual(set(told["verbs"]), set(VERBS))
        self.assertEqual(told["verbs"]["fault"]["fields"]["name"]["words"], list(FAULTS))
        phases = told["verbs"]["ev"]["fields"]["phases"]
        self.assertEqual((phases["kind"], phases["low"], phases["high"], phases["whole"]), ("number", 1, 3, True))
        self.assertEqual(told["verbs"]["house"]["fields"]["load_w"]["kind"], "per_phase")
        self.assertEqual(told["verbs"]["time"]["just_one"], ["advance_s", "utc", "speed", "paused"])

    def test_one_look_tells_everything_and_only_the_new_edges(self):
        first = self.desk.call("GET", "/api/live")[1]
        self.assertEqual(set(first), {"state", "charger", "story", "pace", "tones", "edge_number", "edges", "history"})
        self.assertEqual((first["charger"], first["story"], len(first["edges"])), (None, None, first["edge_number"]))
        self.desk.post("ev", {"plugged": True})
        then = self.desk.call("GET", f"/api/live?after={first['edge_number']}")[1]
        self.assertEqual([(edge["signal"], edge["value"]) for edge in then["edges"]], [("ev_state", "B")])
        self.assertNotIn("history", then)
        self.assertEqual(self.desk.call("GET", f"/api/live?after={then['edge_number']}")[1]["edges"], [])
        unknown = self.desk.call("GET", "/api/live?after=1000000")[1]      # a page that knew another twin
        self.assertEqual(len(unknown["edges"]), unknown["edge_number"])
        self.assertEqual(self.desk.call("GET", "/api/live?after=-1")[0], 422)

    def test_the_oscilloscope_shows_the_circuits_wave(self):
        board = self.desk.world.board["pins"]["cp_pwm"]
        self.desk.post("ev", {"plugged": True, "state": "C"})
        self.desk.clock.call(lambda: self.desk.world.on_output("pwm", board, (1000, 266_667), 0))
        self.desk.post("time", {"advance_s": 0.4})
        self.assertEqual(self.desk.now_ms() > 0 and self.desk.state()["ev"]["state"], "C")
        wave = self.desk.call("GET", "/api/scope?width_us=2000")[1]["mv"]
        self.assertEqual((len(wave), wave[0], wave[10]), (801, -12_000, -12_000))
        self.assertAlmostEqual(wave[80 + 50], 6_000, delta=20)                      # 125 us after the rising edge
        self.assertAlmostEqual(wave[80 + 115], -12_000, delta=20)                   # 21 us after the falling one
        fine = self.desk.call("GET", "/api/scope?width_us=20")[1]["mv"]             # 25 ns from point to point
        self.assertTrue(-12_000 < fine[80 + 40] < 5_500 < fine[-1] <= 6_010, (fine[120], fine[-1]))
        for width in ("1", "1e9", "nan", "wide"):
            self.assertEqual(self.desk.call("GET", "/api/scope?width_us=" + width)[0], 422, width)
        self.desk.clock.call(self.desk.world.detach)
        self.assertEqual(set(self.desk.call("GET", "/api/scope")[1]["mv"]), {0})

    def test_a_page_opened_anew_is_told_the_strip_charts_past(self):
        for load_w in (1000, 2000):
            self.desk.post("house", {"load_w": [load_w, 0, 0]})
            self.desk.call("GET", "/api/live?after=0")
            self.desk.post("time", {"advance_s": 0.02})
        past = self.desk.call("GET", "/api/live")[1]["history"]
        self.assertGreaterEqual(len(past), 2)
        self.assertEqual(sorted(point[0] for point in past), [point[0] for point in past])
        self.assertEqual(past[-1][1:], [None, None, 0, 0, None])        # no charger: neither offer nor limit

    def test_the_history_keeps_only_the_ends_of_a_straight_line(self):
        history = bench_page.History()
        for t_ms, power_w in ((0, 0), (100, 0), (200, 0), (300, 5), (400, 5), (500, 5), (600, 0), (600, 7)):
            history.note({"t_ms": t_ms, "meter": {"current_ma": [0, 3, 0], "power_w": power_w}}, {"offered_ma": 6000})
        self.assertEqual([(point[0], point[4]) for point in history.points()], [(0, 0), (200, 0), (300, 5), (500, 5), (600, 0)])

    def test_the_buzzers_tones_come_with_their_times(self):
        world = self.desk.world
        self.desk.clock.call(lambda: [world.front.buzzer(value) for value in ((2400, 208_000), (2400, 208_000), None)])
        tones = self.desk.call("GET", "/api/live")[1]["tones"]
        self.assertEqual([hz for _, hz in tones], [2400, 0])
        self.assertLessEqual(tones[0][0], tones[1][0])
        self.desk.clock.call(lambda: [world.front.buzzer((2400, 208_000)), world.front.dark()])     # the supply goes
        self.assertEqual(self.desk.call("GET", "/api/live")[1]["tones"][-1][1], 0)

    def test_time_stands_still_in_a_pause_and_the_bench_answers_all_the_same(self):
        self.assertEqual(self.desk.post("time", {"paused": True})[1]["paused"], True)
        before = self.desk.now_ms()
        time.sleep(0.1)
        self.assertLessEqual(self.desk.now_ms() - before, 1)
        self.assertEqual(self.desk.post("ev", {"plugged": True})[1]["ev"]["state"], "B")
        self.assertGreaterEqual(self.desk.post("time", {"advance_s": 2})[1]["t_ms"] - before, 2000)
        self.assertLessEqual(self.desk.now_ms() - before, 2001)
        self.assertEqual(self.desk.post("time", {"paused": False})[1], {"t_ms": before + 2000, "speed": 1, "paused": False})
        self.until(lambda: self.desk.now_ms() - before > 2050)

    def test_a_wrong_access_point_in_a_list_is_named(self):
        said = self.refused("network", {"aps": [{"ssid": "home"}, {"ssid": "far", "rssi_dbm": 5}]}, 422, "bad_value", "aps")
        self.assertEqual(said, "aps: rssi_dbm must be a whole number from -100 to 0, not 5")

    def test_the_speed_is_set_and_ends_a_pause(self):
        self.desk.post("time", {"paused": True})
        self.assertEqual(self.desk.post("time", {"speed": 500})[1]["paused"], False)
        before = self.desk.now_ms()
        self.until(lambda: self.desk.now_ms() - before > 60_000)
        self.assertEqual(self.desk.call("GET", "/api/live")[1]["pace"], {"speed": 500, "paused": False})
        self.refused("time", {"speed": -1}, 422, "bad_value", "speed")
        self.refused("time", {"speed": 1, "paused": True}, 422, "bad_value", None)

    def test_a_firmware_in_real_time_keeps_its_pace(self):
        self.desk.can_advance = False
        self.refused("time", {"speed": 2}, 409, "not_now", None)
        self.refused("scenario", {"name": "plain_charge"}, 409, "not_now", None)

    def test_scenarios_are_listed_and_an_unknown_one_is_refused(self):
        told = self.desk.call("GET", "/api/scenarios")[1]
        self.assertIn("plain_charge", [story["name"] for story in told["scenarios"]])
        self.assertIsNone(told["now"])
        lines = self.desk.call("GET", "/api/scenarios/plain_charge")[1]["lines"]
        self.assertTrue(lines[0].startswith("# "))
        self.assertEqual(self.desk.call("GET", "/api/scenarios/..")[0], 422)
        self.refused("scenario", {"name": "nonsense"}, 422, "bad_value", "name")
        self.refused("scenario", {"colour": "red"}, 422, "bad_value", None)
        self.refused("scenario", [], 422, "bad_value", None)
        self.assertEqual(self.desk.post("scenario", {"stop": True})[0], 200)

    def test_a_scenario_that_is_being_written_says_what_is_wrong_with_it(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch("tools.twin.stories.FOLDER", Path(folder)):
            Path(folder, "draft.scn").write_text("# A draft.\nplugin\n")
            text = self.refused("scenario", {"name": "draft"}, 422, "bad_scenario", None)
        self.assertIn("draft.scn:2: there is no verb plugin", text)

    def test_a_scenario_is_told_on_the_live_twin(self):
        status, begun = self.desk.post("scenario", {"name": "plain_charge"})
        self.assertEqual((status, begun["name"], begun["running"]), (200, "plain_charge", True))
        self.refused("scenario", {"name": "plain_charge"}, 409, "not_now", None)
        self.desk.post("time", {"speed": 1000})
        self.until(lambda: not self.desk.call("GET", "/api/live")[1]["story"]["running"])
        story = self.desk.call("GET", "/api/live")[1]["story"]
        self.assertIn("unknown: there is no charger here", story["failure"])       # the desk has none: the story says so

    def test_a_taken_port_is_one_clear_line(self):
        with self.assertRaises(PortInUse) as caught:
            bound_socket(self.desk.bench.port)
        self.assertIn(f"port {self.desk.bench.port} on 127.0.0.1", caught.exception.strerror)


if __name__ == "__main__":
    unittest.main()
