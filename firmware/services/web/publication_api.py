"""Publication over HTTP: try it now."""

import json

from firmware.services.web.reply import HttpError, Reply
from firmware.services.web.request import json_object
from firmware.services.web.roles import ADMIN, CONTROL

_PATH = "/api/v1/publication/test"
_BODY = 64


class PublicationApi:
    """Handlers. publisher: publication.publisher.Publisher; mail: publication.fault_mail.FaultMail."""

    def __init__(self, publisher, mail):
        self._publisher = publisher
        self._mail = mail

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("POST", _PATH, CONTROL, self.test, _BODY),
            ("POST", _PATH + "/mail", ADMIN, self.test_mail, _BODY),
        )

    async def test(self, request, rest):
        """A file without sessions goes out now, and what waits is tried again; the fact `publication` tells what became of it."""
        json_object(request.body)
        return _begun(self._publisher.test(), "publication.method is off, a file is being sent, or power flows and TLS must wait")

    async def test_mail(self, request, rest):
        """A mail goes out now; the fact `fault_mail` tells what became of it."""
        json_object(request.body)
        return _begun(self._mail.test(), "fault_mail.on is false, or power flows and TLS must wait")


def _begun(code, text):
    if code is not None:
        raise HttpError(409, code, text)
    return Reply(json.dumps({"result": "begun"}))
