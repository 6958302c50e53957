SELECT s.id AS students_id, s.dcid AS students_dcid, s.student_number AS student_number,
       s.state_studentnumber AS state_studentnumber,
       n.id AS sections_id, n.dcid AS sections_dcid, n.section_number AS section_number,
       h.school_number AS school_number, t.id AS terms_id, t.dcid AS terms_dcid, t.yearid AS year_id,
       TO_CHAR(t.firstday, 'YYYY-MM-DD') AS first_day, TO_CHAR(t.lastday, 'YYYY-MM-DD') AS last_day,
       e.sectionid AS seat_section, NVL(p.users_dcid, 0) AS users_dcid, COUNT(*) OVER () AS rows_in_all
FROM sections n
  JOIN terms t ON t.id = n.termid AND t.schoolid = n.schoolid
  JOIN cc e ON ABS(e.sectionid) = n.id
  JOIN students s ON s.id = e.studentid
  JOIN schools h ON h.school_number = n.schoolid
  LEFT JOIN schoolstaff p ON p.id = n.teacher
WHERE n.course_number = :course_number AND t.yearid = :year_id
ORDER BY s.dcid, n.dcid, e.dcid
