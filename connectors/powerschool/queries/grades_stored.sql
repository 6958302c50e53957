SELECT s.id AS students_id, s.dcid AS students_dcid, s.student_number AS student_number,
       s.state_studentnumber AS state_studentnumber, s.grade_level AS grade_level,
       n.id AS sections_id, n.dcid AS sections_dcid, n.section_number AS section_number,
       h.school_number AS school_number, h.name AS school_name,
       t.id AS terms_id, t.dcid AS terms_dcid, t.yearid AS year_id,
       TO_CHAR(t.firstday, 'YYYY-MM-DD') AS first_day, TO_CHAR(t.lastday, 'YYYY-MM-DD') AS last_day,
       e.sectionid AS seat_section, NVL(p.users_dcid, 0) AS users_dcid, u.lastfirst AS teacher_name,
       c.course_name AS course_name, c.credit_hours AS credit_hours, c.credittype AS course_credit_type,
       COUNT(*) OVER () AS rows_in_all,
       NVL(g.dcid, 0) AS stored_dcid, g.studentid AS stored_studentid, g.sectionid AS stored_sectionid,
       g.termid AS stored_termid, g.grade AS grade, g.percent AS percent, g.comment_value AS comment_value,
       g.schoolid AS schoolid, g.schoolname AS schoolname, g.grade_level AS stored_grade_level,
       g.course_number AS course_number, g.course_name AS stored_course_name, g.teacher_name AS stored_teacher,
       g.credit_type AS credit_type, g.earnedcrhrs AS earnedcrhrs, g.potentialcrhrs AS potentialcrhrs,
       g.gpa_points AS gpa_points, g.gpa_addedvalue AS gpa_addedvalue, g.behavior AS behavior,
       g.gradereplacementpolicy_id AS gradereplacementpolicy_id, g.excludefromgpa AS excludefromgpa,
       g.excludefromclassrank AS excludefromclassrank, g.excludefromhonorroll AS excludefromhonorroll,
       g.excludefromtranscripts AS excludefromtranscripts,
       g.excludefromgraduation AS excludefromgraduation,
       g.excludefromgradesuppression AS excludefromgradesuppression
FROM sections n
  JOIN terms t ON t.id = n.termid AND t.schoolid = n.schoolid
  JOIN cc e ON ABS(e.sectionid) = n.id
  JOIN students s ON s.id = e.studentid
  JOIN courses c ON c.course_number = n.course_number
  JOIN schools h ON h.school_number = n.schoolid
  LEFT JOIN schoolstaff p ON p.id = n.teacher
  LEFT JOIN users u ON u.dcid = p.users_dcid
  LEFT JOIN storedgrades g ON g.studentid = s.id AND g.storecode = :store_code
    AND g.termid BETWEEN t.yearid * 100 AND t.yearid * 100 + 99
    AND (g.course_number = n.course_number OR (g.course_number IS NULL AND g.course_name = c.course_name))
WHERE n.course_number = :course_number AND t.yearid = :year_id
ORDER BY s.dcid, n.dcid, e.dcid, g.dcid
