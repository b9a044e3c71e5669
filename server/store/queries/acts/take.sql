-- The answer kept under this key, if any.
SELECT a.person::text, a.digest, a.status, a.body, a.noted FROM acts_done a WHERE a.key = %(key)s::uuid
