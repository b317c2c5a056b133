"""TLS contexts for connections that we make, from certificates as a form gives them, and our codes for what TLS libraries say."""

import sys

if sys.implementation.name == "micropython":
    import tls

    def is_tls(error):
        """The TLS library has raised it, not the socket."""
        return not isinstance(error, OSError) or error.errno is None or error.errno < 0

    def context_from(ca, certificate=b"", key=b""):
        """The interpreter's TLS context for a client, from PEM. ValueError or OSError when it cannot be used."""
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED
        context.load_verify_locations(ca)
        if certificate:
            context.load_cert_chain(certificate, key)
        return context
else:
    import os
    import ssl

    def is_tls(error):
        """The TLS library has raised it, not the socket."""
        return isinstance(error, ssl.SSLError)

    def context_from(ca, certificate=b"", key=b""):
        """The interpreter's TLS context for a client, from PEM. ValueError or OSError when it cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=ca.decode())
        if certificate:
            _load_chain(context, certificate, key)
        return context

    def _load_chain(context, certificate, key):
        """CPython takes both from files only: two pipes, so that the key is never written anywhere."""
        pipes = [os.pipe(), os.pipe()]
        try:
            for (_, end), text in zip(pipes, (certificate, key)):
                os.write(end, text)
                os.close(end)
            context.load_cert_chain("/dev/fd/%d" % pipes[0][0], "/dev/fd/%d" % pipes[1][0])
        finally:
            for end, _ in pipes:
                os.close(end)


def pem(text):
    """Certificates or keys as PEM in lines, whatever became of their line breaks in a form. b"" where there are none."""
    lines = []
    while True:
        begin = text.find("-----BEGIN ")
        after = text.find("-----", begin + 11)
        end = text.find("-----END ", after)
        close = text.find("-----", end + 9)
        if min(begin, after, end, close) < 0:
            break
        name = text[begin + 11:after]
        body = "".join(text[after + 5:end].split())
        lines.append("-----BEGIN %s-----" % name)
        lines += [body[place:place + 64] for place in range(0, len(body), 64)]
        lines.append("-----END %s-----" % name)
        text = text[close + 5:]
    return ("\n".join(lines) + "\n").encode() if lines else b""


# what the two TLS libraries say -> our code; the first that is found counts
_TLS_WORDS = (
    ("expired", "tls_expired"), ("not yet valid", "tls_not_yet_valid"), ("future", "tls_not_yet_valid"),
    ("ostname mismatch", "tls_host_name"), ("IP address mismatch", "tls_host_name"), ("not match", "tls_host_name"),
    ("self-signed", "tls_unknown_ca"), ("self signed", "tls_unknown_ca"), ("local issuer", "tls_unknown_ca"),
    ("not correctly signed", "tls_unknown_ca"), ("NOT_TRUSTED", "tls_unknown_ca"), ("CRL_NOT_FOUND", "tls_unknown_ca"),
)


def tls_code(error):
    """Our code for what the TLS library has raised."""
    text = str(error)
    for words, code in _TLS_WORDS:
        if words in text:
            return code
    return "tls"
