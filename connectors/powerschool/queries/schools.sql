SELECT s.dcid, s.school_number, s.name
FROM schools s
ORDER BY s.dcid
