"""The control panel at /manage: the store owner's place. Never behind the store's 503."""
