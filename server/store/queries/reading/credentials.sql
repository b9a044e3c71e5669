-- Gate events with a credential, and those that hold one of these texts anywhere.
SELECT count(*) FILTER (WHERE data->>'credential' IS NOT NULL) AS hashed,
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM unnest(%(texts)s::text[]) t WHERE strpos(data::text, t) > 0)) AS bare
FROM events
