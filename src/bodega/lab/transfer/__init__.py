"""A store read through its API and written into one of ours."""
