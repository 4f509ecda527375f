-- Texts that look the same are the same: keys are kept in one normal form (Unicode Standard Annex 15, NFC). Rows that
-- are there twice by then stay as they are, and apart, until one of them is written again.
UPDATE channels SET name_key = normalize(name_key)
    WHERE name_key <> normalize(name_key)
    AND (name_key IS NULL OR platform IS NULL OR type IS NULL
        OR (id IN (SELECT min(id) FROM channels GROUP BY normalize(name_key), platform, type)
        AND NOT EXISTS (SELECT 1 FROM channels other WHERE other.id <> channels.id
            AND other.name_key = normalize(channels.name_key)
            AND other.platform = channels.platform
            AND other.type = channels.type)));
UPDATE tax_classes SET name_key = normalize(name_key)
    WHERE name_key <> normalize(name_key)
    AND (name_key IS NULL
        OR (id IN (SELECT min(id) FROM tax_classes GROUP BY normalize(name_key))
        AND NOT EXISTS (SELECT 1 FROM tax_classes other WHERE other.id <> tax_classes.id
            AND other.name_key = normalize(tax_classes.name_key))));
UPDATE categories SET name_key = normalize(name_key)
    WHERE name_key <> normalize(name_key)
    AND (tree_id IS NULL OR parent_id IS NULL OR name_key IS NULL
        OR (id IN (SELECT min(id) FROM categories GROUP BY tree_id, parent_id, normalize(name_key))
        AND NOT EXISTS (SELECT 1 FROM categories other WHERE other.id <> categories.id
            AND other.tree_id = categories.tree_id
            AND other.parent_id = categories.parent_id
            AND other.name_key = normalize(categories.name_key))));
UPDATE brands SET name_key = normalize(name_key)
    WHERE name_key <> normalize(name_key)
    AND (name_key IS NULL
        OR (id IN (SELECT min(id) FROM brands GROUP BY normalize(name_key))
        AND NOT EXISTS (SELECT 1 FROM brands other WHERE other.id <> brands.id
            AND other.name_key = normalize(brands.name_key))));
UPDATE option_sets SET name_key = normalize(name_key)
    WHERE name_key <> normalize(name_key)
    AND (name_key IS NULL
        OR (id IN (SELECT min(id) FROM option_sets GROUP BY normalize(name_key))
        AND NOT EXISTS (SELECT 1 FROM option_sets other WHERE other.id <> option_sets.id
            AND other.name_key = normalize(option_sets.name_key))));
UPDATE products SET name_key = normalize(name_key), sku_key = normalize(sku_key)
    WHERE (name_key <> normalize(name_key) OR sku_key <> normalize(sku_key))
    AND (name_key IS NULL
        OR (id IN (SELECT min(id) FROM products GROUP BY normalize(name_key))
        AND NOT EXISTS (SELECT 1 FROM products other WHERE other.id <> products.id
            AND other.name_key = normalize(products.name_key))))
    AND (sku_key IS NULL
        OR (id IN (SELECT min(id) FROM products GROUP BY normalize(sku_key))
        AND NOT EXISTS (SELECT 1 FROM products other WHERE other.id <> products.id
            AND other.sku_key = normalize(products.sku_key))));
UPDATE options SET name_key = normalize(name_key)
    WHERE name_key <> normalize(name_key)
    AND (name_key IS NULL
        OR (id IN (SELECT min(id) FROM options GROUP BY normalize(name_key))
        AND NOT EXISTS (SELECT 1 FROM options other WHERE other.id <> options.id
            AND other.name_key = normalize(options.name_key))));
UPDATE option_values SET label_key = normalize(label_key)
    WHERE label_key <> normalize(label_key)
    AND (option_id IS NULL OR label_key IS NULL
        OR (id IN (SELECT min(id) FROM option_values GROUP BY option_id, normalize(label_key))
        AND NOT EXISTS (SELECT 1 FROM option_values other WHERE other.id <> option_values.id
            AND other.option_id = option_values.option_id
            AND other.label_key = normalize(option_values.label_key))));
UPDATE option_set_options SET display_key = normalize(display_key)
    WHERE display_key <> normalize(display_key)
    AND (option_set_id IS NULL OR display_key IS NULL
        OR (id IN (SELECT min(id) FROM option_set_options GROUP BY option_set_id, normalize(display_key))
        AND NOT EXISTS (SELECT 1 FROM option_set_options other WHERE other.id <> option_set_options.id
            AND other.option_set_id = option_set_options.option_set_id
            AND other.display_key = normalize(option_set_options.display_key))));
