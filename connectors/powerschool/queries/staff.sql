SELECT p.dcid, p.users_dcid, p.schoolid,
       u.homeschoolid, u.teachernumber, u.first_name, u.last_name, u.email_addr, u.loginid
FROM schoolstaff p
  JOIN users u ON u.dcid = p.users_dcid
WHERE p.status = 1 OR EXISTS (
  SELECT 1 FROM sections n
    JOIN terms t ON t.id = n.termid AND t.schoolid = n.schoolid
    JOIN terms y ON y.yearid = t.yearid AND y.schoolid = t.schoolid AND y.isyearrec = 1
  WHERE n.teacher = p.id
    AND TO_CHAR(y.lastday, 'YYYY-MM-DD') >= :from_day AND TO_CHAR(y.firstday, 'YYYY-MM-DD') <= :to_day)
ORDER BY p.dcid
