"""A whole sale of QTRA on a chain of its own: bought, vested, staked, and the exchange's fees brought home."""
