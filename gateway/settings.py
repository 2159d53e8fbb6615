"""Every setting, its default and its unit, in one place: environment variables `GATEWAY_*`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """The process's settings, read once at start. Field `x` is the variable `GATEWAY_X`."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")

    host: str = Field(default="127.0.0.1", description="Address that `serve` listens on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port that `serve` listens on; 0 picks a free one.")
    worker_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port, at `host`, where `worker` answers `/healthz`, `/readyz` and `/metrics`; none by default.",
    )
    workers: int = Field(default=1, ge=1, le=64, description="Server processes started by `serve`.")
    environment: Literal["development", "production"] = Field(
        default="development", description="`production` switches GraphiQL and introspection off."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Lowest level logged.")
    metrics_public: bool | None = Field(
        default=None,
        description="Whether `/metrics` needs no API key; unless set, only while `host` is a loopback address.",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Comma-separated origins whose browser pages may call the API; none by default."
    )
    connections_max: int = Field(
        default=10_000, ge=1, description="Open connections per process; more are answered 503."
    )
    keep_alive_seconds: int = Field(default=65, ge=1, description="How long an idle connection stays open.")
    drain_seconds: float = Field(
        default=0.25,
        ge=0,
        le=5,
        description="Time between `/readyz` turning 503 and the listener closing; a load balancer's probe interval.",
    )

    data_dir: Path = Field(default=Path("./gateway-data"), description="Private database and generated secret key.")
    mongodb_uri: SecretStr | None = Field(
        default=None,
        description="A MongoDB 6+ replica set; without it a private mongod is started in the data directory.",
    )
    mongodb_database: str = Field(default="inventory_gateway", description="Name of the database.")
    mongodb_driver: Literal["motor", "pymongo"] = Field(
        default="pymongo", description="Asynchronous MongoDB driver: PyMongo's own client, or Motor."
    )
    mongodb_timeout_seconds: float = Field(default=5.0, gt=0, le=60, description="Limit of one database operation.")
    secret_key: SecretStr | None = Field(
        default=None,
        description="Fernet key that encrypts channel secrets; generated in the data directory when absent.",
    )

    commit_queue_max: int = Field(default=10_000, ge=1, description="Requests that may wait for the committer.")
    commit_batch_max: int = Field(default=512, ge=1, le=2_000, description="Requests in one database transaction.")
    commit_deadline_seconds: float = Field(
        default=10.0, gt=0, description="Longest time one request may take to commit."
    )

    reservation_seconds: int = Field(
        default=900, ge=1, le=2_678_400, description="How long a reservation holds its units unless told otherwise."
    )
    payment_seconds: int = Field(
        default=600, ge=1, le=2_678_400, description="How long a payment may take before its units are available again."
    )

    allocation_cost_per_km: float = Field(
        default=0.01, ge=0, description="LEAST_COST: what a kilometre from a location to the destination costs."
    )
    allocation_cost_per_parcel: float = Field(
        default=5.0, ge=0, description="LEAST_COST: what every parcel but the first costs."
    )
    allocation_cost_below_safety: float = Field(
        default=2.0,
        ge=0,
        description="LEAST_COST: what a unit below safety stock costs, where no choice keeps it.",
    )
    allocation_zone_km: dict[str, dict[str, float]] = Field(
        default={},
        description="LEAST_COST: kilometres that count between zones, where coordinates are not known; as JSON.",
    )
    allocation_unknown_km: float = Field(
        default=1_000.0, ge=0, description="LEAST_COST: kilometres that count where nothing tells the distance."
    )

    cart_checks_per_second: float = Field(
        default=20,
        gt=0,
        description="Cart checks of a client without `inventory:read` in a process; ten times as many in a burst.",
    )
    count_age_days_max: float = Field(
        default=30, gt=0, le=366, description="How long ago a count (`asOf`) may have been taken, in days."
    )
    audit_interval_seconds: float = Field(
        default=900, ge=1, description="Time between two audits of all quantities in the background."
    )
    velocity_half_life_days: float = Field(
        default=28,
        ge=1,
        le=3_660,
        description="After so many days with stock a day's demand counts half; a change computes all velocities anew.",
    )
    lead_time_days: float = Field(
        default=14, gt=0, le=730, description="Days from order to arrival assumed of a supplier that never delivered."
    )
    supply_grace_days: int = Field(
        default=3, ge=0, le=90, description="Days that supply may be overdue and still count for promises and orders."
    )
    reorder_hour: int = Field(default=3, ge=0, le=23, description="Hour of the day (UTC) after which it plans orders.")
    reorder_review_days: int = Field(
        default=7, ge=1, le=366, description="Days between two orders of a place, unless a rule says otherwise."
    )
    reorder_service_level: float = Field(
        default=0.95,
        ge=0.5,
        le=0.9999,
        description="Share of the replenishments before which a place does not run out, unless a rule says otherwise.",
    )
    overstock_days: float = Field(
        default=180,
        ge=0,
        le=100_000,
        description="A place with units for more days is overstocked, unless a rule says otherwise; 0: never.",
    )

    body_bytes_max: int = Field(default=1_000_000, ge=1_000, description="Largest request body, in bytes.")
    request_timeout_seconds: float = Field(default=15.0, gt=0, description="Limit of one HTTP request.")

    allow_private_addresses: bool = Field(
        default=False,
        description="Let connectors reach loopback and private networks (local and on-premise systems).",
    )

    low_stock_at: int = Field(
        default=5,
        ge=0,
        description="Units at which a storefront is told LOW_STOCK, and from which on down a place is low on stock.",
    )

    public_url: str | None = Field(
        default=None, description="Address that platforms send webhooks to, where a proxy changes it; some sign it."
    )
    webhook_bytes_max: int = Field(default=5_000_000, ge=1_000, description="Largest webhook body, in bytes.")
    inbox_events_at_once: int = Field(
        default=8,
        ge=1,
        le=100,
        description="Webhooks of a channel worked on at the same time; of all, four times as many.",
    )
    inbox_retention_days: float = Field(
        default=30, gt=0, le=3_660, description="How long webhooks are kept after they were worked on, in days."
    )
    order_poll_seconds: float = Field(
        default=30, ge=1, description="Time between two looks for orders at platforms that do not tell of them."
    )
    order_gap_seconds: float = Field(
        default=900, ge=1, description="The same at platforms that do, for what they failed to tell."
    )
    webhook_renewal_seconds: float = Field(
        default=3600,
        ge=60,
        description="Time between two registrations of a subscribed channel's webhook, which platforms may drop.",
    )
    channel_workers: bool = Field(
        default=True, description="Whether `serve` works for the channels itself; else start `worker` processes."
    )
    channel_lease_seconds: float = Field(
        default=20.0, ge=4, le=300, description="After the death of a process another one takes its channels over."
    )

    reconcile_mode: Literal["report", "repair"] = Field(
        default="report", description="What scheduled reconciliations do about drift, unless a channel says otherwise."
    )
    reconcile_interval_seconds: float = Field(
        default=3600, ge=60, description="Time between two reconciliations of a channel, give or take a tenth."
    )
    reconcile_settle_seconds: float = Field(
        default=30, ge=0, le=120, description="Time between the two looks before drift is believed."
    )
    reconcile_hint_seconds: float = Field(
        default=60,
        ge=0,
        description="How long a count that a platform tells of may differ before the channel is compared out of turn.",
    )
    reconcile_report_seconds: float = Field(
        default=21_600, ge=0, description="How long a channel may take to report an order; no count is raised sooner."
    )
    safety_zero_share: float = Field(
        default=0.2, ge=0, le=1, description="Share of a channel's listings that one run may set to zero unasked."
    )
    safety_change_share: float = Field(
        default=0.5, ge=0, le=1, description="Share of a channel's listings that a reconciliation may change unasked."
    )
    safety_listings_min: int = Field(
        default=10, ge=0, description="So many listings may be set to zero or changed however small the channel is."
    )

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value
