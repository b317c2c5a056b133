"""A user of the charger's API over HTTP, logged in as the role needs: visitor.py where nobody can reach into the firmware."""

import http.client
import json

HOST = "127.0.0.1"
TIMEOUT_S = 10
USERS = {"admin": "admin", "control": "user"}       # of the charger's roles; whoever is public does not log in


class HttpVisitor:
    """port: the charger's; passwords: {user: password}. A session that has ended with the charger's restart is begun anew."""

    def __init__(self, port, passwords):
        self._port = port
        self._passwords = passwords
        self._sessions = {}             # user -> headers

    def ask(self, method, path, role, values):
        """(HTTP status, answer); a charger that does not answer is a status 503."""
        try:
            user = USERS.get(role)
            known = self._sessions.get(user)
            answer = self._send(method, path, values, known or self._log_in(user))
            if answer[0] == 401 and known:
                answer = self._send(method, path, values, self._log_in(user))
            return answer[:2]
        except (OSError, ValueError, http.client.HTTPException) as exc:
            return 503, {"error": {"code": "no_answer", "message": str(exc), "field": None}}

    def _log_in(self, user):
        """Headers of a new session; none for nobody, and none where the charger refuses: it says why when it is asked."""
        if user is None:
            return {}
        status, about, cookie = self._send("POST", "/api/v1/login", {"user": user, "password": self._passwords[user]}, {})
        if status != 200:
            return {}
        self._sessions[user] = {"Cookie": cookie.partition(";")[0], "X-CSRF-Token": about["csrf"]}
        return self._sessions[user]

    def _send(self, method, path, values, headers):
        """(status, answer, cookie or None)"""
        client = http.client.HTTPConnection(HOST, self._port, timeout=TIMEOUT_S)
        try:
            body = None if method == "GET" else json.dumps(values)
            client.request(method, path, body, {"Content-Type": "application/json", **headers})
            response = client.getresponse()
            return response.status, json.loads(response.read()), response.getheader("Set-Cookie")
        finally:
            client.close()
