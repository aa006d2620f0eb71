package definition

import (
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// key shows an alternate key.
func key(t *metadata.Table, k metadata.Key, status, problem string) obj {
	out := obj{"@odata.type": "#Microsoft.Dynamics.CRM.EntityKeyMetadata", "MetadataId": keyID(t.Name, k.Name).String(), "HasChanged": nil, "EntityLogicalName": t.Name, "LogicalName": k.Name,
		"SchemaName": k.Name, "DisplayName": text(k.Name), "KeyAttributes": k.Columns, "EntityKeyIndexStatus": status, "AsyncJob": nil, "IsManaged": false,
		"IsCustomizable": flag(true, "iscustomizable"), "IsSynchronous": false, "IsSecondaryKey": false, "IsExportKey": false, "IntroducedVersion": nil}
	if problem != "" {
		out["@rapport.error"] = problem
	}
	return out
}

// keys lists a table's keys, those among them that are being made or failed.
func (a *API) keys(t *metadata.Table) []obj {
	out := []obj{}
	for _, k := range t.Keys {
		if !k.WhereOpen {
			out = append(out, key(t, k, "Active", ""))
		}
	}
	for _, d := range a.Customs.Unfinished(t.Name, customise.KindKey) {
		status := "InProgress"
		if d.State == customise.Failed {
			status = "Failed"
		}
		if k, err := customise.ReadKey(d.Body); err == nil {
			out = append(out, key(t, k, status, d.Error))
		}
	}
	return out
}
