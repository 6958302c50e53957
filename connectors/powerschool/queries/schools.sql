SELECT s.dcid, s.school_number, s.name, s.district_number
FROM schools s
ORDER BY s.dcid
