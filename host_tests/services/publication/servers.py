"""The servers that people run, each in a process of its own until the test ends."""
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from host_tests.programs import program
from tools.twin.ports import free_port

HERE = Path(__file__).resolve().parent
SYSTEM_PYTHON = "/usr/bin/python3"
PATIENCE_S = 60             # real time, for a machine that does much else

NGINX = """daemon off; pid %(f)s/pid; error_log %(f)s/error.log; events {}
http { access_log off; client_body_temp_path %(f)s/tmp; server { listen 127.0.0.1:%(p)d%(ssl)s; location / { root %(f)s/files;
dav_methods PUT; create_full_put_path on; } location /closed { return 403; } location /locked { return 401; } } }"""


def started(test, words, port):
    """Start a server and wait until it answers at its port."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    test.addCleanup(process.wait, PATIENCE_S)
    test.addCleanup(process.kill)
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError("the server did not start: %s" % " ".join(words[:2]))


def folder_of(test):
    name = tempfile.mkdtemp()
    test.addCleanup(shutil.rmtree, name, True)
    return Path(name)


def smtp(test, **options):
    """(port, folder of its mails); options: see post_office.py."""
    port, folder = free_port(), folder_of(test)
    started(test, [sys.executable, str(HERE / "post_office.py"), str(folder), json.dumps({"port": port, **options})], port)
    return port, folder


def ftp(test, **options):
    """(port, folder that ada sees, with `in` in it); options: see ftp_office.py."""
    there = Path(SYSTEM_PYTHON).exists()
    if not there or subprocess.run([SYSTEM_PYTHON, "-c", "import pyftpdlib"], capture_output=True).returncode:
        test.skipTest("no pyftpdlib for %s (Debian: python3-pyftpdlib)" % SYSTEM_PYTHON)
    port, folder = free_port(), folder_of(test)
    (folder / "in").mkdir()
    started(test, [SYSTEM_PYTHON, str(HERE / "ftp_office.py"), str(folder), json.dumps({"port": port, **options})], port)
    return port, folder


def web(test, certificate=None):
    """(port, folder of what was sent) of an nginx with WebDAV; certificate: (its path, its key's path) for HTTPS."""
    nginx = program("nginx")
    if nginx is None:
        test.skipTest("no nginx (Debian: nginx-light)")
    port, folder = free_port(), folder_of(test)
    folder.chmod(0o777)
    for part in ("files", "tmp"):
        (folder / part).mkdir()
        (folder / part).chmod(0o777)
    secure = " ssl; ssl_certificate %s; ssl_certificate_key %s" % certificate if certificate else ""
    (folder / "nginx.conf").write_text(NGINX % {"f": folder, "p": port, "ssl": secure})
    started(test, [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")], port)
    return port, folder / "files"
