"""How a request can end: the steps of the law, the reasons to refuse, the outcomes. Every package may import it."""
