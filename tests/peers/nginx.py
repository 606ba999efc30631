# SPDX-License-Identifier: Apache-2.0
"""A real nginx on loopback, in a folder of its own, that asks sspid's /auth who its clients are (auth_request). Behind it stands an application that
answers the user's name as it was told: "alice", or "-" for nobody."""
import os
import socket
import subprocess
import time

from conftest import PATIENCE, free_ports

# Names of connections: unique as far as nginx knows; a serial number alone begins anew with each nginx.
UNIQUE, SERIAL = "$pid-$connection-$remote_port", "$connection"

CONFIGURATION = """{user}
daemon off;
worker_processes {workers};
pid {folder}/pid;
error_log {folder}/error.log info;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    large_client_header_buffers 4 96k;
    upstream sspid {{
        server {sspid};
        keepalive {keepalive};
        keepalive_timeout 30s;
    }}
    server {{
        listen 127.0.0.1:{application};
        location / {{
            default_type text/plain;
            return 200 "$http_remote_user|$http_remote_authenticated|$http_remote_groups|$http_remote_groups_cut\\n";
        }}
    }}
    server {{
        listen 127.0.0.1:{http};
        listen 127.0.0.1:{https} ssl;
        ssl_certificate {folder}/certificate;
        ssl_certificate_key {folder}/key;
        location / {{
            auth_request /sspid;
            auth_request_set $remote_user_name $upstream_http_remote_user;
            auth_request_set $remote_authenticated $upstream_http_remote_authenticated;
            auth_request_set $remote_groups $upstream_http_remote_groups;
            auth_request_set $remote_groups_cut $upstream_http_remote_groups_cut;
            auth_request_set $negotiate $upstream_http_www_authenticate;
            add_header WWW-Authenticate $negotiate;
            proxy_pass http://127.0.0.1:{application};
            proxy_set_header Authorization "";
            proxy_set_header Remote-User $remote_user_name;
            proxy_set_header Remote-Authenticated $remote_authenticated;
            proxy_set_header Remote-Groups $remote_groups;
            proxy_set_header Remote-Groups-Cut $remote_groups_cut;
        }}
        location = /sspid {{
            internal;
            proxy_pass http://sspid/auth;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Connection {name};
            {age}
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_buffer_size 32k;
            proxy_buffers 4 32k;
            proxy_next_upstream off;
        }}
    }}
}}
"""
# What the listener behind it is told.
KEYS = {"trusted_proxy": "127.0.0.1", "connection_header": "X-Connection", "connection_age_header": "X-Connection-Age",
        "scheme_header": "X-Forwarded-Proto"}


class Nginx:
    def __init__(self, folder, sspid, workers=1, keepalive=1, name=UNIQUE, age=True):
        self.folder, self.process = folder, None
        self.http, self.https, application = free_ports(3)
        age = 'proxy_set_header X-Connection-Age $connection_time;' if age else ""
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(CONFIGURATION.format(
            folder=folder, sspid=sspid, workers=workers, keepalive=keepalive, name=name, age=age, user=user, http=self.http,
            https=self.https, application=application), encoding="ascii")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2", "-keyout", folder / "key",
                        "-out", folder / "certificate"], check=True, capture_output=True, timeout=60)

    def url(self, path="/", scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.http if scheme == 'http' else self.https}{path}"

    def start(self):
        with open(self.folder / "out", "ab") as out:
            self.process = subprocess.Popen(["/usr/sbin/nginx", "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, (self.folder / "out").read_text() + (self.folder / "error.log").read_text()
            try:
                socket.create_connection(("127.0.0.1", self.http), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError("nginx does not answer")

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
