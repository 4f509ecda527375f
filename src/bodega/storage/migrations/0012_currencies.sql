-- Currencies and tax classes. Their first rows are written when a store is opened for the first time.
CREATE TABLE currencies (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    currency_code TEXT,
    is_default BOOLEAN,
    enabled BOOLEAN
);
CREATE UNIQUE INDEX currencies_currency_code_unique ON currencies (currency_code);
CREATE UNIQUE INDEX currencies_is_default_unique ON currencies (is_default) WHERE is_default;

CREATE TABLE tax_classes (
    id INTEGER PRIMARY KEY,
    doc BYTEA NOT NULL,
    rest BYTEA,
    version BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    name TEXT,
    name_key TEXT
);
CREATE UNIQUE INDEX tax_classes_name_key_unique ON tax_classes (name_key);
