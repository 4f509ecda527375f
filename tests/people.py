"""A customer and an address, as V3 takes them."""

JANE = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}
HOME = {
    "first_name": "Jane",
    "last_name": "Doe",
    "address1": "1 Main Street",
    "city": "Austin",
    "country_code": "US",
    "state_or_province": "Texas",
    "postal_code": "78701",
}
