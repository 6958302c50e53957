SELECT e.dcid, e.studentid, e.sectionid, e.schoolid, e.termid,
       TO_CHAR(e.dateenrolled, 'YYYY-MM-DD') AS dateenrolled, TO_CHAR(e.dateleft, 'YYYY-MM-DD') AS dateleft
FROM cc e
WHERE EXISTS (
  SELECT 1 FROM terms t
    JOIN terms y ON y.yearid = t.yearid AND y.schoolid = t.schoolid AND y.isyearrec = 1
  WHERE t.id = ABS(e.termid) AND t.schoolid = e.schoolid
    AND TO_CHAR(y.lastday, 'YYYY-MM-DD') >= :from_day AND TO_CHAR(y.firstday, 'YYYY-MM-DD') <= :to_day)
ORDER BY e.dcid
