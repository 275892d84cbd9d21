"""The ledger: every unit that moves, in double entry; balances; deposits and withdrawals."""
