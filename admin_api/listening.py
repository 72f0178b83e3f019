"""The port the API listens on."""

import errno
import os
import socket

from core.errors import Misconfigured


def listen_on(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=2048, reuse_port=False)
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        reason = os.strerror(error.errno or 0)
        raise Misconfigured(
            f"Não consegui ouvir em {host}:{port} ({'já está em uso' if is_taken else reason}): "
            "escolha outra porta com --port (make up ARGS='--port 8001').",
            f"Could not listen on {host}:{port} ({'already in use' if is_taken else reason}): "
            "choose another port with --port (make up ARGS='--port 8001').",
        ) from error
