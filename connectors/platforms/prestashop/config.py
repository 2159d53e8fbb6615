"""What an operator enters, and calls of it: https://devdocs.prestashop-project.org/9/webservice/"""

from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator

from connectors.config import BaseUrl, ChannelConfig
from connectors.exchange import Flow, Request
from connectors.rest import JsonApi

Record = dict[str, Any]


class PrestaShopConfig(ChannelConfig):
    base_url: BaseUrl = Field(description="The shop's final address (https, with www if it has it), without /api.")
    ws_key: SecretStr = Field(
        description="Of Advanced Parameters > Webservice, 32 characters.", min_length=32, max_length=32
    )
    shop_timezone: str = Field(description="The shop's time zone, say Europe/Paris (International > Localization).")
    id_shop: int | None = Field(None, description="In a multistore: the shop's number.", ge=1)
    sku_field: Literal["reference", "ean13", "upc", "mpn"] = Field("reference", description="What holds our SKU.")
    cancelled_states: tuple[int, ...] = Field(
        (6, 8), description="Order states in which the shop has put the units back.", max_length=50
    )
    ended_states: tuple[int, ...] = Field(
        (7,),
        description="States of orders that wait for nothing any more, although not marked as shipped.",
        max_length=50,
    )

    @field_validator("shop_timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (LookupError, OSError, ValueError):
            raise ValueError("must be a time zone like Europe/Paris") from None
        return name

    def read(self, resource: str, **query: str) -> Flow[list[Record]]:
        """Where nothing fits, PrestaShop answers a bare `[]`."""
        answer = (yield self._api.get(f"/{resource}", self._query(**query))).json()
        return answer[resource] if answer else []

    def one(self, path: str) -> Request:
        return self._api.get(path, self._query(), expected=(404,))

    def put(self, resource: str, document: bytes) -> Request:
        return Request(
            method="PUT",
            url=f"{self._api.url}/{resource}",
            query=self._query(),
            headers={"Content-Type": "text/xml; charset=utf-8"},
            body=document,
            repeatable=True,
            expected=(400, 404),
        )

    def local(self, moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(self.shop_timezone)).strftime("%Y-%m-%d %H:%M:%S")

    def moment(self, local: str) -> datetime:
        return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(self.shop_timezone)).astimezone(UTC)

    @property
    def _api(self) -> JsonApi:
        return JsonApi(f"{self.base_url}/api")

    def _query(self, **query: str) -> dict[str, str]:
        shop = {} if self.id_shop is None else {"id_shop": str(self.id_shop)}
        return {**query, "output_format": "JSON", **shop}
