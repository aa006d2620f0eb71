package app

import (
	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/capability/marketing"
	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/capability/sales"
	"github.com/rapport-platform/rapport/internal/capability/scoring"
	"github.com/rapport-platform/rapport/internal/capability/support"
	"github.com/rapport-platform/rapport/internal/commons/activity"
	"github.com/rapport-platform/rapport/internal/commons/calendar"
	"github.com/rapport-platform/rapport/internal/commons/catalog"
	"github.com/rapport-platform/rapport/internal/commons/consent"
	"github.com/rapport-platform/rapport/internal/commons/decision"
	"github.com/rapport-platform/rapport/internal/commons/document"
	"github.com/rapport-platform/rapport/internal/commons/exchange"
	"github.com/rapport-platform/rapport/internal/commons/party"
	"github.com/rapport-platform/rapport/internal/commons/privacy"
	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/commons/report"
	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/commons/signature"
	"github.com/rapport-platform/rapport/internal/commons/sla"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/audit"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/duplicate"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/savedquery"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/webhook"
	"github.com/rapport-platform/rapport/internal/platform/workspace"
)

// Catalog brings the tables of all packages together.
func Catalog() (*metadata.Catalog, error) {
	var all []*metadata.Table
	for _, tables := range []func() ([]*metadata.Table, error){
		access.Tables, customise.Tables, event.Tables, action.Tables, flow.Tables, notify.Tables, party.Tables, activity.Tables, calendar.Tables, queue.Tables, routing.Tables, catalog.Tables, sla.Tables, process.Tables, report.Tables, decision.Tables, exchange.Tables, document.Tables, signature.Tables, consent.Tables,
		duplicate.Tables, savedquery.Tables, audit.Tables, webhook.Tables, transfer.Tables, workspace.Tables, privacy.Tables,
		portal.Tables, memberarea.Tables, intake.Tables, sales.Tables, support.Tables, marketing.Tables, scoring.Tables,
	} {
		t, err := tables()
		if err != nil {
			return nil, err
		}
		all = append(all, t...)
	}
	return metadata.NewCatalog(all...)
}
