"""Staking of QTRA: positions, tiers, rewards; and what holding and staking take off the fees."""