UPDATE product_options SET display_key = normalize(display_key)
    WHERE display_key <> normalize(display_key)
    AND (product_id IS NULL OR display_key IS NULL
        OR (id IN (SELECT min(id) FROM product_options GROUP BY product_id, normalize(display_key))
        AND NOT EXISTS (SELECT 1 FROM product_options other WHERE other.id <> product_options.id
            AND other.product_id = product_options.product_id
            AND other.display_key = normalize(product_options.display_key))));
UPDATE variants SET sku_key = normalize(sku_key)
    WHERE sku_key <> normalize(sku_key)
    AND (sku_key IS NULL
        OR (id IN (SELECT min(id) FROM variants GROUP BY normalize(sku_key))
        AND NOT EXISTS (SELECT 1 FROM variants other WHERE other.id <> variants.id
            AND other.sku_key = normalize(variants.sku_key))));
UPDATE product_rules SET conditions_key = normalize(conditions_key)
    WHERE conditions_key <> normalize(conditions_key)
    AND (product_id IS NULL OR conditions_key IS NULL
        OR (id IN (SELECT min(id) FROM product_rules GROUP BY product_id, normalize(conditions_key))
        AND NOT EXISTS (SELECT 1 FROM product_rules other WHERE other.id <> product_rules.id
            AND other.product_id = product_rules.product_id
            AND other.conditions_key = normalize(product_rules.conditions_key))));
UPDATE custom_fields SET name = normalize(name), value = normalize(value)
    WHERE (name <> normalize(name) OR value <> normalize(value))
    AND (product_id IS NULL OR name IS NULL OR value IS NULL
        OR (id IN (SELECT min(id) FROM custom_fields GROUP BY product_id, normalize(name), normalize(value))
        AND NOT EXISTS (SELECT 1 FROM custom_fields other WHERE other.id <> custom_fields.id
            AND other.product_id = custom_fields.product_id
            AND other.name = normalize(custom_fields.name)
            AND other.value = normalize(custom_fields.value))));
UPDATE videos SET video_id = normalize(video_id)
    WHERE video_id <> normalize(video_id)
    AND (product_id IS NULL OR video_id IS NULL
        OR (id IN (SELECT min(id) FROM videos GROUP BY product_id, normalize(video_id))
        AND NOT EXISTS (SELECT 1 FROM videos other WHERE other.id <> videos.id
            AND other.product_id = videos.product_id
            AND other.video_id = normalize(videos.video_id))));
UPDATE brand_metafields SET namespace = normalize(namespace), key = normalize(key)
    WHERE (namespace <> normalize(namespace) OR key <> normalize(key))
    AND (owner_client_id IS NULL OR resource_id IS NULL OR namespace IS NULL OR key IS NULL
        OR (id IN (SELECT min(id) FROM brand_metafields GROUP BY owner_client_id, resource_id, normalize(namespace), normalize(key))
        AND NOT EXISTS (SELECT 1 FROM brand_metafields other WHERE other.id <> brand_metafields.id
            AND other.owner_client_id = brand_metafields.owner_client_id
            AND other.resource_id = brand_metafields.resource_id
            AND other.namespace = normalize(brand_metafields.namespace)
            AND other.key = normalize(brand_metafields.key))));
UPDATE category_metafields SET namespace = normalize(namespace), key = normalize(key)
    WHERE (namespace <> normalize(namespace) OR key <> normalize(key))
    AND (owner_client_id IS NULL OR resource_id IS NULL OR namespace IS NULL OR key IS NULL
        OR (id IN (SELECT min(id) FROM category_metafields GROUP BY owner_client_id, resource_id, normalize(namespace), normalize(key))
        AND NOT EXISTS (SELECT 1 FROM category_metafields other WHERE other.id <> category_metafields.id
            AND other.owner_client_id = category_metafields.owner_client_id
            AND other.resource_id = category_metafields.resource_id
            AND other.namespace = normalize(category_metafields.namespace)
            AND other.key = normalize(category_metafields.key))));
