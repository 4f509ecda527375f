-- Product rules: what changes when a shopper chooses, and what each asks for.
CREATE TABLE product_rules (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    product_id INTEGER REFERENCES products(id) ON DELETE CASCADE,
    sort_order INTEGER,
    kind TEXT,
    conditions_key TEXT,
    modifier_id INTEGER,
    modifier_value_id INTEGER
);
CREATE UNIQUE INDEX product_rules_product_id_conditions_key_unique ON product_rules (product_id, conditions_key);
CREATE INDEX product_rules_modifier_id ON product_rules (modifier_id, id);
CREATE TABLE product_rule_options (
    rule_id INTEGER NOT NULL REFERENCES product_rules(id) ON DELETE CASCADE,
    product_option_id INTEGER NOT NULL REFERENCES product_options(id) ON DELETE CASCADE,
    PRIMARY KEY (rule_id, product_option_id)
);
CREATE INDEX product_rule_options_product_option_id ON product_rule_options (product_option_id, rule_id);
CREATE TABLE product_rule_values (
    rule_id INTEGER NOT NULL REFERENCES product_rules(id) ON DELETE CASCADE,
    option_value_id INTEGER NOT NULL REFERENCES option_values(id) ON DELETE CASCADE,
    PRIMARY KEY (rule_id, option_value_id)
);
CREATE INDEX product_rule_values_option_value_id ON product_rule_values (option_value_id, rule_id);
CREATE TABLE product_rule_variants (
    rule_id INTEGER NOT NULL REFERENCES product_rules(id) ON DELETE CASCADE,
    variant_id INTEGER NOT NULL REFERENCES variants(id) ON DELETE CASCADE,
    PRIMARY KEY (rule_id, variant_id)
);
CREATE INDEX product_rule_variants_variant_id ON product_rule_variants (variant_id, rule_id);
