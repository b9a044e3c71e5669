SELECT severity, count(*)::integer FROM work_items WHERE closed_at IS NULL AND exercise = '' GROUP BY severity
