SELECT c.dcid, c.course_number, c.course_name
FROM courses c
WHERE EXISTS (
  SELECT 1 FROM sections n
    JOIN terms t ON t.id = n.termid AND t.schoolid = n.schoolid
    JOIN terms y ON y.yearid = t.yearid AND y.schoolid = t.schoolid AND y.isyearrec = 1
  WHERE n.course_number = c.course_number
    AND TO_CHAR(y.lastday, 'YYYY-MM-DD') >= :from_day AND TO_CHAR(y.firstday, 'YYYY-MM-DD') <= :to_day)
ORDER BY c.dcid
