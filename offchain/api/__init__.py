"""The public face of the exchange: HTTP and websocket, sign-in, rate limits, and the built web app."""
