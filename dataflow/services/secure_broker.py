"""A real broker as a company runs it: TLS with an authority of its own, passwords by SCRAM, rights by ACL."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dataflow.graph import KafkaSecurity
from dataflow.services import broker_settings
from dataflow.services.artefacts import Artefacts
from dataflow.services.broker import Broker, BrokerOptions
from dataflow.services.certificates import make_certificates

ADMINISTRATOR: Final = "admin"
"""May do everything; other users nothing until an ACL says so."""


class SecureBroker(Broker):
    """A broker that asks for a name and a password, made up for each of its users when its folder is new."""

    def __init__(self, folder: Path, users: Iterable[str], options: BrokerOptions | None = None) -> None:
        super().__init__(folder, options)
        self._certificates = self.folder / "certificates"
        self.passwords = self._remembered({ADMINISTRATOR, *users})

    @property
    def ca(self) -> Path:
        """The certificate that its clients should trust."""
        return self._certificates / "ca.pem"

    @property
    def security(self) -> KafkaSecurity:
        return self.security_of(ADMINISTRATOR)

    def security_of(self, user: str) -> KafkaSecurity:
        """How a user gets in."""
        return KafkaSecurity("SASL_SSL", "SCRAM-SHA-512", user, self.passwords[user], str(self.ca))

    def settings(self) -> dict[str, str]:
        administrator = ADMINISTRATOR, self.passwords[ADMINISTRATOR]
        return broker_settings.secure(self.place, administrator, self._certificates)

    def prepare(self, programs: Artefacts) -> None:
        if not self.ca.is_file():
            make_certificates(self._certificates)
        super().prepare(programs)

    def format_arguments(self) -> tuple[str, ...]:
        users = (f'SCRAM-SHA-512=[name="{name}",password="{word}"]' for name, word in self.passwords.items())
        return tuple(argument for user in users for argument in ("--add-scram", user))

    def _remembered(self, users: set[str]) -> dict[str, str]:
        path = self.folder / "passwords.json"
        if path.is_file():
            found: dict[str, str] = json.loads(path.read_text())
            return found
        made = {user: secrets.token_hex(12) for user in sorted(users)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(made))
        return made
