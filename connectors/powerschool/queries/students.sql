SELECT s.dcid, s.id, s.student_number, s.state_studentnumber, s.first_name, s.last_name,
       s.grade_level, s.schoolid, s.enroll_status, s.student_web_id
FROM students s
WHERE s.enroll_status = 0 OR EXISTS (
  SELECT 1 FROM cc e
    JOIN terms t ON t.id = ABS(e.termid) AND t.schoolid = e.schoolid
    JOIN terms y ON y.yearid = t.yearid AND y.schoolid = t.schoolid AND y.isyearrec = 1
  WHERE e.studentid = s.id
    AND TO_CHAR(y.lastday, 'YYYY-MM-DD') >= :from_day AND TO_CHAR(y.firstday, 'YYYY-MM-DD') <= :to_day)
ORDER BY s.dcid
