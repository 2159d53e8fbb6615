"""Every setting, its default and its unit, in one place: environment variables `GATEWAY_*`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The process's settings, read once at start. Field `x` is the variable `GATEWAY_X`."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address that `serve` listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port that `serve` listens on; 0 picks a free one.")
    workers: int = Field(1, ge=1, le=64, description="Server processes started by `serve`.")
    environment: Literal["development", "production"] = Field(
        "development", description="`production` switches GraphiQL and introspection off."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level logged.")

    data_dir: Path = Field(Path("./gateway-data"), description="Private database and generated secret key.")
    mongodb_uri: SecretStr | None = Field(
        None,
        description="A MongoDB 6+ replica set; without it a private mongod is started in the data directory.",
    )
    mongodb_database: str = Field("inventory_gateway", description="Name of the database.")
    mongodb_driver: Literal["motor", "pymongo"] = Field("motor", description="Asynchronous MongoDB driver.")
    mongodb_timeout_seconds: float = Field(5.0, gt=0, le=60, description="Limit of one database operation.")
    secret_key: SecretStr | None = Field(
        None,
        description="Fernet key that encrypts channel secrets; generated in the data directory when absent.",
    )

    commit_queue_max: int = Field(10_000, ge=1, description="Requests that may wait for the committer.")
    commit_batch_max: int = Field(512, ge=1, le=2_000, description="Requests in one database transaction.")
    commit_deadline_seconds: float = Field(10.0, gt=0, description="Longest time one request may take to commit.")

    body_bytes_max: int = Field(1_000_000, ge=1_000, description="Largest request body, in bytes.")
    request_timeout_seconds: float = Field(15.0, gt=0, description="Limit of one HTTP request.")

    allow_private_addresses: bool = Field(
        False,
        description="Let connectors reach loopback and private networks (local and on-premise systems).",
    )
