"""Calling the providers of a store: apps that answer what tax is owed, or what shipping costs."""
