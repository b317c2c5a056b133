# cpython only: the world runs in CPython
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from unittest import mock

from tools.setup.vm import VmMissing, find_vm
from tools.twin import __main__ as cli
from tools.twin.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_S = PATIENCE_S = 60     # real time: nothing is slower than a busy machine


def get(url, path):
    client = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE_S)
    client.request("GET", path)
    answer = client.getresponse()
    data = answer.read()
    client.close()
    return answer.status, json.loads(data)


def post(url, path, body):
    client = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE_S)
    client.request("POST", path, json.dumps(body))
    answer = client.getresponse()
    data = answer.read()
    client.close()
    return answer.status, json.loads(data)


class CliCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = Path(folder.name) / "twin"

    def run_cli(self, *options):
        """For calls that end by themselves."""
        return subprocess.run([sys.executable, "-m", "tools.twin", "--data", str(self.data), *options], cwd=ROOT,
                              capture_output=True, text=True, timeout=240)

    def start(self, *options):
        """A twin that runs, on any free ports. Returns (process, twin.json)."""
        (self.data / "twin.json").unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-m", "tools.twin", "--headless", "--http", "0", "--bench", "0",
                                    "--mqtt-port", "0", "--data", str(self.data), *options], cwd=ROOT, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        end = time.monotonic() + START_S
        while time.monotonic() < end and process.poll() is None:
            try:
                known = json.loads((self.data / "twin.json").read_text())
                get(known["http"], "/api/v1/status")
                return process, known
            except (OSError, ValueError, http.client.HTTPException):
                time.sleep(0.05)
        process.kill()
        self.fail(f"the twin did not start: {process.stdout.read()}")

    def refused(self, *options):
        """It must not start: exit status 2, nothing written. Returns what it said."""
        done = self.run_cli(*options)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertFalse((self.data / "flash").exists(), "half started")
        return done.stderr


