/**
 * What PostgreSQL says is in a database, as the statements that would make it.
 *
 * @since 0.2.0
 */

/**
 * Selects the statements of the tables and views that the first parameter lists, of their indexes and triggers, and of the functions
 * that the second one lists, both as JSON arrays of names. An index that could not be made to its end is none, and neither is
 * a trigger that is off.
 *
 * @since 0.2.0
 * @category schema
 */
export const postgresDefinitions = `WITH own AS (
  SELECT c.oid, c.relname, c.relkind FROM jsonb_array_elements_text(CAST(? AS jsonb)) AS named (name)
  JOIN pg_class c ON c.oid = to_regclass(named.name)
)
SELECT format('CREATE TABLE %I (%s%s)', own.relname, (
  SELECT string_agg(concat_ws(' ',
    quote_ident(a.attname),
    format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attcollation <> t.typcollation THEN 'COLLATE ' || quote_ident(l.collname) END,
    CASE WHEN a.attnotnull THEN 'NOT NULL' END,
    CASE
      WHEN a.attidentity <> '' THEN 'GENERATED ALWAYS AS IDENTITY'
      WHEN a.attgenerated = 's' THEN format('GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid))
      WHEN a.attgenerated <> '' THEN format('GENERATED ALWAYS AS (%s)', pg_get_expr(d.adbin, d.adrelid))
      WHEN d.adbin IS NOT NULL THEN format('DEFAULT (%s)', pg_get_expr(d.adbin, d.adrelid))
    END
  ), ', ' ORDER BY a.attnum)
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = own.oid AND a.attnum > 0 AND NOT a.attisdropped
), (
  SELECT ', ' || string_agg(pg_get_constraintdef(k.oid), ', ' ORDER BY k.conname)
  FROM pg_constraint k WHERE k.conrelid = own.oid AND k.contype IN ('p', 'c', 'u', 'f', 'x')
)) FROM own WHERE own.relkind IN ('r', 'p')
UNION ALL
SELECT format('CREATE VIEW %I AS %s', own.relname, pg_get_viewdef(own.oid)) FROM own WHERE own.relkind = 'v'
UNION ALL
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN own ON i.indrelid = own.oid
WHERE i.indisvalid AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = own.oid)
UNION ALL
SELECT pg_get_triggerdef(g.oid) FROM pg_trigger g JOIN own ON g.tgrelid = own.oid
WHERE NOT g.tgisinternal AND g.tgenabled <> 'D'
UNION ALL
SELECT pg_get_functiondef(p.oid) FROM jsonb_array_elements_text(CAST(? AS jsonb)) AS named (name)
JOIN pg_proc p ON p.oid = to_regproc(named.name)`
