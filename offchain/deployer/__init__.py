"""What a deployer does with the contracts once they stand: vouchers, vesting pools, and the proof that all is right."""
