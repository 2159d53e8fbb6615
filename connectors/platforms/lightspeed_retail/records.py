"""What an operator enters for the R-Series, and how its lists are read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

import orjson
from pydantic import Field

from connectors.config import BaseUrl
from connectors.exchange import Flow
from connectors.refresh_token import RefreshTokenConfig
from connectors.rest import JsonApi

PER_PAGE = 100
RELATION_COST = 0.4
"""Of a call for a list: a collection costs 0.2, a single record 0.1; twice that in a list, and once more if nested."""
ID = r"[1-9]\d{0,17}"

Record = dict[str, Any]


class LightspeedRetailConfig(RefreshTokenConfig):
    account_id: Annotated[str, Field(pattern=f"^{ID}$")] = Field(description="The account's number.")
    sku_field: Literal["customSku", "systemSku", "manufacturerSku", "upc", "ean"] = Field(
        "customSku", description="What our SKU is in Lightspeed."
    )
    api_url: BaseUrl = Field("https://api.lightspeedapp.com", description="Where the API answers.")
    login_url: BaseUrl = Field("https://cloud.lightspeedapp.com", description="Where tokens are granted.")

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.api_url}/API/V3/Account/{self.account_id}")


def records_in(holder: Any, name: str) -> list[Record]:
    """A collection of one comes as the object itself, an empty one is missing or an empty text."""
    found = (holder or {}).get(name) or []
    return found if isinstance(found, list) else [found]


def read_page(
    config: LightspeedRetailConfig,
    path: str,
    query: Mapping[str, str] = {},
    cursor: str | None = None,
    relations: Sequence[str] = (),
) -> Flow[tuple[list[Record], str | None]]:
    """Its records, and the query of the address that the platform names as the next."""
    related = {"load_relations": orjson.dumps(relations).decode()} if relations else {}
    asked = dict(parse_qsl(cursor)) if cursor else {"limit": str(PER_PAGE), **query, **related}
    answer = yield from config.api.read(f"/{path}.json", asked, cost=1 + RELATION_COST * len(relations))
    return records_in(answer, path), urlsplit(answer["@attributes"].get("next") or "").query or None


def read_having(
    config: LightspeedRetailConfig, path: str, field: str, values: Iterable[str], relations: Sequence[str] = ()
) -> Flow[list[Record]]:
    """All records of which a field has one of these values; "0" is none."""
    wanted = sorted(set(values) - {"0"})
    found: list[Record] = []
    for start in range(0, len(wanted), PER_PAGE):
        query = {field: f"IN,[{','.join(wanted[start : start + PER_PAGE])}]"}
        # Sales that were voided are archived.
        cursor: str | None = ""
        while cursor is not None:
            archived = {"archived": "true"} if path == "Sale" else {}
            records, cursor = yield from read_page(config, path, query | archived, cursor, relations)
            found += records
    return found
