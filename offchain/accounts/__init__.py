"""Accounts: which wallet owns which, and the private feed of each."""
