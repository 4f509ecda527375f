"""Injected faults: rules that make a store answer, or deliver, as a bad day would."""
