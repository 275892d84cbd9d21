"""The token's economy on simulated chains: what its contracts do, and what the indexer must make of it."""
