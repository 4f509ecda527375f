"""Where stores are kept: one database for each store, one way to write its rows."""