UPDATE product_metafields SET namespace = normalize(namespace), key = normalize(key)
    WHERE (namespace <> normalize(namespace) OR key <> normalize(key))
    AND (owner_client_id IS NULL OR resource_id IS NULL OR namespace IS NULL OR key IS NULL
        OR (id IN (SELECT min(id) FROM product_metafields GROUP BY owner_client_id, resource_id, normalize(namespace), normalize(key))
        AND NOT EXISTS (SELECT 1 FROM product_metafields other WHERE other.id <> product_metafields.id
            AND other.owner_client_id = product_metafields.owner_client_id
            AND other.resource_id = product_metafields.resource_id
            AND other.namespace = normalize(product_metafields.namespace)
            AND other.key = normalize(product_metafields.key))));
UPDATE variant_metafields SET namespace = normalize(namespace), key = normalize(key)
    WHERE (namespace <> normalize(namespace) OR key <> normalize(key))
    AND (owner_client_id IS NULL OR resource_id IS NULL OR namespace IS NULL OR key IS NULL
        OR (id IN (SELECT min(id) FROM variant_metafields GROUP BY owner_client_id, resource_id, normalize(namespace), normalize(key))
        AND NOT EXISTS (SELECT 1 FROM variant_metafields other WHERE other.id <> variant_metafields.id
            AND other.owner_client_id = variant_metafields.owner_client_id
            AND other.resource_id = variant_metafields.resource_id
            AND other.namespace = normalize(variant_metafields.namespace)
            AND other.key = normalize(variant_metafields.key))));
UPDATE customer_groups SET name_key = normalize(name_key)
    WHERE name_key <> normalize(name_key);
UPDATE customers SET email_key = normalize(email_key), name_key = normalize(name_key), last_name_key = normalize(last_name_key)
    WHERE email_key <> normalize(email_key)
    OR name_key <> normalize(name_key)
    OR last_name_key <> normalize(last_name_key);
UPDATE customer_addresses SET core = normalize(core)
    WHERE core <> normalize(core)
    AND (customer_id IS NULL OR core IS NULL
        OR (id IN (SELECT min(id) FROM customer_addresses GROUP BY customer_id, normalize(core))
        AND NOT EXISTS (SELECT 1 FROM customer_addresses other WHERE other.id <> customer_addresses.id
            AND other.customer_id = customer_addresses.customer_id
            AND other.core = normalize(customer_addresses.core))));
UPDATE customer_addresses SET name_key = normalize(name_key)
    WHERE name_key <> normalize(name_key);
UPDATE form_field_values SET field_name = normalize(field_name)
    WHERE field_name <> normalize(field_name)
    AND (customer_id IS NULL OR field_name IS NULL
        OR (id IN (SELECT min(id) FROM form_field_values GROUP BY customer_id, normalize(field_name))
        AND NOT EXISTS (SELECT 1 FROM form_field_values other WHERE other.id <> form_field_values.id
            AND other.customer_id = form_field_values.customer_id
            AND other.field_name = normalize(form_field_values.field_name))))
    AND (address_id IS NULL OR field_name IS NULL
        OR (id IN (SELECT min(id) FROM form_field_values GROUP BY address_id, normalize(field_name))
        AND NOT EXISTS (SELECT 1 FROM form_field_values other WHERE other.id <> form_field_values.id
            AND other.address_id = form_field_values.address_id
            AND other.field_name = normalize(form_field_values.field_name))));
UPDATE customer_attributes SET name_key = normalize(name_key)
    WHERE name_key <> normalize(name_key);
UPDATE customer_metafields SET namespace = normalize(namespace), key = normalize(key)
    WHERE (namespace <> normalize(namespace) OR key <> normalize(key))
    AND (owner_client_id IS NULL OR resource_id IS NULL OR namespace IS NULL OR key IS NULL
        OR (id IN (SELECT min(id) FROM customer_metafields GROUP BY owner_client_id, resource_id, normalize(namespace), normalize(key))
        AND NOT EXISTS (SELECT 1 FROM customer_metafields other WHERE other.id <> customer_metafields.id
            AND other.owner_client_id = customer_metafields.owner_client_id
            AND other.resource_id = customer_metafields.resource_id
            AND other.namespace = normalize(customer_metafields.namespace)
            AND other.key = normalize(customer_metafields.key))));
