"""The control panel at /manage, for store owners. It stays available while the store answers 503."""
