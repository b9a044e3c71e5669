UPDATE people SET name = %(name)s, lang = %(lang)s, disabled_at = %(disabled_at)s WHERE id = %(id)s
