"""What a request to somebody else's server ends with when it fails. Apart from the client, which is loaded for each use: whoever
catches it must mean the same class before and after."""


class HttpFailure(Exception):
    """code: bad_address, no_name, no_connection, no_answer, http_status, bad_answer, redirects; detail for logs."""

    def __init__(self, code, detail=""):
        super().__init__("%s: %s" % (code, detail) if detail else code)
        self.code = code
        self.detail = detail
