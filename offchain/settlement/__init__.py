"""From fills to settled batches: batching, signing, submission, confirmation, withdrawals, reconciliation."""
