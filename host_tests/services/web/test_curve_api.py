"""Power curves over HTTP: the running session's and past ones."""
from firmware.records import curve_log
from firmware.records.curve import Curve
from firmware.services.web.curve_api import CurveApi
from firmware.services.web.roles import PUBLIC
from host_tests.services.web.harness import ApiTest
from host_tests.storage.scratch import Scratch


class Session:
    number = 13                   # the flash knew of a twelfth


class CurveApiTest(ApiTest):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.curve = Curve(lambda *curve: curve_log.append(self.scratch.folder, *curve))
        self.session = None
        self.api = CurveApi(self.curve, self.scratch.folder, lambda: self.session)

    def charge(self, number):
        self.curve.begin(number)
        for s in range(100):
            self.curve.add(s + 7, 11000)
        self.curve.add(112, 11000)

    def test_the_running_sessions_curve_has_null_where_nobody_measured(self):
        async def test(server):
            self.assertEqual((await server.call("GET", "/api/v1/curve")).json(),
                             {"number": None, "running": False, "from_s": 0, "step_s": 2, "power_w": []})
            self.charge(12)
            self.session = Session()
            self.assertEqual((await server.call("GET", "/api/v1/curve")).json(),
                             {"number": 13, "running": True, "from_s": 7, "step_s": 2,
                              "power_w": [11000] * 50 + [None] * 2 + [11000]})
            self.session = None
            ended = (await server.call("GET", "/api/v1/curve")).json()
            self.assertEqual((ended["number"], ended["running"]), (12, False))
        self.with_server(test)

    def test_a_past_sessions_curve_is_found_by_its_number(self):
        async def test(server):
            for number in (3, 5, 6):
                self.charge(number)
                self.curve.end(number)
                self.curve.flush(True)
            found = (await server.call("GET", "/api/v1/sessions/5/curve")).json()
            self.assertEqual((found["number"], found["running"], found["from_s"], found["step_s"], found["power_w"]),
                             (5, False, 7, 2, [11000] * 50 + [None] * 2 + [11000]))
            for path in ("4/curve", "7/curve", "0/curve"):
                answer = await server.call("GET", "/api/v1/sessions/" + path)
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (404, "no_curve"), path)
            for path in ("5", "5/", "5/curves", "x/curve", "-5/curve", "12345678901/curve", ""):
                answer = await server.call("GET", "/api/v1/sessions/" + path)
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (404, "not_found"), path)
        self.with_server(test)

    def test_nobody_unknown_sees_curves(self):
        async def test(server):
            for path in ("curve", "sessions/5/curve"):
                self.assertEqual((await server.call("GET", "/api/v1/" + path)).status, 401)
        self.with_server(test, role_of=lambda request: PUBLIC)
