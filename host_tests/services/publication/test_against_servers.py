# cpython only: the servers are other people's, in processes and threads
"""The senders against what people really run: an FTP server, an SMTP server with log-in, a web server with WebDAV, a form."""
import contextlib
import email
import email.policy
import http.server
import json
import socket
import threading
import unittest

from firmware.services.http_failure import HttpFailure
from firmware.services.publication import send_ftp, send_http, send_smtp
from firmware.services.publication.destination import Target
from host_tests.services.publication import servers
from host_tests.services.web.harness import run
from tools.twin.ports import free_port

LINES = [b"\xef\xbb\xbfnumber;user\r\n", b"", b"1;Ada\r\n", b"2;B\xc3\xa9n\r\n"]
LINES += [b"%d;x\r\n" % number for number in range(3, 400)]
WHOLE = b"".join(LINES)


async def in_place(fn, *args):
    """to_thread() of a test: a name on this machine is found at once."""
    return fn(*args)


def send(module, target, name="records.csv", lines=LINES, **more):
    return run(module.send(target, name, sum(map(len, lines)), iter(lines), in_place, **more))


class Ftp(unittest.TestCase):
    def setUp(self):
        self.port, self.folder = servers.ftp(self)

    def test_file_arrives_whole_under_its_name_and_no_part_is_left(self):
        send(send_ftp, Target("127.0.0.1", self.port, "/in", user="ada", password="secret", plain_password=True))
        self.assertEqual([path.name for path in (self.folder / "in").iterdir()], ["records.csv"])
        self.assertEqual((self.folder / "in/records.csv").read_bytes(), WHOLE)

    def test_wrong_password_and_missing_folder_are_told_as_the_server_says_it(self):
        for path, password, code, says in (("in", "wrong", "log_in", "530"), ("nowhere", "secret", "refused", "550")):
            with self.assertRaises(HttpFailure) as caught:
                send(send_ftp, Target("127.0.0.1", self.port, path, user="ada", password=password, plain_password=True))
            self.assertEqual((caught.exception.code, caught.exception.detail[:3]), (code, says))

    def test_line_end_in_a_setting_becomes_no_order(self):
        with self.assertRaises(HttpFailure) as caught:
            send(send_ftp, Target("127.0.0.1", self.port, user="ada\r\nDELE x", password="secret", plain_password=True))
        self.assertEqual(caught.exception.code, "bad_address")


class Smtp(unittest.TestCase):
    def serve(self, **options):
        port, self.folder = servers.smtp(self, **options)
        return port

    def mails(self):
        """[(envelope, mail)]"""
        found = []
        for path in sorted(self.folder.iterdir()):
            head, _, content = path.read_bytes().partition(b"\n")
            found.append((json.loads(head), email.message_from_bytes(content, policy=email.policy.default)))
        return found

    def test_records_arrive_as_a_file_at_every_recipient(self):
        port = self.serve()
        send(send_smtp, Target("127.0.0.1", port, sender="box@home.lan", to="ada@home.lan; ben@home.lan"),
             subject="Garage: März", text="New records.\n.\n.. end", utc_s=1795996861)
        envelope, mail = self.mails()[0]
        self.assertEqual((envelope["from"], envelope["to"]), ("box@home.lan", ["ada@home.lan", "ben@home.lan"]))
        self.assertEqual((mail["Subject"], mail["Date"]), ("Garage: März", "Mon, 30 Nov 2026 00:01:01 +0000"))
        text, file = mail.iter_parts()
        self.assertEqual(text.get_content().strip().splitlines(), ["New records.", ".", ".. end"])
        self.assertEqual((file.get_filename(), file.get_payload(decode=True)), ("records.csv", WHOLE))
        self.assertFalse(mail.defects or text.defects or file.defects)

    def test_a_long_subject_is_told_in_words_that_every_mail_program_takes(self):
        port = self.serve()
        subject = "Über den Dächern, Wallbox 2 €: began  9010 meter_lost " + "ü" * 30
        run(send_smtp.send(Target("127.0.0.1", port, sender="box@home.lan", to="ada@home.lan"), None, 0, (), in_place, subject,
                           "x\n", 0))
        _, mail = self.mails()[0]
        self.assertEqual((mail["Subject"], mail["Subject"].defects), (subject, ()))
        lines = next(self.folder.iterdir()).read_bytes().splitlines()
        words = [line for line in lines if b"=?utf-8?B?" in line]
        self.assertGreater(len(words), 2)
        self.assertLessEqual(max(len(line) for line in words), 76)        # RFC 2047, section 2

    def test_mail_without_a_file_is_only_its_text(self):
        port = self.serve()
        run(send_smtp.send(Target("127.0.0.1", port, sender="box@home.lan", to="ada@home.lan"), None, 0, (), in_place,
                                "Garage: fault", "8005 residual_current\n", 0))
        _, mail = self.mails()[0]
        self.assertEqual([part.get_content().strip() for part in mail.iter_parts()], ["8005 residual_current"])

    def test_log_in_by_plain_and_by_login(self):
        for left_out in ("", "PLAIN"):
            port = self.serve(user="ada", password="secret", excluded=left_out)
            words = dict(user="ada", sender="box@home.lan", to="ada@home.lan", plain_password=True)
            send(send_smtp, Target("127.0.0.1", port, password="secret", **words))
            self.assertEqual([envelope["user"] for envelope, _ in self.mails()], ["ada"])
            with self.assertRaises(HttpFailure) as caught:
                send(send_smtp, Target("127.0.0.1", port, password="no", **words))
            self.assertEqual((caught.exception.code, caught.exception.detail), ("log_in", "535 5.7.8"))

    def test_recipient_that_is_refused_or_no_address_is_named(self):
        port = self.serve()
        for to, code, says in (("eve@nowhere.lan", "refused", "550"), ("", "bad_address", "no recipient"),
                               ("a b@home.lan", "bad_address", "a b"), ("a@b>\r\nRCPT TO:<c@d", "bad_address", "a@b")):
            with self.assertRaises(HttpFailure) as caught:
                send(send_smtp, Target("127.0.0.1", port, sender="box@home.lan", to=to))
            self.assertEqual(caught.exception.code, code)
            self.assertIn(says, caught.exception.detail)
        self.assertEqual(self.mails(), [])


