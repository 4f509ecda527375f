"""What shoppers see. So far the page to which a cart's redirect URLs lead; the hosted checkout will stand here."""
