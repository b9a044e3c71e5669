-- What `redwhistle doctor` asks: the clock, the accounts that rule, whether timers are served, what waits to be looked at.
SELECT clock_timestamp() AS now,
       (SELECT count(*) FROM people)::integer AS people,
       ARRAY(SELECT p.login FROM people p
             WHERE p.disabled_at IS NULL AND EXISTS (SELECT FROM grants g WHERE g.person = p.id AND g.role = 'admin')
             ORDER BY p.login) AS admins,
       ARRAY(SELECT p.login FROM people p
             WHERE p.disabled_at IS NULL AND p.must_change_password
               AND coalesce(p.password_changed_at, p.created_at) < clock_timestamp() - interval '1 day'
               AND EXISTS (SELECT FROM grants g WHERE g.person = p.id AND g.role = 'admin')
             ORDER BY p.login) AS unchanged,
       (SELECT max(j.finished_at) FROM job_timers j WHERE j.name = 'retention') AS retention_at,
       (SELECT count(*) FROM places)::integer AS places,
       (SELECT count(*) FROM quarantine WHERE settled_at IS NULL)::integer AS quarantined
