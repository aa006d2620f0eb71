package definition

import (
	"encoding/binary"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// customCodes is where the object type codes of custom tables begin.
const customCodes = 10_000

// typeCode gives a table's object type code; of one that has none it follows
// from the name.
func typeCode(t *metadata.Table) int64 {
	if t.Code != 0 {
		return int64(t.Code)
	}
	key := entityID(t.Name)
	return customCodes + int64(binary.BigEndian.Uint32(key[:4])%1_000_000)
}

// entity shows a table.
func entity(t *metadata.Table, custom bool) obj {
	ownership := "OrganizationOwned"
	switch {
	case t.Owned():
		ownership = "UserOwned"
	case t.Intersect:
		ownership = "None"
	}
	activity := t.Base == "activitypointer" || t.Name == "activitypointer"
	out := obj{
		"MetadataId": entityID(t.Name).String(), "HasChanged": nil, "LogicalName": t.Name, "SchemaName": t.Schema, "EntitySetName": t.Set, "LogicalCollectionName": t.Set, "CollectionSchemaName": t.Set,
		"DisplayName": label(t.Label), "DisplayCollectionName": label(t.Plural), "Description": text(t.Description), "ObjectTypeCode": typeCode(t), "OwnershipType": ownership,
		"PrimaryIdAttribute": t.ID, "PrimaryNameAttribute": nil, "PrimaryImageAttribute": nil, "IsActivity": activity, "IsActivityParty": false, "ActivityTypeMask": int64(0),
		"IsCustomEntity": custom, "IsManaged": false, "IsIntersect": t.Intersect, "IsPrivate": false, "IsLogicalEntity": false, "IsBPFEntity": t.Process, "IsStateModelAware": t.Stateful(),
		"IsEnforceStateTransitions": false, "IsChildEntity": false, "IsAIRUpdated": false, "IsImportable": !t.Managed, "IsReadingPaneEnabled": true, "IsQuickCreateEnabled": false,
		"IsDocumentManagementEnabled": false, "IsBusinessProcessEnabled": false, "IsInteractionCentricEnabled": false, "IsKnowledgeManagementEnabled": false, "IsOptimisticConcurrencyEnabled": true,
		"IsAvailableOffline": false, "IsVisibleInMobileClient": flag(true, "canmodifymobileclientvisibility"), "IsConnectionsEnabled": flag(true, "canmodifyconnectionsettings"),
		"IsDuplicateDetectionEnabled": flag(true, "canmodifyduplicatedetectionsettings"), "IsAuditEnabled": flag(!t.NoTrack, "canmodifyauditsettings"), "IsMappable": flag(true, "ismappable"),
		"IsCustomizable": flag(true, "iscustomizable"), "IsRenameable": flag(true, "isrenameable"), "IsValidForQueue": flag(t.Owned(), "canmodifyqueuesettings"), "CanCreateAttributes": flag(!t.Managed, "cancreateattributes"),
		"CanCreateForms": flag(true, "cancreateforms"), "CanCreateViews": flag(true, "cancreateviews"), "CanCreateCharts": flag(true, "cancreatecharts"), "CanModifyAdditionalSettings": flag(true, "canmodifyadditionalsettings"),
		"CanBeRelatedEntityInRelationship": flag(!t.Intersect, "canberelatedentityinrelationship"), "CanBePrimaryEntityInRelationship": flag(!t.Intersect, "canbeprimaryentityinrelationship"),
		"CanBeInManyToMany": flag(!t.Intersect, "canbeinmanytomany"), "CanChangeTrackingBeEnabled": flag(true, "canchangetrackingbeenabled"), "CanTriggerWorkflow": !t.Managed,
		"ChangeTrackingEnabled": !t.NoTrack, "IsValidForAdvancedFind": true, "IsEnabledForCharts": true, "HasNotes": t.Owned(), "HasActivities": t.Owned(), "HasFeedback": false, "HasEmailAddresses": false,
		"AutoCreateAccessTeams": false, "SyncToExternalSearchIndex": true, "TableType": "Standard", "DataProviderId": nil, "DataSourceId": nil, "EntityColor": nil, "IntroducedVersion": nil, "MobileOfflineFilters": nil,
		"Privileges": privileges(t),
	}
	if t.Title != "" && t.Title != t.ID {
		out["PrimaryNameAttribute"] = t.Title
	}
	return out
}

// privileges lists what a role may hold on the table.
func privileges(t *metadata.Table) []any {
	out := []any{}
	for _, right := range []string{"Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share"} {
		if (right == "Assign" || right == "Share") && !t.Owned() {
			continue
		}
		out = append(out, obj{"Name": "prv" + right + t.Schema, "PrivilegeType": right, "CanBeBasic": t.Owned(), "CanBeLocal": t.Owned(), "CanBeDeep": t.Owned(), "CanBeGlobal": true})
	}
	return out
}
