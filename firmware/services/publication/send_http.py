"""A file to a web server: as the body of a PUT, or as a field of a form (POST, multipart/form-data, RFC 7578)."""

import binascii

from firmware.services import http_client

_BOUNDARY = "mode3-records-2b7e151628aed2a6"


async def send(target, name, length, pieces, to_thread):
    """target: destination.Target; pieces: iterator of bytes, `length` of them together. HttpFailure."""
    headers = ()
    if target.user:
        credentials = binascii.b2a_base64(("%s:%s" % (target.user, target.password)).encode()).decode().strip()
        headers = (("Authorization", "Basic " + credentials),)
    url = target.url()
    if not target.field:
        slash = "" if url.endswith("/") else "/"
        return await http_client.put(url + slash + name, to_thread, "text/csv; charset=utf-8", pieces, length, "PUT", headers)
    head = ('--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: text/csv; charset=utf-8\r\n\r\n'
            % (_BOUNDARY, target.field, name)).encode()
    tail = ("\r\n--%s--\r\n" % _BOUNDARY).encode()
    return await http_client.put(url, to_thread, "multipart/form-data; boundary=" + _BOUNDARY, _around(head, pieces, tail),
                                 len(head) + length + len(tail), "POST", headers)


def _around(head, pieces, tail):
    yield head
    yield from pieces
    yield tail
