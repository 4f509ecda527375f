"""Rules that span resources."""
