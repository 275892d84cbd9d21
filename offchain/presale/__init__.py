"""The sale of QTRA and the vesting of what it sold: rounds, vouchers, purchases, allocations and their proofs."""
