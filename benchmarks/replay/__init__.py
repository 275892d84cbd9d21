"""The main job: recorded order flow drives the running exchange, from signed orders to balances on chain."""
