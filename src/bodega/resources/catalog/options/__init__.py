"""Options: what a shopper chooses of a product. V2 shares them between products, V3 shows each product its own."""
