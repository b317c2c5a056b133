"""Why an update is not taken. The codes are promises: the page has a sentence for each, the update log keeps them."""

REASONS = (
    # (code, what it says)
    ("no_server", "no update server is set"),
    ("bad_address", "the server's address is no http address"),
    ("no_name", "the server's name is not known"),
    ("no_connection", "the server cannot be reached"),
    ("no_answer", "the server does not answer, or too slowly"),
    ("http_status", "the server answers with an error; the detail is its status"),
    ("bad_answer", "what the server says is no HTTP that we understand"),
    ("redirects", "the server sends from one address to the next"),
    ("wrong_length", "a file has another length than the manifest says"),
    ("wrong_hash", "a file has another content than the manifest says"),
    ("too_large", "the package is larger than a package may be"),
    ("bad_manifest", "the manifest is not as it must be; the detail names the line"),
    ("bad_path", "the manifest names a path outside the application"),
    ("unsigned", "the manifest has no signature"),
    ("bad_signature", "the signature is not by a key that this firmware trusts, or the manifest was changed"),
    ("no_key", "this firmware trusts no key: it takes no package"),
    ("wrong_board", "the package is for another family of boards"),
    ("old_boot", "boot.py is older than the package needs"),
    ("not_newer", "this version runs already"),
    ("older", "the package is older than what runs; only the administrator may go back"),
    ("failed_before", "this version was tried and did not come up"),
    ("no_space", "the flash has too little room"),
    ("flash_failed", "the flash did not take what was written"),
    ("no_slots", "this firmware was not started from a slot: it cannot be replaced"),
    ("on_trial", "the version that runs has not proved itself yet"),
    ("vehicle", "a vehicle is plugged in, or power flows"),
    ("showroom", "a showroom keeps nothing"),
    ("busy", "an update is under way already"),
    ("rolled_back", "the version did not come up; the one before runs again"),
    ("interrupted", "it was broken off; what is there is kept for the next time"),
)


class UpdateError(Exception):
    """code: of REASONS; detail: what exactly, for logs."""

    def __init__(self, code, detail=""):
        super().__init__("%s: %s" % (code, detail) if detail else code)
        self.code = code
        self.detail = detail
