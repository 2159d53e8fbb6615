"""What an operator enters to connect a channel: typed, documented, checked field by field."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, ValidationError


class ChannelConfig(BaseModel):
    """Base of every connector's settings. Fields that are secret are `SecretStr`, so they never print."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)


Config = TypeVar("Config", bound=ChannelConfig)


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One wrong entry: the path of the field, and what is wrong with it, without the value."""

    field: tuple[str, ...]
    message: str


class InvalidConfig(Exception):
    """Carries every problem at once."""

    def __init__(self, problems: tuple[ConfigProblem, ...]) -> None:
        super().__init__("; ".join(f"{'.'.join(problem.field)}: {problem.message}" for problem in problems))
        self.problems = problems


def revealed(*secrets: SecretStr | None) -> list[str]:
    """The plain text of those that were entered."""
    return [secret.get_secret_value() for secret in secrets if secret is not None]


def read_config(model: type[Config], entered: Mapping[str, Any]) -> Config:
    """The checked settings; raises `InvalidConfig` naming every wrong field."""
    try:
        return model.model_validate(dict(entered))
    except ValidationError as error:
        problems = tuple(
            ConfigProblem(
                tuple(str(part) for part in detail["loc"]) or ("config",), detail["msg"].removeprefix("Value error, ")
            )
            for detail in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise InvalidConfig(problems) from None


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("must be an address like https://shop.example")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("must not contain a query, a fragment or credentials")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]
"""An http(s) address without query or credentials; the trailing slash is taken off."""


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be the name of a time zone, like America/Los_Angeles") from None
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""The IANA name of a time zone."""


def _authority_pem(value: str) -> str:
    try:
        # Without a certificate, a context takes those of the machine.
        known = bool(value) and ssl.create_default_context(cadata=value).cert_store_stats()["x509"] > 0
    except (OSError, ValueError, TypeError):
        known = False
    if not known:
        raise ValueError("must be a certificate, from -----BEGIN CERTIFICATE----- on")
    return value


AuthorityPem = Annotated[str, AfterValidator(_authority_pem)]
"""The text of a PEM file with the certificates of one or more authorities."""