class Web(unittest.TestCase):
    def test_nginx_takes_the_file_as_a_put(self):
        port, files = servers.web(self)
        send(send_http, Target("127.0.0.1", port, "/in"))
        self.assertEqual((files / "in/records.csv").read_bytes(), WHOLE)
        for path, code, detail in (("/closed", "http_status", "403"), ("/locked", "log_in", "401")):
            with self.assertRaises(HttpFailure) as caught:
                send(send_http, Target("127.0.0.1", port, path))
            self.assertEqual((caught.exception.code, caught.exception.detail), (code, detail))

    def test_form_gets_the_file_in_its_field_with_the_users_name(self):
        taken = {}

        class Form(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.update(path=self.path, credentials=self.headers["Authorization"],
                             form=b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
                self.protocol_version = "HTTP/1.1"
                self.send_response(201)
                self.send_header("Transfer-Encoding", "chunked")      # as a script's answer goes out
                self.end_headers()
                self.wfile.write(b"2\r\nok\r\n0\r\n\r\n")

            def log_message(self, *_):
                return
        server = http.server.HTTPServer(("127.0.0.1", 0), Form)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            send(send_http, Target("127.0.0.1", server.server_port, "upload?kind=csv", "records", "ada", "secret",
                                   plain_password=True))
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        part = next(email.message_from_bytes(taken["form"], policy=email.policy.default).iter_parts())
        self.assertEqual((taken["path"], taken["credentials"]), ("/upload?kind=csv", "Basic YWRhOnNlY3JldA=="))
        self.assertEqual((part.get_param("name", header="Content-Disposition"), part.get_filename(),
                          part.get_payload(decode=True)), ("records", "records.csv", WHOLE))

    def test_field_that_would_leave_its_quotes_is_refused_before_anything_is_sent(self):
        for field in ('a"; filename="b', "a\r\nX-Evil: 1", "a\n", "a\\", "a\x00"):
            with self.assertRaises(HttpFailure) as caught:
                send(send_http, Target("127.0.0.1", free_port(), "/in", field))
            self.assertEqual((caught.exception.code, caught.exception.detail[:6]), ("bad_address", "field:"), field)


class Hostile(unittest.TestCase):
    """Servers that lie or say nothing: an error in time, never a hang."""

    def answer(self, *pieces):
        listener = socket.create_server(("127.0.0.1", 0))

        def serve():
            peer, _ = listener.accept()
            with peer:
                for piece in pieces:
                    peer.sendall(piece)
                peer.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):
                    while peer.recv(1024):
                        continue
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 5)
        self.addCleanup(listener.close)
        return listener.getsockname()[1]

    def test_nonsense_is_an_error(self):
        greeting = (b"220 hi\r\n", b"331 word\r\n", b"230 in\r\n", b"200 ok\r\n")
        for pieces, code in (
            ((b"SSH-2.0\r\n",), "bad_answer"), ((b"220-a\r\n" * 100,), "bad_answer"), ((b"2" * 5000,), "bad_answer"),
            ((b"220-hello\r\n  whoever you are\r\n\r\n530 is no end\r\n220 hi\r\n", b"331 word\r\n", b"530 no\r\n"), "log_in"),
            ((b"",), "no_connection"), ((b"220-a\r\n",), "no_answer"), ((*greeting, b"227 here (1,2,3)\r\n"), "bad_answer"),
            ((b"421 full\r\n",), "refused"), ((*greeting[:1], b"421 full\r\n"), "log_in"), ((b"\x00\xff\n",), "bad_answer"),
        ):
            with self.assertRaises(HttpFailure) as caught:
                send(send_ftp, Target("127.0.0.1", self.answer(*pieces)))
            self.assertEqual(caught.exception.code, code, pieces)

    def test_nobody_there_is_an_error(self):
        for module in (send_ftp, send_smtp, send_http):
            with self.assertRaises(HttpFailure) as caught:
                send(module, Target("127.0.0.1", free_port(), "/in", sender="a@b.lan", to="a@b.lan"))
            self.assertEqual(caught.exception.code, "no_connection")


if __name__ == "__main__":
    unittest.main()
