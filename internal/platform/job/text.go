package job

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// texts are the statements in the words of one database.
type texts struct {
	insert, cancel, hasten, waiting, due, claim, extend, done, again, retry, dead, listDead, revive string
}

// claimKinds stands in the claiming texts for the list of kinds.
const claimKinds = "/*kinds*/"

func textsFor(d sqldb.Dialect) texts {
	lock := ""
	if d == sqldb.Postgres {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	t := texts{
		insert: `INSERT INTO job (jobid, kind, jobkey, due, payload, leaseno, failures, misses, lost, createdon) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, ?6)
			ON CONFLICT (kind, jobkey) WHERE jobkey IS NOT NULL AND deadon IS NULL DO NOTHING`,
		cancel: `DELETE FROM job WHERE kind = ?1 AND jobkey = ?2 AND deadon IS NULL`,
		// A job under a lease has lost > 0: it is raised by the claim and cleared by every verdict.
		hasten:  `UPDATE job SET due = ?1 WHERE kind = ?2 AND jobkey = ?3 AND deadon IS NULL AND lost = 0 AND due > ?1`,
		waiting: `SELECT COUNT(*), MIN(due) FROM job WHERE kind = ?1 AND deadon IS NULL`,
		due:     `SELECT 1 FROM job WHERE deadon IS NULL AND due <= ?1 AND kind IN (` + claimKinds + `) LIMIT 1`,
		claim: `UPDATE job SET due = ?1, leaseno = leaseno + 1, lost = lost + 1 WHERE jobid IN (
				SELECT jobid FROM job WHERE deadon IS NULL AND due <= ?2 AND kind IN (` + claimKinds + `) ORDER BY due LIMIT ?3` + lock + `)
			RETURNING jobid, kind, jobkey, payload, leaseno, failures, misses, lost, createdon`,
		extend:   `UPDATE job SET due = ?1 WHERE jobid = ?2 AND leaseno = ?3 AND deadon IS NULL`,
		done:     `DELETE FROM job WHERE jobid = ?1 AND leaseno = ?2 AND deadon IS NULL`,
		again:    `UPDATE job SET due = ?1, payload = ?2, leaseno = leaseno + 1, failures = 0, misses = 0, lost = 0, reason = NULL WHERE jobid = ?3 AND leaseno = ?4 AND deadon IS NULL`,
		retry:    `UPDATE job SET due = ?1, failures = ?2, misses = ?3, lost = 0, reason = ?4, leaseno = leaseno + 1 WHERE jobid = ?5 AND leaseno = ?6 AND deadon IS NULL`,
		dead:     `UPDATE job SET deadon = ?1, failures = ?2, lost = 0, reason = ?3, leaseno = leaseno + 1 WHERE jobid = ?4 AND leaseno = ?5 AND deadon IS NULL`,
		listDead: `SELECT jobid, kind, jobkey, payload, failures, reason, createdon, deadon FROM job WHERE deadon IS NOT NULL AND deadon < ?1 ORDER BY deadon DESC LIMIT ?2`,
		revive:   `UPDATE job SET deadon = NULL, due = ?1, failures = 0, misses = 0, lost = 0, reason = NULL WHERE jobid = ?2 AND deadon IS NOT NULL`,
	}
	if d == sqldb.Postgres {
		for _, s := range []*string{&t.insert, &t.cancel, &t.hasten, &t.waiting, &t.due, &t.claim, &t.extend, &t.done, &t.again, &t.retry, &t.dead, &t.listDead, &t.revive} {
			*s = strings.ReplaceAll(*s, "?", "$")
		}
	}
	return t
}
