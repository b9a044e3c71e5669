SELECT metric_key, name FROM metrics WHERE %(names)s::text[] IS NULL OR name = ANY (%(names)s::text[])
