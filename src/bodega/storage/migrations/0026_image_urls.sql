-- V3 shows the address of an image's file, which was stored beside the document.
/* sqlite */ UPDATE product_images SET
    doc = CAST(substr(CAST(doc AS TEXT), 1, length(CAST(doc AS TEXT)) - 1) || ',' || substr(CAST(rest AS TEXT), 2,
        instr(CAST(rest AS TEXT), ',"date_created":') - 2) || '}' AS BLOB),
    rest = CAST('{' || substr(CAST(rest AS TEXT), instr(CAST(rest AS TEXT), ',"date_created":') + 1) AS BLOB);
/* postgresql */ UPDATE product_images SET
    doc = convert_to(left(convert_from(doc, 'UTF8'), -1) || ',' || substr(convert_from(rest, 'UTF8'), 2,
        strpos(convert_from(rest, 'UTF8'), ',"date_created":') - 2) || '}', 'UTF8'),
    rest = convert_to('{' || substr(convert_from(rest, 'UTF8'), strpos(convert_from(rest, 'UTF8'), ',"date_created":') + 1),
        'UTF8');
-- They are shown otherwise than before, so their entity tags are others.
UPDATE table_statistics SET revision = revision + 1 WHERE name = '*';
UPDATE product_images SET version = (SELECT revision FROM table_statistics WHERE name = '*');
UPDATE table_statistics SET revision = (SELECT revision FROM table_statistics WHERE name = '*')
    WHERE name = 'product_images';
