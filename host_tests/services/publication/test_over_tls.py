# cpython only: the servers are other people's, in processes; what sends to them runs on CPython and, in a process, on the VM
"""Records over TLS to what people really run: nginx, an SMTP and an FTP server, with certificates that are right and wrong; what
must not go over the wire without TLS; active FTP; and an HTTP proxy. The same tries on both interpreters."""
import json
import socket
import subprocess
import tempfile
import threading
import unittest

from host_tests.services.mqtt.certificates import Authority, one_line
from host_tests.services.publication import servers
from host_tests.services.publication.tries import WHOLE, outcomes
from tools.setup.vm import VmMissing, find_vm, vm_command, vm_environment
from tools.twin.ports import free_port

MAIL = {"sender": "box@home.lan", "to": "ada@home.lan"}
ADA = {"user": "ada", "password": "secret"}


def on_cpython(test, tries):
    return outcomes(tries)


def on_vm(test, tries):
    try:
        find_vm()
    except VmMissing as error:
        test.skipTest("no MicroPython: %s" % error)
    with tempfile.NamedTemporaryFile("w") as file:
        json.dump(tries, file)
        file.flush()
        code = "from host_tests.services.publication.tries import main; main(%r)" % file.name
        done = subprocess.run(vm_command() + ["-c", code], env=vm_environment(), capture_output=True, text=True, timeout=200)
    for line in done.stdout.splitlines():
        if line.startswith("@@ "):
            return json.loads(line[3:])
    raise AssertionError(done.stdout + done.stderr)


def a_try(method, port, host="localhost", charger=None, proxy=None, **target):
    return {"method": method, "target": dict(target, host=host, port=port), "charger": charger or {}, "proxy": proxy}


