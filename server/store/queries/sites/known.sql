SELECT id FROM places WHERE level = 'compound' AND id = ANY (%(sites)s)
