"""The web server of the sitter's page and the public detect page, in a thread of its own."""

import socket
import threading

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from safety.errors import Misconfigured
from service.app import App
from service.console.detect_pages import DetectPages
from service.console.pages import Pages
from service.resolution import Resolution
from service.settings import Settings, is_loopback

CONNECTIONS = 64
START_SECONDS = 10.0
DRAIN_SECONDS = 5


class Console:
    """A listening page server over an App; `address` is host:port with the real port.

    Raises:
        Misconfigured: the address is taken, or is not loopback and has no TLS: browsers give pages the camera
            only over TLS or on the same machine.
    """

    def __init__(self, app: App) -> None:
        settings = app.settings
        host, port = listens(settings)
        if settings.tls_certificate is None and not is_loopback(host):
            raise Misconfigured(
                "setting console is not a loopback address, and faces would travel in the clear: set "
                "tls_certificate and tls_key, or listen on 127.0.0.1",
                setting="console",
            )
        self._socket = _bound(host, port)
        self.scheme = "http" if settings.tls_certificate is None else "https"
        self.address = f"{host}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            site(app), log_level="critical", access_log=False, server_header=False, ws="none",
            lifespan="off", http="h11", loop="asyncio", limit_concurrency=CONNECTIONS,
            timeout_keep_alive=5, timeout_graceful_shutdown=DRAIN_SECONDS, proxy_headers=False,
            ssl_certfile=settings.tls_certificate, ssl_keyfile=settings.tls_key,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="sitter-console", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Let running answers end, then stop."""
        self._server.should_exit = True
        self._thread.join(START_SECONDS + DRAIN_SECONDS)
        self._socket.close()


def site(app: App) -> Starlette:
    """Every page and interface that is served over HTTP; the first route that fits answers."""
    return Starlette(
        routes=[
            *DetectPages(app).routes(),
            *Resolution(app).routes(),
            Mount("/", Pages(app).asgi()),
        ]
    )


def listens(settings: Settings) -> tuple[str, int]:
    """Host and port of the setting `console`; by default the port after the service's, or a free one."""
    host, _, port = (settings.console or settings.listen).rpartition(":")
    after = 1 if settings.console is None and port != "0" else 0
    return host, int(port) + after


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host.strip("[]"), port))
        listening.listen(CONNECTIONS)  # who comes before the thread is up waits
    except (OSError, OverflowError) as error:
        listening.close()
        raise Misconfigured(
            f"the sitter's page cannot be served on {host}:{port}: is another server running there? Set "
            "`console` to another address or to off",
            setting="console",
        ) from error
    return listening
