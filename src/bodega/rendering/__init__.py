"""Templates of merchants, rendered in a process of their own, within a budget of time and memory."""
