"""Where stores are kept: one database a store, one door to its rows."""
