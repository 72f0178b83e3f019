"""The port the API listens on."""

import os
import socket

from core.errors import Misconfigured


def listen_on(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=2048, reuse_port=False)
    except OSError as error:
        raise Misconfigured(
            f"Não consegui ouvir em {host}:{port} ({os.strerror(error.errno or 0)}): escolha outra porta com --port.",
            f"Could not listen on {host}:{port} ({os.strerror(error.errno or 0)}): choose another port with --port.",
        ) from error
