"""What an answer can be: the steps of the law, the reasons to refuse, the outcomes. Every floor may import this one."""
