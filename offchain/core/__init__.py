"""The vocabulary of the exchange: money, identifiers, errors, settings, and the commands and events of the log."""
