"""Who may do how much: accounts, scopes, quotas, plans, settings, and the open stores."""
