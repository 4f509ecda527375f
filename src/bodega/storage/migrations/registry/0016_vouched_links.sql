-- A link made by whoever runs the server stands for the address that it names; one made in the panel is good for as long
-- as whoever made it may give its role.
ALTER TABLE invitations ADD COLUMN vouched INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invitations ADD COLUMN inviter INTEGER NOT NULL DEFAULT 0;
