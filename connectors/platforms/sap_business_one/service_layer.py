"""What an operator enters to connect a company, and how its Service Layer is asked.

https://help.sap.com/docs/SAP_BUSINESS_ONE ("Working with SAP Business One Service Layer")
"""

from collections.abc import Iterable
from typing import Annotated, Any

import orjson
from pydantic import Field, SecretStr

from connectors.config import AuthorityPem, BaseUrl, ChannelConfig, TimeZone
from connectors.exchange import UNREADABLE, Flow, Request, Response
from connectors.rest import JsonApi

PER_PAGE = 100

Record = dict[str, Any]


class SapBusinessOneConfig(ChannelConfig):
    base_url: BaseUrl = Field(description="Where the Service Layer answers, like https://sap.example:50000")
    company_db: str = Field(description="The company's database.", min_length=1, max_length=100)
    username: str = Field(description="A user made for the gateway.", min_length=1, max_length=100)
    password: SecretStr = Field(description="The user's password.", min_length=1)
    webhook_key: SecretStr | None = Field(None, description="A secret of your own, for webhooks (FP 2602 and later).")
    previous_webhook_key: SecretStr | None = Field(None, description="The one before the last change.")
    time_zone: TimeZone = Field("UTC", description="In which the company's server tells the time.")
    ca_pem: AuthorityPem | None = Field(
        None,
        description="The certificate (PEM) of the authority behind the Service Layer's, where it is no public one.",
    )
    offset_account: Annotated[str, Field(pattern=r"^[\w.-]{1,15}$")] | None = Field(
        None, description="The G/L account of both directions; unless stated, as the company determines it."
    )

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.base_url}/b1s/v2", {"Prefer": f"odata.maxpagesize={PER_PAGE}"})


def fault(answer: Response) -> tuple[str, str]:
    """Code and text, in the shapes of either version of the protocol."""
    try:
        error = orjson.loads(answer.body)["error"]
        text = error["message"]
        return str(error["code"]), str(text["value"] if isinstance(text, dict) else text)[:300]
    except UNREADABLE:
        return str(answer.status), ""


def request(config: SapBusinessOneConfig, name: str, fields: str, where: str, order: str) -> Request:
    stated = {"$select": fields, "$filter": where, "$orderby": order}
    return config.api.get(f"/{name}", {key: text for key, text in stated.items() if text})


def these(codes: Iterable[str]) -> str:
    """The condition of being one of these items."""
    return " or ".join(f"ItemCode eq {_quoted(code)}" for code in codes)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def entities(
    config: SapBusinessOneConfig, name: str, fields: str, where: str, cursor: str | None = None
) -> Flow[tuple[list[Record], str | None]]:
    """A page by key, and the key it ends with when there are more."""
    key = fields.partition(",")[0]
    after = f"{key} gt {_quoted(cursor)}" if cursor else ""
    asked = request(config, name, fields, " and ".join(filter(None, (where, after))), key)
    found: list[Record] = (yield asked).json()["value"]
    return found, found[-1][key] if len(found) >= PER_PAGE else None
