"""An FTP server in a process of its own, by the system's Python: `ftp_office.py FOLDER OPTIONS`, OPTIONS as JSON: port, passive
(false: it calls back only). User ada, password secret."""
import json
import sys
import warnings

warnings.simplefilter("ignore")

from pyftpdlib.authorizers import DummyAuthorizer  # noqa: E402
from pyftpdlib.handlers import FTPHandler  # noqa: E402
from pyftpdlib.servers import FTPServer  # noqa: E402


def main(folder, port, passive=True):
    FTPHandler.authorizer = DummyAuthorizer()
    FTPHandler.authorizer.add_user("ada", "secret", folder, perm="elradfmwMT")
    FTPHandler.authorizer.add_anonymous(folder)
    FTPHandler.auth_failed_timeout = 0
    if not passive:
        FTPHandler.proto_cmds = {name: row for name, row in FTPHandler.proto_cmds.items() if name not in ("PASV", "EPSV")}
    FTPServer(("127.0.0.1", port), FTPHandler).serve_forever()


main(sys.argv[1], **json.loads(sys.argv[2]))
