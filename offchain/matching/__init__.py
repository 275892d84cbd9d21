"""The matching engine: balances, reservations, books, fees. A pure fold over commands: no clock, no I/O, no floats."""
