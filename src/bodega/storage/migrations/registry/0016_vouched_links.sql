-- A link made by whoever runs the server stands for the address that it names; one made in the panel does not.
ALTER TABLE invitations ADD COLUMN vouched INTEGER NOT NULL DEFAULT 0;