UPDATE subscribers SET email_key = normalize(email_key)
    WHERE email_key <> normalize(email_key)
    AND (email_key IS NULL
        OR (id IN (SELECT min(id) FROM subscribers GROUP BY normalize(email_key))
        AND NOT EXISTS (SELECT 1 FROM subscribers other WHERE other.id <> subscribers.id
            AND other.email_key = normalize(subscribers.email_key))));
UPDATE coupons SET name_key = normalize(name_key), code_key = normalize(code_key)
    WHERE (name_key <> normalize(name_key) OR code_key <> normalize(code_key))
    AND (name_key IS NULL
        OR (id IN (SELECT min(id) FROM coupons GROUP BY normalize(name_key))
        AND NOT EXISTS (SELECT 1 FROM coupons other WHERE other.id <> coupons.id
            AND other.name_key = normalize(coupons.name_key))))
    AND (code_key IS NULL
        OR (id IN (SELECT min(id) FROM coupons GROUP BY normalize(code_key))
        AND NOT EXISTS (SELECT 1 FROM coupons other WHERE other.id <> coupons.id
            AND other.code_key = normalize(coupons.code_key))));
UPDATE gift_certificates SET code_key = normalize(code_key)
    WHERE code_key <> normalize(code_key)
    AND (code_key IS NULL
        OR (id IN (SELECT min(id) FROM gift_certificates GROUP BY normalize(code_key))
        AND NOT EXISTS (SELECT 1 FROM gift_certificates other WHERE other.id <> gift_certificates.id
            AND other.code_key = normalize(gift_certificates.code_key))));
UPDATE web_pages SET name_key = normalize(name_key)
    WHERE name_key <> normalize(name_key)
    AND (channel_id IS NULL OR name_key IS NULL
        OR (id IN (SELECT min(id) FROM web_pages GROUP BY channel_id, normalize(name_key))
        AND NOT EXISTS (SELECT 1 FROM web_pages other WHERE other.id <> web_pages.id
            AND other.channel_id = web_pages.channel_id
            AND other.name_key = normalize(web_pages.name_key))));
UPDATE redirects SET path = normalize(path)
    WHERE path <> normalize(path)
    AND (path IS NULL
        OR (id IN (SELECT min(id) FROM redirects GROUP BY normalize(path))
        AND NOT EXISTS (SELECT 1 FROM redirects other WHERE other.id <> redirects.id
            AND other.path = normalize(redirects.path))));
UPDATE orders SET email_key = normalize(email_key)
    WHERE email_key <> normalize(email_key);
UPDATE order_metafields SET namespace = normalize(namespace), key = normalize(key)
    WHERE (namespace <> normalize(namespace) OR key <> normalize(key))
    AND (owner_client_id IS NULL OR resource_id IS NULL OR namespace IS NULL OR key IS NULL
        OR (id IN (SELECT min(id) FROM order_metafields GROUP BY owner_client_id, resource_id, normalize(namespace), normalize(key))
        AND NOT EXISTS (SELECT 1 FROM order_metafields other WHERE other.id <> order_metafields.id
            AND other.owner_client_id = order_metafields.owner_client_id
            AND other.resource_id = order_metafields.resource_id
            AND other.namespace = normalize(order_metafields.namespace)
            AND other.key = normalize(order_metafields.key))));
UPDATE customer_logins SET email_key = normalize(email_key)
    WHERE email_key <> normalize(email_key)
    AND customer_id IN (SELECT min(customer_id) FROM customer_logins GROUP BY normalize(email_key), channel_id)
    AND NOT EXISTS (SELECT 1 FROM customer_logins other WHERE other.customer_id <> customer_logins.customer_id
        AND other.email_key = normalize(customer_logins.email_key) AND other.channel_id = customer_logins.channel_id);
UPDATE urls SET url = normalize(url)
    WHERE url <> normalize(url)
    AND url IN (SELECT min(url) FROM urls GROUP BY normalize(url))
    AND NOT EXISTS (SELECT 1 FROM urls other WHERE other.url = normalize(urls.url));
UPDATE blog_post_tags SET tag_key = normalize(tag_key)
    WHERE tag_key <> normalize(tag_key)
    AND tag_key IN (SELECT min(tag_key) FROM blog_post_tags GROUP BY post_id, normalize(tag_key))
    AND NOT EXISTS (SELECT 1 FROM blog_post_tags other
        WHERE other.post_id = blog_post_tags.post_id AND other.tag_key = normalize(blog_post_tags.tag_key));
