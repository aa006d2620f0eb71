package app

import "github.com/prometheus/client_golang/prometheus"

// frontMetrics shows what the portal and the stream count themselves.
func (a *App) frontMetrics() {
	counter := func(name, help string, labels prometheus.Labels, read func() uint64) {
		a.telemetry.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 { return float64(read()) }))
	}
	s := a.front.stream
	counter("rapport_stream_events_total", "Events stored in the stream.", nil, func() uint64 { return s.Stats().Events })
	counter("rapport_stream_commits_total", "Writes to the stream, each one fsync.", nil, func() uint64 { return s.Stats().Commits })
	counter("rapport_stream_bytes_total", "Bytes written to the stream.", nil, func() uint64 { return s.Stats().Bytes })
	const drops = "rapport_stream_unacknowledged_total"
	counter(drops, "Events that were not taken, by reason.", prometheus.Labels{"reason": "full"}, func() uint64 { return s.Stats().Refused })
	counter(drops, "Events that were not taken, by reason.", prometheus.Labels{"reason": "failed"}, func() uint64 { return s.Stats().Failed })
	p := a.front.portal
	const forms = "rapport_portal_submissions_total"
	const formsHelp = "Submissions of forms, by outcome."
	counter(forms, formsHelp, prometheus.Labels{"outcome": "published"}, func() uint64 { return p.Stats().Submitted })
	counter(forms, formsHelp, prometheus.Labels{"outcome": "invalid"}, func() uint64 { return p.Stats().Invalid })
	counter(forms, formsHelp, prometheus.Labels{"outcome": "limited"}, func() uint64 { return p.Stats().LimitedForm })
	counter(forms, formsHelp, prometheus.Labels{"outcome": "failed"}, func() uint64 { return p.Stats().Failed })
	const views = "rapport_portal_interactions_total"
	const viewsHelp = "Reports of the tracking script, by outcome."
	counter(views, viewsHelp, prometheus.Labels{"outcome": "published"}, func() uint64 { return p.Stats().Tracked })
	counter(views, viewsHelp, prometheus.Labels{"outcome": "limited"}, func() uint64 { return p.Stats().LimitedView })
	counter(views, viewsHelp, prometheus.Labels{"outcome": "private"}, func() uint64 { return p.Stats().Private })
}

// coreMetrics shows what flows and jobs count themselves.
func (c *core) coreMetrics() {
	counter := func(name, help, outcome string, read func() int64) {
		c.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{"outcome": outcome}}, func() float64 { return float64(read()) }))
	}
	const runs, runsHelp = "rapport_flow_runs_total", "Runs of flows, by what became of them."
	counter(runs, runsHelp, "started", c.flows.Counts.Started.Load)
	counter(runs, runsHelp, "repeated", c.flows.Counts.Repeated.Load)
	counter(runs, runsHelp, "succeeded", c.flows.Counts.Succeeded.Load)
	counter(runs, runsHelp, "failed", c.flows.Counts.Failed.Load)
	counter(runs, runsHelp, "cancelled", c.flows.Counts.Cancelled.Load)
	counter(runs, runsHelp, "clash_rerun", c.flows.Counts.Clashes.Load)
	const jobs, jobsHelp = "rapport_jobs_total", "Jobs, by what became of them."
	counter(jobs, jobsHelp, "finished", c.runner.Counts.Finished.Load)
	counter(jobs, jobsHelp, "retried", c.runner.Counts.Retried.Load)
	counter(jobs, jobsHelp, "unavailable", c.runner.Counts.Unavailable.Load)
	counter(jobs, jobsHelp, "dead", c.runner.Counts.Dead.Load)
}
