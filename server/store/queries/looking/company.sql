SELECT c.id, c.name_zh, c.name_en FROM companies c WHERE c.id = %(company)s
