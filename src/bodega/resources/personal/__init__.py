"""What is personal in a store, declared once: a person's data are copied, erased, and merged with another record."""
