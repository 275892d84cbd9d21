"""Where the exchange's fees go: collected, split, auctioned for QTRA, burned and streamed to stakers."""
