"""What a resource is made of: entities and their fields, wire shapes, filters, actions, routes."""
