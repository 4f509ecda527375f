"""Who may do what, and how much: accounts, scopes, quotas, plans, settings, and the open stores."""
