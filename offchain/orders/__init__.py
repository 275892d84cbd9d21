"""Orders and fills as their owners ask for them."""
