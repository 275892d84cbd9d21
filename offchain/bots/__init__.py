"""Resident bots: wallets of their own that keep the local markets alive with really signed orders."""
