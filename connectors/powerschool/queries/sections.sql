SELECT n.dcid, n.id, n.schoolid, n.course_number, n.section_number, n.termid, p.users_dcid
FROM sections n
  LEFT JOIN schoolstaff p ON p.id = n.teacher
WHERE EXISTS (
  SELECT 1 FROM terms t
    JOIN terms y ON y.yearid = t.yearid AND y.schoolid = t.schoolid AND y.isyearrec = 1
  WHERE t.id = n.termid AND t.schoolid = n.schoolid
    AND TO_CHAR(y.lastday, 'YYYY-MM-DD') >= :from_day AND TO_CHAR(y.firstday, 'YYYY-MM-DD') <= :to_day)
ORDER BY n.dcid
