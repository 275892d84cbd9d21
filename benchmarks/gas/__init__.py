"""What settlement costs on chain: whole transactions on a real node, warmed balances, fresh signatures."""
