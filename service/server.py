"""The gRPC server: limits, TLS, health, reflection, drain."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from safety.errors import Misconfigured
from service.app import App
from service.caller import Callers
from service.consent_servicer import ConsentServicer
from service.detection_servicer import DetectionServicer
from service.interceptor import Front
from service.pb.sitter.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    consent_pb2,
    consent_pb2_grpc,
    detection_pb2,
    detection_pb2_grpc,
    generation_pb2,
    generation_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    session_pb2,
    session_pb2_grpc,
)
from service.servicer import (
    AuditServicer,
    GenerationServicer,
    IdentityServicer,
)
from service.session_servicer import ConsentSessionServicer
from service.settings import Settings

OPTIONS = (
    ("grpc.max_receive_message_length", 2 * 1024 * 1024),  # chunks are at most 1 MiB
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.server_handshake_timeout_ms", 5000),  # the default of two minutes lets idle connections pile up
    ("grpc.so_reuseport", 0),  # a second server on the port is an error, not a silent share
)
SERVICES = (
    identity_pb2.DESCRIPTOR.services_by_name["IdentityService"],
    consent_pb2.DESCRIPTOR.services_by_name["ConsentService"],
    generation_pb2.DESCRIPTOR.services_by_name["GenerationService"],
    detection_pb2.DESCRIPTOR.services_by_name["DetectionService"],
    audit_pb2.DESCRIPTOR.services_by_name["AuditService"],
    session_pb2.DESCRIPTOR.services_by_name["ConsentSessionService"],
)
THREADS = 32
DRAIN_SECONDS = 10.0


class Server:
    """One listening server over an App. `port` is the real port also when 0 was asked for.

    Raises:
        Misconfigured: the address is taken, or is not loopback and has no TLS.
    """

    def __init__(self, app: App, callers: Callers) -> None:
        self._health = health.HealthServicer()
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, thread_name_prefix="sitter-rpc"),
            interceptors=[Front(callers, app.tracing, app.clock)],
            options=OPTIONS,
            maximum_concurrent_rpcs=THREADS,
        )
        identity_pb2_grpc.add_IdentityServiceServicer_to_server(IdentityServicer(app), self._server)
        consent_pb2_grpc.add_ConsentServiceServicer_to_server(ConsentServicer(app), self._server)
        generation_pb2_grpc.add_GenerationServiceServicer_to_server(GenerationServicer(app), self._server)
        detection_pb2_grpc.add_DetectionServiceServicer_to_server(DetectionServicer(app), self._server)
        audit_pb2_grpc.add_AuditServiceServicer_to_server(AuditServicer(app), self._server)
        session_pb2_grpc.add_ConsentSessionServiceServicer_to_server(
            ConsentSessionServicer(app), self._server
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [service.full_name for service in SERVICES]
        reflection.enable_server_reflection(
            [*names, reflection.SERVICE_NAME, health.SERVICE_NAME], self._server
        )
        self.port = self._listen(app)
        self._server.start()
        for name in ["", *names]:
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    def wait(self, stop: threading.Event) -> None:
        """Serve until `stop`, then drain."""
        stop.wait()
        self.close()

    def close(self) -> None:
        """Refuse new calls, let running ones end within `DRAIN_SECONDS`, then cut them off."""
        self._health.enter_graceful_shutdown()
        self._server.stop(DRAIN_SECONDS).wait()

    def _listen(self, app: App) -> int:
        settings = app.settings
        try:
            if settings.tls_certificate is None:
                return int(self._server.add_insecure_port(settings.listen))
            return int(self._server.add_secure_port(settings.listen, _tls(settings)))
        except RuntimeError as error:
            raise Misconfigured(
                f"cannot listen on {settings.listen}: is another server running there?"
            ) from error


def _tls(settings: Settings) -> grpc.ServerCredentials:
    def read(path: Path | None) -> bytes | None:
        return None if path is None else path.read_bytes()

    ca = read(settings.tls_client_ca)
    pair = (read(settings.tls_key), read(settings.tls_certificate))
    return grpc.ssl_server_credentials([pair], root_certificates=ca, require_client_auth=ca is not None)
