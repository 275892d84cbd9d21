"""Audit: the same balances from independent records, compared to the unit."""
