"""A WSGI application: routes by PATH_INFO as a framework has them, or files below a folder."""

import os
import posixpath
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server


def by_route(environ):
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    for name in ("private", "public"):
        if path.startswith(f"/{name}/"):
            return f"served as {name}".encode()
    return None


def by_file(environ):
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "surrogateescape")
    inside = posixpath.normpath("/" + path.lstrip("/"))
    try:
        with open(os.path.join(sys.argv[1], inside.lstrip("/")), "rb") as file:
            return file.read()
    except (OSError, ValueError):
        return None


def application(find):
    def answer(environ, start_response):
        body = find(environ)
        status = "404 Not Found" if body is None else "200 OK"
        start_response(status, [("Content-Type", "text/plain")])
        return [body or b"nothing"]

    return answer


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


find = {"routes": by_route, "files": by_file}[sys.argv[2]]
server = make_server("127.0.0.1", int(sys.argv[3]), application(find), handler_class=Quiet)
server.serve_forever()
