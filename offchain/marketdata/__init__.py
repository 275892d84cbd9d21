"""Public market data: depth, trades, candles and 24-hour figures, in memory and in tables."""