class RefusalTest(CliCase):
    def test_an_unknown_option_exits_2_and_says_what_there_is(self):
        said = self.refused("--colour", "red")
        self.assertIn("--colour", said)
        for option in ("--http", "--bench", "--mqtt-port", "--data", "--speed", "--scenario", "--headless", "--seed",
                       "--fresh", "--vm"):
            self.assertIn(option, said)

    def test_bad_values_exit_2_and_name_what_is_allowed(self):
        for options, allowed in ((("--http", "70000"), "0 to 65535"), (("--bench", "x"), "0 to 65535"),
                                 (("--speed", "-1"), "0 to 1000000"), (("--speed", "nan"), "0 to 1000000"),
                                 (("--seed", "x"), "--seed")):
            self.assertIn(allowed, self.refused(*options), options)

    def test_a_taken_port_is_one_clear_line_and_nothing_starts(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            for option in ("--http", "--https", "--bench"):
                others = [word for other in ("--http", "--bench") if other != option for word in (other, "0")]
                said = self.refused(option, port, *others)
                self.assertEqual(said.count("\n"), 1, said)
                self.assertIn(f"port {port} on 127.0.0.1", said)
                self.assertIn(option, said)

    def test_the_same_port_twice_is_refused(self):
        for one, other in (("--http", "--bench"), ("--http", "--https"), ("--https", "--bench"), ("--bench", "--mqtt-port")):
            self.assertIn(f"{one} and {other} are both 18999; they must differ", self.refused(one, "18999", other, "18999"))

    def test_the_bench_where_the_broker_would_be_is_refused(self):
        # once the charger took the bench for a broker that was there already
        self.assertIn("--bench and --mqtt-port are both 1883", self.refused("--bench", "1883"))

    def test_a_pilot_that_the_board_cannot_have_is_one_clear_line(self):
        said = self.refused("--board", "smartevse-v3", "--pilot", "P3")
        self.assertTrue(said.startswith("--pilot P3 on --board smartevse-v3: board facts: pins."), said)
        self.assertIn("no pilot circuit 'P33'", self.refused("--pilot", "P33"))

    def test_a_folder_that_is_no_release_is_one_clear_line(self):
        for manifest in ("file 1 aa\n", "file x aa boot.py\n", "nothing\n"):
            folder = Path(tempfile.mkdtemp(dir=self.data.parent))
            (folder / "manifest").write_text(manifest)
            (folder / "objects").mkdir()
            (folder / "objects" / "aa").write_bytes(b"x")
            done = self.run_cli("--http", "0", "--bench", "0", "--release", str(folder))
            self.assertEqual((done.returncode, done.stderr.count("\n"), str(folder) in done.stderr), (2, 1, True), done.stderr)

    def test_a_data_folder_that_cannot_be_is_one_clear_line(self):
        self.data.parent.mkdir(exist_ok=True)
        self.data.write_text("a file")
        done = self.run_cli("--http", "0", "--bench", "0")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
        self.assertIn(str(self.data), done.stderr)

    def test_a_broken_scenario_line_stops_everything_before_it_starts(self):
        story = self.data.parent / "story.scn"
        story.write_text("plug\nwait 2 s\nplugin\n")
        said = self.refused("--http", "0", "--bench", "0", "--scenario", str(story))
        self.assertTrue(said.startswith(f"{story}:3: "), said)
        self.assertEqual(said.count("\n"), 1, said)

    def test_fresh_leaves_a_folder_alone_that_is_no_flash(self):
        precious = self.data / "flash" / "thesis.txt"
        precious.parent.mkdir(parents=True)
        precious.write_text("chapter one")
        done = self.run_cli("--http", "0", "--bench", "0", "--fresh")
        self.assertEqual(done.returncode, 2)
        self.assertTrue(precious.exists())


class InProcess(unittest.TestCase):
    def test_a_taken_https_port_that_nobody_asked_for_is_left_to_who_has_it(self):
        # a second twin beside the first: only the page's port must be told apart
        with socket.create_server(("127.0.0.1", 0)) as taken, \
                mock.patch.object(cli, "HTTPS_PORT", taken.getsockname()[1]):
            http_port, https_port, listener = cli._ports(cli._parser().parse_args(
                ["--http", "0", "--bench", "0", "--mqtt-port", "0"]))
            listener.close()
            self.assertEqual(len({http_port, https_port, taken.getsockname()[1]}), 3)

    def test_who_interrupts_the_start_of_a_scenario_is_not_told_that_it_went_well(self):
        for steps, status in ((["a step"], 130), (None, 0)):
            with mock.patch.object(cli, "_start", return_value=(steps,)), mock.patch.object(cli, "_on_signals"), \
                    mock.patch.object(cli, "_run", side_effect=KeyboardInterrupt):
                self.assertEqual(cli.main(["--headless"]), status)


class RunningTest(CliCase):
    def test_a_charge_through_the_bench_and_a_clean_end(self):
        begin, port = time.monotonic(), free_port()
        process, known = self.start("--mqtt-port", str(port))
        start_s = time.monotonic() - begin
        self.assertEqual((self.data / "twin.json").stat().st_mode & 0o777, 0o600)
        self.assertTrue(known["mqtt"].endswith(":%d" % port))
        self.assertGreaterEqual(len(known["admin_password"]), 12)
        self.assertGreaterEqual(len(known["control_token"]), 32)
        self.assertEqual(post(known["bench"], "/api/ev", {"plugged": True, "max_current_a": 16})[0], 200)
        self.assertEqual(post(known["bench"], "/api/time", {"advance_s": 60})[0], 200)
        status = get(known["http"], "/api/v1/status")[1]
        self.assertEqual((status["overview_state"], status["contactor"]), ("Charging", "closed"))
        end = time.monotonic() + START_S                # the broker is real, and so is the time that it takes
        while status["mqtt"]["state"] != "connected" and time.monotonic() < end:
            time.sleep(0.2)
            status = get(known["http"], "/api/v1/status")[1]
        self.assertEqual((status["mqtt"]["state"], status["mqtt"]["reason"]), ("connected", ""))
        self.assertGreater(status["drawn_ma"], 15_000)
        state = get(known["bench"], "/api/state")[1]
        self.assertTrue(state["contactor"]["closed"])
        for user in ("admin", "user"):
            body = {"user": user, "password": known[user + "_password"]}
            said = post(known["http"], "/api/v1/login", body)[1]
            self.assertEqual((said["user"], said["must_change_password"]), (user, False))
        request = urllib.request.Request(known["http"] + "/api/v1/settings",
                                         headers={"Authorization": "Bearer " + known["control_token"]})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            self.assertEqual(json.load(answer)["installation.fuse_a"], 16)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=PATIENCE_S)[0]
        self.assertEqual(process.returncode, 0, said)
        self.assertLess(time.monotonic() - begin, 5 + 2 * start_s)      # a machine that is slow at this was so at the start
        for line in (known["http"], known["bench"], known["admin_password"], 'ev_state "C"', "contacts true"):
            self.assertIn(line, said)
        self.assertNotIn("Traceback", said)

    def test_ctrl_c_ends_it_with_exit_0_also_without_power(self):
        process, known = self.start()
        post(known["bench"], "/api/fault", {"name": "power_cut", "on": True})
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE_S)[0]
        self.assertEqual(process.returncode, 0, said)

    def test_a_restart_is_a_reboot_with_the_same_secrets_and_meter(self):
        process, first = self.start()
        post(first["bench"], "/api/ev", {"plugged": True})
        post(first["bench"], "/api/time", {"advance_s": 600})
        energy_wh = get(first["bench"], "/api/state")[1]["meter"]["energy_wh"]
        secrets = (first["admin_password"], first["control_token"])
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
        saved = json.loads((self.data / "world.json").read_text())
        self.assertGreaterEqual(saved["energy_mwh"], energy_wh * 1000)
        # not with start(): that takes twin.json away, and with it the secrets
        process = subprocess.Popen([sys.executable, "-m", "tools.twin", "--headless", "--http", "0", "--bench", "0",
                                    "--mqtt-port", "0", "--data", str(self.data)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while "data " not in process.stdout.readline():
            pass
        known = json.loads((self.data / "twin.json").read_text())
        self.assertEqual((known["admin_password"], known["control_token"]), secrets)
        end = time.monotonic() + START_S
        while True:
            try:
                status = get(known["http"], "/api/v1/status")[1]
                break
            except (OSError, http.client.HTTPException):
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
        self.assertEqual(status["boot_number"], 2)
        self.assertGreaterEqual(get(known["bench"], "/api/state")[1]["meter"]["energy_wh"], energy_wh)

    def test_a_second_twin_on_the_same_data_is_refused(self):
        self.start()
        done = self.run_cli("--http", "0", "--bench", "0", "--headless")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
        self.assertIn("in use by another twin", done.stderr)

    def test_power_cut_and_resets_boot_the_firmware_again(self):
        process, known = self.start()
        for boot, (path, body) in enumerate((("fault", {"name": "power_cut", "on": True}), ("reset", {"cause": "soft"}),
                                             ("reset", {"cause": "watchdog"}), ("reset", {"cause": "power"})), 2):
            with self.subTest(body=body):
                post(known["bench"], "/api/" + path, body)
                if path == "fault":
                    self.assertEqual(post(known["bench"], "/api/reset", {"cause": "soft"})[0], 409)
                    post(known["bench"], "/api/fault", {"name": "power_cut", "on": False})
                post(known["bench"], "/api/time", {"advance_s": 30})
                status = get(known["http"], "/api/v1/status")[1]
                self.assertEqual((status["boot_number"], status["overview_state"]), (boot, "Idle"))

    def test_a_scenarios_end_is_the_exit_status(self):
        for story, status in (("plug\nexpect charger.cp_state is B within 3 s\n", 0),
                              ("expect world.contactor.closed is true within 3 s\n", 1)):
            file = self.data.parent / "story.scn"
            file.write_text(story)
            done = self.run_cli("--headless", "--http", "0", "--bench", "0", "--scenario", str(file))
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIn("story.scn:1: expect world.contactor.closed is true within 3 s", done.stdout)

    def test_a_scenario_that_was_interrupted_has_not_gone_well(self):
        story = self.data.parent / "story.scn"
        story.write_text("wait 10 h\n")
        process, _ = self.start("--speed", "1", "--scenario", str(story))
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=PATIENCE_S)[0]
        self.assertEqual(process.returncode, 130, said)

    def test_fresh_starts_as_a_new_device(self):
        process, _ = self.start()
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
        marker = self.data / "flash" / "data" / "old"
        marker.write_text("x")
        _, known = self.start("--fresh")
        self.assertFalse(marker.exists())
        said = post(known["http"], "/api/v1/login", {"user": "admin", "password": known["admin_password"]})[1]
        self.assertEqual((said["role"], said["must_change_password"]), ("public", True))


class VmTest(CliCase):
    def setUp(self):
        super().setUp()
        try:
            find_vm(fetch=False)
        except VmMissing as exc:
            self.skipTest(f"no MicroPython VM: {exc}")

    def test_the_firmware_charges_on_micropython_survives_a_power_cut_and_ends_cleanly(self):
        story = self.data.parent / "story.scn"
        story.write_text("""
            wait 2 s
            expect charger.cp_state is A within 60 s
            plug
            expect charger.contactor is closed within 60 s
            expect trace contacts true within 60 s of ev_state C
            fault power_cut on
            expect trace contacts false within 50 ms of coil false
            wait 500 ms
            fault power_cut off
            expect charger.boot_number is 2 within 60 s
            call GET /api/v1/tokens as user refused forbidden
            set charging.max_current_a 10
            expect charger.limit_ma is 10000 within 5 s
            command stop as user
            reboot
            expect charger.boot_number is 3 within 60 s
            set charging.max_current_a 12
            unplug
            expect charger.cp_state is A within 60 s
        """)
        done = self.run_cli("--vm", "--headless", "--http", "0", "--bench", "0", "--scenario", str(story))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_twin_on_the_vm_cannot_be_hurried_and_says_so(self):
        self.assertIn("--speed", self.refused("--vm", "--speed", "10"))
        process, known = self.start("--vm")
        status, answer = post(known["bench"], "/api/time", {"advance_s": 60})
        self.assertEqual((status, answer["error"]["code"]), (409, "not_now"))
        process.send_signal(signal.SIGTERM)
        self.assertEqual((process.wait(PATIENCE_S), "Traceback" in process.stdout.read()), (0, False))


if __name__ == "__main__":
    unittest.main()
