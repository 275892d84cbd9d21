"""The indexer's speed, beside a plain web3.py loop that writes the same rows from the same node."""
