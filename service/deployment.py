"""A deployment in this process: the app, its server, and clients for its callers."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from service.app import App
from service.caller import ROLES, Callers, issue_token
from service.client import Client
from service.local_callers import AUDIENCE, ensure, key_path, load_key
from service.policy_watch import PolicyWatch
from service.retention import Sweeper
from service.server import Server
from service.settings import Settings
from service.wiring import build, utc_now


class Deployment:
    """Starts when it is made, stops on leaving. `address` is host:port, `make` builds its app,
    `policies.tell()` has changed rules looked at now.

    Raises:
        Misconfigured, StoreUnavailable, ModelMissing: it cannot start; the message says what to do.
    """

    def __init__(
        self,
        settings: Settings,
        callers: Mapping[str, frozenset[str]] | None = None,
        make: Callable[[Settings], App] = build,
    ) -> None:
        self._settings = settings
        ensure(settings, callers)
        self.app = make(settings)
        try:
            self._server = Server(self.app, Callers.open(settings.callers))
        except BaseException:
            self.app.close()
            raise
        self.app.workers.warm()
        self._sweeper = Sweeper(self.app)
        self.policies = PolicyWatch(self.app)
        host = settings.listen.rpartition(":")[0]
        self.address = f"{host}:{self._server.port}"

    @classmethod
    def scratch(cls, folder: Path, names: tuple[str, ...], **changes: object) -> "Deployment":
        """A fresh one in `folder` on a free port. A caller's role is what follows the hyphen of its name."""
        shutil.rmtree(folder, ignore_errors=True)
        roles = {name: frozenset({name.rpartition("-")[2]} & ROLES) for name in names}
        settings = Settings(data=folder, listen="127.0.0.1:0", **changes)  # type: ignore[arg-type]
        return cls(settings, roles)

    def client(self, name: str | None) -> Client:
        """A client that calls as `name`, by short-lived tokens; None calls as anybody."""
        if name is None:
            return Client(self.address)
        key = load_key(key_path(self._settings, name))
        return Client(self.address, token=lambda: issue_token(key, name, AUDIENCE, at=utc_now()))

    def close(self) -> None:
        """Drain, then stop."""
        self._server.close()
        self._sweeper.close()
        self.policies.close()
        self.app.close()

    def __enter__(self) -> "Deployment":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
