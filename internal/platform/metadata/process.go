package metadata

// The status reasons of the instance of a business process flow, as Dataverse
// numbers them.
const (
	ProcessActive   = 1
	ProcessFinished = 2
	ProcessAborted  = 3
)

// ProcessStates gives the states of the instances of a business process flow.
func ProcessStates() []State {
	return []State{
		{Value: 0, Label: Label{"en": "Active", "de": "Aktiv"}, Reasons: []Option{{Value: ProcessActive, Label: Label{"en": "Active", "de": "Aktiv"}}}},
		{Value: 1, Label: Label{"en": "Inactive", "de": "Inaktiv"}, Reasons: []Option{{Value: ProcessFinished, Label: Label{"en": "Finished", "de": "Beendet"}}, {Value: ProcessAborted, Label: Label{"en": "Aborted", "de": "Abgebrochen"}}}},
	}
}

// processColumns are the columns of a table of instances beside the lookups to
// the records that its process is about.
func (t *Table) processColumns() []Column {
	return []Column{
		{Name: "bpf_name", TypeName: "text", Max: 200, Label: Label{"en": "Name", "de": "Name"}},
		{Name: "processid", TypeName: "lookup", Targets: []string{"workflow"}, Nav: "processid", Collection: "workflow_" + t.Name, Unindexed: true, Label: Label{"en": "Process", "de": "Prozess"}},
		{Name: "activestageid", TypeName: "lookup", Targets: []string{"processstage"}, Nav: "activestageid", Collection: "lk_" + t.Name + "_activestageid", Label: Label{"en": "Active Stage", "de": "Aktive Phase"}},
		{Name: "activestagestartedon", TypeName: "datetime", ReadOnly: true, Label: Label{"en": "Active Stage Started On", "de": "Aktive Phase seit"}},
		{Name: "traversedpath", TypeName: "text", Max: 1250, Label: Label{"en": "Path Taken", "de": "Durchlaufener Pfad"}},
		{Name: "completedon", TypeName: "datetime", ReadOnly: true, Label: Label{"en": "Completed On", "de": "Beendet am"}},
		{Name: "duration", TypeName: "whole", ReadOnly: true, Label: Label{"en": "Duration (Minutes)", "de": "Dauer (Minuten)"}},
		{Name: "rpt_movereason", TypeName: "text", Max: 1000, Label: Label{"en": "Reason of the Last Move Back", "de": "Grund des letzten Rückschritts"}},
		{Name: "rpt_stalledon", TypeName: "datetime", ReadOnly: true, Label: Label{"en": "Stalled Since", "de": "Stockt seit"}},
		{Name: "rpt_stages", TypeName: "json", ReadOnly: true, Label: Label{"en": "Time in Stages", "de": "Zeit in den Phasen"}},
	}
}
