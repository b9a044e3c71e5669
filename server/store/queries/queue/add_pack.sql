INSERT INTO rule_packs (hash, name, source) VALUES (%(hash)s, %(name)s, %(source)s) ON CONFLICT DO NOTHING
