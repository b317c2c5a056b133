# cpython only: the server is a thread
"""Servers that repeat what they were told: nothing of a log-in gets into failure, fact or event log."""
import binascii
import json
import socket
import threading
import unittest

from firmware.services.http_failure import HttpFailure
from firmware.services.publication import fault_mail
from firmware.services.publication.destination import Target, sender
from firmware.services.publication.fault_mail import FaultMail
from firmware.services.publication.publisher import TRIES, Publisher
from firmware.zone import Zone
from host_tests.services.publication.test_against_servers import in_place
from host_tests.services.web.harness import run
from host_tests.storage.scratch import Scratch

USER, PASSWORD = "adalovelace", "hunter2hunter2"
FTP = {"": "220 hello", "USER": "331 password please", "PASS": "230 in", "TYPE": "200 ok"}
SMTP = {"": "220 hello", "EHLO": "250-post\r\n250-AUTH LOGIN PLAIN\r\n250 HELP", "AUTH": "235 in", "MAIL": "250 ok"}
LOGIN = dict(SMTP, EHLO="250-post\r\n250 auth login", AUTH="334 VXNlcm5hbWU6")


def base64(text):
    return binascii.b2a_base64(text.encode()).decode().strip()


SECRETS = (USER, PASSWORD, base64(USER), base64(PASSWORD), base64("\0" + USER + "\0" + PASSWORD))


class Charger:
    """What the wiring lends: one session, and a clock that stands."""

    def __init__(self):
        self.notes = []

    def sessions(self):
        yield {"number": 1}

    def csv(self, sessions):
        yield b"number\r\n"

    def utc_s(self):
        return 1795996861

    def zone(self):
        return Zone("UTC0")

    def name(self):
        return "Garage"

    def may_write(self):
        return True

    def stamp(self):
        return 7, 100, 0

    def when(self, stamp):
        return "then"

    def note(self, code, detail):
        self.notes.append((code, detail))


class Echo(unittest.TestCase):
    def serve(self, answers, hidden, number):
        """A server that answers each order by `answers`, and all others by their number and everything it has heard so far, what
        it is told alone too; after `hidden` lines."""
        listener = socket.create_server(("127.0.0.1", 0))

        def talk(peer, file):
            peer.sendall((answers[""] + "\r\n").encode())
            heard = []
            for line in file:
                heard.append(line.decode().strip())
                word = heard[-1].split(" ")[0]
                good = word in answers and len(heard) <= hidden
                echo = "%s 5.5.2 %s\r\n" % (number, " ".join(reversed(heard)))
                peer.sendall((answers[word] + "\r\n" if good else echo).encode())

        def serve():
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer, peer.makefile("rb") as file:
                    try:
                        talk(peer, file)
                    except OSError:
                        continue
        threading.Thread(target=serve, daemon=True).start()
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)
        return listener.getsockname()[1]

    def rows(self):
        """(method, port, code, what may be said)"""
        for method, answers, number, told, first, last in (
                ("ftp", FTP, "500", "500", 0, 4), ("smtp", SMTP, "550", "550 5.5.2", 1, 4),
                ("smtp", LOGIN, "500", "500 5.5.2", 2, 3)):
            for hidden in range(first, last):
                yield method, self.serve(answers, hidden, number), told

    def clean(self, text):
        for secret in SECRETS:
            self.assertNotIn(secret, text)

    def test_refusal_after_a_log_in_tells_numbers_only(self):
        seen = 0
        for method, port, told in self.rows():
            target = Target("127.0.0.1", port, "in", "", USER, PASSWORD, "a@b.lan", "c@d.lan", plain_password=True)
            with self.assertRaises(HttpFailure) as caught:
                run(sender(method)(target, "x.csv", 0, iter(()), in_place))
            self.assertIn(caught.exception.code, ("log_in", "refused"))
            self.assertEqual(caught.exception.detail, told)
            self.clean(str(caught.exception))
            seen += 1
        self.assertEqual(seen, 8)

    def test_without_a_log_in_the_servers_words_are_told(self):
        with self.assertRaises(HttpFailure) as caught:
            run(sender("ftp")(Target("127.0.0.1", self.serve(FTP, 3, "550"), "in"), "x.csv", 0, iter(()), in_place))
        self.assertEqual(caught.exception.detail[:16], "550 5.5.2 CWD in")

    def test_only_an_enhanced_status_code_of_the_same_class_is_told(self):
        for word, told in (("5.7.8", "550 5.7.8"), ("4.7.8", "550"), ("5.7", "550"), ("5.7.8888", "550"), ("5.hunter.2", "550"),
                           ("5.7.8.9", "550"), (PASSWORD, "550"), ("", "550")):
            port = self.serve(dict(SMTP, AUTH="550 %s %s" % (word, PASSWORD)), 9, "550")
            target = Target("127.0.0.1", port, "", "", USER, PASSWORD, "a@b.lan", "c@d.lan", plain_password=True)
            with self.assertRaises(HttpFailure) as caught:
                run(sender("smtp")(target, None, 0, (), in_place))
            self.assertEqual(caught.exception.detail, told, word)

    def test_log_in_that_is_not_offered_is_not_tried(self):
        port = self.serve(dict(SMTP, EHLO="250-post\r\n250-AUTH CRAM-MD5 GSSAPI\r\n250 AUTHOR"), 9, "550")
        target = Target("127.0.0.1", port, "", "", USER, PASSWORD, "a@b.lan", "c@d.lan", plain_password=True)
        with self.assertRaises(HttpFailure) as caught:
            run(sender("smtp")(target, None, 0, (), in_place))
        self.assertEqual((caught.exception.code, caught.exception.detail),
                         ("log_in", "the server offers neither AUTH PLAIN nor AUTH LOGIN here"))

    def settings(self, port, method="smtp"):
        values = {"publication.method": method, "publication.every": "day", "fault_mail.on": True}
        for area in ("publication.", "fault_mail."):
            for name, value in (
                    ("host", "127.0.0.1"), ("port", port), ("user", USER), ("password", PASSWORD), ("sender", "a@b.lan"),
                    ("to", "c@d.lan"), ("security", "none"), ("plain_password", True), ("path", "in")):
                values[area + name] = value
        return lambda key: values[key]

    def test_facts_and_event_log_hold_nothing_of_a_log_in(self):
        scratch = Scratch()
        self.addCleanup(scratch.close)
        for number, (method, port, told) in enumerate(self.rows()):
            charger = Charger()
            publisher = Publisher(scratch.folder + "publication%d" % number, charger, in_place)
            publisher.apply(self.settings(port, method))
            publisher._load()
            publisher._change(waiting=True, tries=TRIES - 1)
            run(publisher.step())
            self.assertEqual((publisher.fact()["result"], publisher.fact()["detail"]), ("dropped", told))
            self.assertEqual(charger.notes[0][0], "publication_dropped")
            self.clean(json.dumps([publisher.fact(), charger.notes]))
            if method == "ftp":
                continue
            mail = FaultMail(charger, in_place)
            mail.apply(self.settings(port))
            mail.hear("fault", {"code": 11, "name": "f11", "kind": "fault"})
            mail._wait_s, mail._tries = 0, len(fault_mail._WAITS_S)
            run(mail.step())
            self.assertEqual((mail.fact()["result"], mail.fact()["detail"]), ("given_up", told))
            self.assertEqual(charger.notes[-1][0], "fault_mail_given_up")
            self.clean(json.dumps([mail.fact(), charger.notes]))


if __name__ == "__main__":
    unittest.main()
