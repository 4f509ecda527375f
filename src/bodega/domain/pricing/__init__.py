"""The one engine of prices: from what a shopper has chosen to what they owe. Pure functions; `engine.quote` runs them.

`basket` holds what goes in, `quote` what comes out, and each step is a file of its own.
"""
