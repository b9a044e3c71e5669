DELETE FROM grants
WHERE person = %(person)s AND role = %(role)s
  AND place IS NOT DISTINCT FROM %(place)s::text AND company IS NOT DISTINCT FROM %(company)s::text
