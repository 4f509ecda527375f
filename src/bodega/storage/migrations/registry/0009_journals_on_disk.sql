-- Workers no longer tell one another of requests here: the journal has a database of its own (docs/decisions/0032).
-- `stores.watched` stays, unused, since servers of an earlier version that still run read it.
DROP TABLE journals;
