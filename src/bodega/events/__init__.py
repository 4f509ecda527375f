"""What a store tells others: hooks, and the delivery of events to them."""
