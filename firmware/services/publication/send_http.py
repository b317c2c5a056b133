"""A file to a web server, HTTP or HTTPS: as the body of a PUT, or as a field of a form (POST, multipart/form-data, RFC 7578)."""

import binascii

from firmware.services import http_client
from firmware.services.http_failure import HttpFailure

_BOUNDARY = "mode3-records-2b7e151628aed2a6"


async def send(target, name, length, pieces, to_thread):
    """target: destination.Target; pieces: iterator of bytes, `length` of them together. HttpFailure."""
    headers = ()
    for char in target.field:
        if char < " " or char in '"\\\x7f':                # it stands in quotes in the form's head
            raise HttpFailure("bad_address", "field: a quote, a backslash or a control character")
    if target.user:
        target.may_log_in()
        credentials = binascii.b2a_base64(("%s:%s" % (target.user, target.password)).encode()).decode().strip()
        headers = (("Authorization", "Basic " + credentials),)
    url = target.url()
    method, kind = "PUT", "text/csv; charset=utf-8"
    if target.field:
        method, kind = "POST", "multipart/form-data; boundary=" + _BOUNDARY
        head, tail = _head(target.field, name), ("\r\n--%s--\r\n" % _BOUNDARY).encode()
        pieces, length = _around(head, pieces, tail), len(head) + length + len(tail)
    else:
        url += ("" if url.endswith("/") else "/") + name
    try:
        return await http_client.put(url, to_thread, kind, pieces, length, method, headers,
                                     None if target.security == "none" else target.secured)
    except HttpFailure as failure:
        raise HttpFailure("log_in", failure.detail) if failure.detail == "401" else failure


def _head(field, name):
    return ('--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: text/csv; charset=utf-8\r\n\r\n'
            % (_BOUNDARY, field, name)).encode()


def _around(head, pieces, tail):
    yield head
    yield from pieces
    yield tail
