SELECT t.dcid, t.id, t.schoolid, t.yearid, t.name,
       TO_CHAR(t.firstday, 'YYYY-MM-DD') AS firstday, TO_CHAR(t.lastday, 'YYYY-MM-DD') AS lastday,
       t.portion, t.isyearrec
FROM terms t
WHERE EXISTS (
  SELECT 1 FROM terms y
  WHERE y.yearid = t.yearid AND y.schoolid = t.schoolid AND y.isyearrec = 1
    AND TO_CHAR(y.lastday, 'YYYY-MM-DD') >= :from_day AND TO_CHAR(y.firstday, 'YYYY-MM-DD') <= :to_day)
ORDER BY t.dcid
