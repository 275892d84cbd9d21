"""What a program needs to trade here: a small asynchronous client, wallets that sign, and the wire format.

async with Client("http://127.0.0.1:8000") as client:
    wallet = client.wallet(private_key)
    placed = await client.place(wallet.order("BTC-USDC", "BUY", "60000.1", "0.25"))
    session = await client.sign_in(wallet)
    balances = await session.balances()
"""
