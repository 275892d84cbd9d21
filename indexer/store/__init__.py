"""Store: the indexer's tables. `store` writes a step in one transaction, `bulk` many rows at once."""
