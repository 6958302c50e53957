SELECT r.assignmentscoreid AS score_id, r.studentsdcid AS students_dcid, r.scorepoints AS points,
       r.isincomplete AS is_incomplete, r.isexempt AS is_exempt, COUNT(*) OVER () AS rows_in_all
FROM assignmentscore r
WHERE r.assignmentsectionid = :assignment_section
ORDER BY r.assignmentscoreid