class Cases:
    """run_tries(test, tries) -> [[code, detail]]"""

    def check(self, *rows):
        """rows: (try, code)"""
        found = type(self).run_tries(self, [one for one, _ in rows])
        self.assertEqual([code for code, _ in found], [code for _, code in rows], found)
        return found

    def setUp(self):
        self.ca = Authority(self)
        self.good = self.ca.sign("server")
        self.pem = one_line(self.ca.path)

    def secure(self, **more):
        return dict(security="tls", ca=self.pem, **more)

    def test_a_file_goes_by_https_and_a_certificate_that_is_wrong_is_named(self):
        port, files = servers.web(self, self.good)
        late, _ = servers.web(self, self.ca.sign("server", days=-1))
        other, _ = servers.web(self, self.ca.sign("server", "elsewhere.example"))
        plain, _ = servers.web(self)
        stranger = one_line(Authority(self, "Another CA").path)
        self.check(
            (a_try("http", port, path="/in", **self.secure()), "sent"),
            (a_try("http", port, path="/no", security="tls", ca=stranger), "tls_unknown_ca"),
            (a_try("http", port, path="/no", security="tls"), "no_ca"),
            (a_try("http", port, path="/no", security="tls", ca="-----BEGIN CERTIFICATE-----AA-----END CERTIFICATE-----"),
             "bad_certificate"),
            (a_try("http", late, path="/no", **self.secure()), "tls_expired"),
            (a_try("http", other, path="/no", **self.secure()), "tls_host_name"),
            (a_try("http", port, "127.0.0.1", path="/no", **self.secure()), "tls_host_name"),
            (a_try("http", plain, path="/no", **self.secure()), "tls"),
            (a_try("http", free_port(), path="/no", **self.secure()), "no_connection"),
            (a_try("http", port, path="/no", charger={"clock_s": 0}, **self.secure()), "clock_unknown"),
            (a_try("http", port, path="/no", charger={"calm_for": 0}, **self.secure()), "charging"),
            (a_try("http", port, path="/locked", **self.secure(**ADA)), "log_in"),
        )
        self.assertEqual([str(path.relative_to(files)) for path in files.rglob("*.csv")], ["in/records.csv"])
        self.assertEqual((files / "in/records.csv").read_bytes(), WHOLE)

    def test_a_handshake_ends_when_a_vehicle_begins_to_charge_in_its_middle(self):
        with Listening(b"", b"no TLS at all\r\n", after_s=0.3) as slow:
            self.check((a_try("http", slow.port, charger={"calm_for": 1}, **self.secure()), "charging"),
                       (a_try("http", slow.port, charger={"calm_for": 2}, **self.secure()), "tls"))

    def test_a_file_goes_by_https_through_a_proxy_that_sees_nothing_of_it(self):
        port, files = servers.web(self, self.good)
        proxy = Proxy(self)
        self.check((a_try("http", port, path="/in", proxy=("127.0.0.1", proxy.port), **self.secure()), "sent"),
                   (a_try("http", port + 1 if port < 65535 else 1, path="/in", proxy=("127.0.0.1", proxy.port), **self.secure()),
                    "http_status"))
        self.assertEqual(proxy.asked[0], "CONNECT localhost:%d HTTP/1.1" % port)
        self.assertEqual((files / "in/records.csv").read_bytes(), WHOLE)
        self.assertNotIn(b"Ada", proxy.seen)

    def test_a_mail_goes_by_tls_and_by_starttls_with_a_log_in(self):
        for tls in ("tls", "starttls"):
            port, mails = servers.smtp(self, tls=tls, certificate=self.good[0], key=self.good[1], **ADA)
            expired = self.ca.sign("server", days=-1)
            late, none = servers.smtp(self, tls=tls, certificate=expired[0], key=expired[1])
            words = dict(MAIL, security=tls, ca=self.pem, user="ada")
            self.check((a_try("smtp", port, password="secret", **words), "sent"),
                       (a_try("smtp", port, password="wrong", **words), "log_in"),
                       (a_try("smtp", late, **words), "tls_expired"),
                       (a_try("smtp", port, "127.0.0.1", password="secret", **words), "tls_host_name"))
            self.assertEqual(list(none.iterdir()), [])
            head, _, mail = next(mails.iterdir()).read_bytes().partition(b"\n")
            self.assertEqual(json.loads(head), {"from": "box@home.lan", "to": ["ada@home.lan"], "user": "ada", "tls": True})
            self.assertEqual(len(list(mails.iterdir())), 1)
            self.assertIn(b"Content-Disposition: attachment", mail)

    def test_no_mail_goes_without_the_tls_that_was_asked_for(self):
        plain, mails = servers.smtp(self)
        with Listening(b"220 hi\r\n", b"250 STARTTLS\r\n", b"220 go\r\n250 I come from between\r\n") as between, \
             Listening(b"220 hi\r\n", b"250-x\r\n250 y\r\n", b"220 go\r\n", b"no TLS at all\r\n") as nothing:
            self.check((a_try("smtp", plain, security="starttls", ca=self.pem, **MAIL), "refused"),
                       (a_try("smtp", plain, security="tls", ca=self.pem, **MAIL), "tls"),
                       (a_try("smtp", between.port, security="starttls", ca=self.pem, **MAIL), "bad_answer"),
                       (a_try("smtp", nothing.port, security="starttls", ca=self.pem, **MAIL), "tls"))
        self.assertEqual(list(mails.iterdir()), [])

    def test_no_password_goes_over_the_wire_in_plain_unless_the_owner_allows_it(self):
        with Listening() as ear:
            self.check(*[(a_try(method, ear.port, **MAIL, **ADA), "plain_password") for method in ("http", "ftp", "smtp")])
            self.assertEqual(ear.heard, b"")
        port, mails = servers.smtp(self, **ADA)
        self.check((a_try("smtp", port, plain_password=True, **MAIL, **ADA), "sent"))
        self.assertEqual(len(list(mails.iterdir())), 1)

    def test_ftp_with_tls_is_refused_before_anything_is_said(self):
        with Listening() as ear:
            self.check(*[(a_try("ftp", ear.port, security=tls, ca=self.pem, **ADA), "no_ftps") for tls in ("tls", "starttls")])
            self.assertEqual(ear.heard, b"")

    def test_an_ftp_server_that_calls_back_gets_the_file(self):
        port, folder = servers.ftp(self, passive=False)
        words = dict(path="/in", user="ada", password="secret", plain_password=True)
        self.check((a_try("ftp", port, **words), "refused"),
                   (a_try("ftp", port, passive=False, **words), "sent"),
                   (a_try("ftp", port, passive=False, charger={"address": None}, **words), "no_connection"))
        self.assertEqual((folder / "in/records.csv").read_bytes(), WHOLE)


class Listening:
    """Says something after each line that it hears, when some time has passed, and keeps what it heard."""

    def __init__(self, *says, after_s=0):
        self._says = says
        self._after = threading.Event()
        self._after_s = after_s
        self.heard = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer:
                for words in self._says:
                    self._after.wait(self._after_s if words else 0)
                    try:
                        peer.sendall(words)
                        self.heard += peer.recv(4096)
                    except OSError:
                        break

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


class Proxy:
    """An HTTP proxy that knows CONNECT; asked: first lines, seen: all bytes of the tunnels."""

    def __init__(self, test):
        self.asked, self.seen = [], b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        test.addCleanup(thread.join, 5)
        test.addCleanup(self._listener.close)
        test.addCleanup(self._listener.shutdown, socket.SHUT_RDWR)

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._tunnel(client)

    def _tunnel(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            self.asked.append(head.split(b"\r\n")[0].decode())
            host, port = self.asked[-1].split(" ")[1].split(":")
            try:
                server = socket.create_connection((host, int(port)), 5)
            except OSError:
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                return
            with server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
                back.start()
                self._pass(client, server)
                back.join(5)

    def _pass(self, source, target):
        while True:
            try:
                data = source.recv(4096)
                self.seen += data
                target.sendall(data)
            except OSError:
                return
            if not data:
                try:
                    target.shutdown(socket.SHUT_WR)
                except OSError:
                    return
                return


class OnCPython(Cases, unittest.TestCase):
    run_tries = on_cpython


class OnMicroPython(Cases, unittest.TestCase):
    run_tries = on_vm


if __name__ == "__main__":
    unittest.main()
