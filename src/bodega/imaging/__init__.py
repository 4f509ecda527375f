"""Pictures, decoded and made smaller in a process of its own, within a budget of memory."""
