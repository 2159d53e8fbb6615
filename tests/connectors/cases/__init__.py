"""One file per registered platform, holding its `CASE`; the contract in `test_contract.py` is the same for all."""
