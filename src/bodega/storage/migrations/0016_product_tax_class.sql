-- A product's tax class is one that the store has; class 0 is there always, and needs no look.
ALTER TABLE products ADD COLUMN tax_class_ref INTEGER REFERENCES tax_classes(id) ON DELETE RESTRICT;
