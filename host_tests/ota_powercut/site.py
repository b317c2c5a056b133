"""A real file server for a folder: nginx where it is installed, else Python's own (which knows no Range)."""
import functools
import http.server
import os
import socket
import subprocess
import threading
import time
from pathlib import Path

from host_tests.programs import program
from tools.twin.ports import free_port

CONF = """daemon off; master_process off; pid {place}/pid; error_log {place}/error.log;
events {{ worker_connections 64; }}
http {{
  log_format ranges '"$request" $status $http_range'; access_log {place}/access.log ranges; default_type application/octet-stream;
  client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
  uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}; {more} }} }}
"""
START_S = 60         # real time, for a machine that does much else


def nginx():
    """Path of nginx; None where it is not installed."""
    return program("nginx")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Nothing."""


class Site:
    """`with Site(folder, scratch) as site`: served at site.url by site.server. more: lines for nginx' server block."""

    def __init__(self, folder, scratch, more="", server=None):
        self.folder, self.scratch, self.more = Path(folder), Path(scratch), more
        self.server = server or ("nginx" if nginx() else "python")
        self._process = self._python = None

    def __enter__(self):
        self.port = free_port()
        self.url = "http://127.0.0.1:%d/" % self.port
        if self.server == "nginx":
            self._start_nginx()
        else:
            handler = functools.partial(_Quiet, directory=str(self.folder))
            self._python = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), handler)
            threading.Thread(target=self._python.serve_forever, daemon=True).start()
        return self

    def _start_nginx(self):
        os.chmod(self.folder, 0o755)
        conf = self.scratch / "nginx.conf"
        conf.write_text(("user root;\n" if os.getuid() == 0 else "")
                        + CONF.format(place=self.scratch, port=self.port, folder=self.folder, more=self.more))
        self._process = subprocess.Popen([nginx(), "-c", str(conf), "-p", str(self.scratch), "-e", str(self.scratch / "error.log")],
                                         stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > end or self._process.poll() is not None:
                    log = self.scratch / "error.log"
                    raise RuntimeError("nginx did not start: " + (log.read_text() if log.exists() else "no log")) from None
                time.sleep(0.05)

    def stop(self):
        """At once: connections break off."""
        self._process.kill()
        self._process.wait(10)

    def __exit__(self, *exc):
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
        if self._python is not None:
            self._python.shutdown()
            self._python.server_close()

    def asked(self):
        """Paths that were asked for, where nginx keeps a log."""
        log = self.scratch / "access.log"
        return [line.split('"')[1].split(" ")[1] for line in log.read_text().splitlines()] if log.exists() else []
