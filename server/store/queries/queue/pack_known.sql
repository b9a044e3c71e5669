SELECT 1 FROM rule_packs WHERE hash = %(hash)s
