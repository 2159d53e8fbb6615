"""Calls signed by OAuth 1.0a, against what oauthlib 4.0.1 signs."""

from connectors.exchange import Request
from connectors.oauth1 import OAuth1

NONCE, NOW = "4572616e48616d6d65724c61686176", 1795183331.4


def test_a_signature_is_the_one_that_oauthlib_makes() -> None:
    keys = {"consumer_key": "the key", "consumer_secret": "the & secret", "token": "token+1"}
    auth = OAuth1(**keys, token_secret="token/secret", nonce=lambda: NONCE, clock=lambda: NOW)
    query = {
        "searchCriteria[filterGroups][0][filters][0][value]": "2026-11-20 14:00:00",
        "fields": "items[sku],total_count~",
    }
    signed = auth.sign(Request(method="GET", url="https://shop.example/rest/all/V1/orders", query=query), None)
    header = signed.headers["Authorization"]
    assert 'oauth_signature="m1WU0zIMc5LBO%2BWN8%2BfBXFpyoHkUly1ndPnlbysHLnc%3D"' in header
    assert 'oauth_consumer_key="the%20key"' in header and 'oauth_token="token%2B1"' in header
    assert "secret" not in header


def test_no_nonce_is_used_twice() -> None:
    auth = OAuth1(consumer_key="a", consumer_secret="b", token="c", token_secret="d")
    request = Request(method="GET", url="https://shop.example")
    assert auth.sign(request, None).headers != auth.sign(request, None).headers
