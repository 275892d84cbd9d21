"""QuantaTrade off chain: the log, the matching engine, and everything that follows them."""
