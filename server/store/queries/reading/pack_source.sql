SELECT name, source FROM rule_packs WHERE hash = %(hash)s
