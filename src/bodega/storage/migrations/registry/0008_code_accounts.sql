-- The account that was made for a code: whoever sends the code again ends it (RFC 6749 4.1.2). Of codes: 0 is unspent, 1
-- spent, 2 sent again.
ALTER TABLE codes ADD COLUMN account TEXT NOT NULL DEFAULT '';
