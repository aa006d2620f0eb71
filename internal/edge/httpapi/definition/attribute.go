package definition

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

const namespace = "Microsoft.Dynamics.CRM."

// kindOf is what Dataverse calls the type of a column: its class, AttributeType
// and AttributeTypeName.
type kindOf struct{ class, code, name string }

func kind(c *metadata.Column) kindOf {
	switch c.Name {
	case "statecode":
		return kindOf{"State", "State", "StateType"}
	case "statuscode":
		return kindOf{"Status", "Status", "StatusType"}
	}
	if k, ok := kinds[c.TypeName]; ok {
		if c.TypeName == "whole" && c.Most != nil && *c.Most > 1<<31-1 {
			return kindOf{"BigInt", "BigInt", "BigIntType"}
		}
		return k
	}
	return kindOf{"String", "String", "StringType"}
}

var kinds = map[string]kindOf{
	"text": {"String", "String", "StringType"}, "memo": {"Memo", "Memo", "MemoType"}, "whole": {"Integer", "Integer", "IntegerType"},
	"decimal": {"Decimal", "Decimal", "DecimalType"}, "double": {"Double", "Double", "DoubleType"}, "money": {"Money", "Money", "MoneyType"},
	"boolean": {"Boolean", "Boolean", "BooleanType"}, "date": {"DateTime", "DateTime", "DateTimeType"}, "datetime": {"DateTime", "DateTime", "DateTimeType"},
	"choice": {"Picklist", "Picklist", "PicklistType"}, "multichoice": {"MultiSelectPicklist", "Virtual", "MultiSelectPicklistType"},
	"lookup": {"Lookup", "Lookup", "LookupType"}, "customer": {"Lookup", "Customer", "CustomerType"}, "owner": {"Lookup", "Owner", "OwnerType"},
	"id": {"UniqueIdentifier", "Uniqueidentifier", "UniqueidentifierType"}, "json": {"Memo", "Memo", "MemoType"},
	"file": {"File", "Virtual", "FileType"}, "image": {"Image", "Virtual", "ImageType"},
}

// isCustom tells whether a name has the prefix of a publisher other than ours.
func isCustom(name string) bool {
	prefix, _, ok := strings.Cut(name, "_")
	return ok && prefix != "" && prefix != "rpt" && prefix != "msdyn" && prefix != "address1" && prefix != "address2" && prefix != "address3"
}

// attribute shows a column.
func attribute(t *metadata.Table, c *metadata.Column, custom bool) obj {
	k := kind(c)
	writable := !c.ReadOnly && c.Name != t.ID
	required := "None"
	switch {
	case c.Name == t.ID || c.System && c.Required:
		required = "SystemRequired"
	case c.Required:
		required = "ApplicationRequired"
	case c.Recommended:
		required = "Recommended"
	}
	source := int64(0)
	if c.Formula != "" {
		source = 1
	}
	if c.Rollup != nil {
		source = 2
	}
	out := obj{
		"@odata.type": "#" + namespace + k.class + "AttributeMetadata", "MetadataId": attributeID(t.Name, c.Name).String(), "HasChanged": nil,
		"EntityLogicalName": t.Name, "LogicalName": c.Name, "SchemaName": c.Schema, "AttributeType": k.code, "AttributeTypeName": obj{"Value": k.name},
		"DisplayName": label(c.Label), "Description": text(c.Description), "IsPrimaryId": c.Name == t.ID, "IsPrimaryName": c.Name == t.Title,
		"RequiredLevel":     obj{"Value": required, "CanBeChanged": required != "SystemRequired", "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings"},
		"IsCustomAttribute": custom, "IsManaged": false, "IsSecured": c.Secured, "rpt_AuditReads": c.Audit == metadata.AuditReads, "IsLogical": false, "IsFilterable": true, "IsSearchable": c.Searchable, "IsRetrievable": true,
		"IsValidForCreate": writable || c.Name == t.ID, "IsValidForUpdate": writable, "IsValidForRead": true, "IsValidForForm": true, "IsValidForGrid": true,
		"IsValidODataAttribute": true, "CanBeSecuredForRead": true, "CanBeSecuredForCreate": writable, "CanBeSecuredForUpdate": writable, "IsDataSourceSecret": false,
		"IsValidForAdvancedFind": flag(true, "canmodifysearchsettings"), "IsAuditEnabled": flag(true, "canmodifyauditsettings"), "IsGlobalFilterEnabled": flag(false, "canmodifyglobalfiltersettings"),
		"IsSortableEnabled": flag(true, "canmodifyissortablesettings"), "IsCustomizable": flag(!c.System, "iscustomizable"), "IsRenameable": flag(!c.System, "isrenameable"),
		"CanModifyAdditionalSettings": flag(true, "canmodifyadditionalsettings"), "AttributeOf": nil, "LinkedAttributeId": nil, "SourceType": source, "FormulaDefinition": nil,
		"AutoNumberFormat": c.AutoNumber, "ColumnNumber": nil, "DeprecatedVersion": nil, "IntroducedVersion": nil, "ExternalName": nil, "InheritsFrom": nil,
	}
	if c.PartOf != "" {
		out["AttributeOf"] = c.PartOf
	}
	if c.Formula != "" {
		out["FormulaDefinition"] = c.Formula
	}
	special(out, c, k)
	return out
}

// special adds what columns of a type have.
func special(out obj, c *metadata.Column, k kindOf) {
	number := func(least, most, precision any) {
		out["MinValue"], out["MaxValue"], out["Precision"], out["ImeMode"] = least, most, precision, "Auto"
	}
	bound := func(p *int64, otherwise int64) int64 {
		if p != nil {
			return *p
		}
		return otherwise
	}
	digits := func(otherwise uint8) any {
		if c.Precision != nil {
			return *c.Precision
		}
		return otherwise
	}
	switch k.class {
	case "String":
		format := formatName(c.Format, "Text")
		out["MaxLength"], out["DatabaseLength"], out["Format"], out["FormatName"], out["ImeMode"], out["IsLocalizable"], out["YomiOf"] = length(c), length(c)*2, format, obj{"Value": format}, "Auto", false, nil
	case "Memo":
		format := formatName(c.Format, "TextArea")
		if c.TypeName == "json" {
			format = "Json"
		}
		out["MaxLength"], out["Format"], out["FormatName"], out["ImeMode"], out["IsLocalizable"] = length(c), format, obj{"Value": format}, "Auto", false
	case "Integer":
		out["MinValue"], out["MaxValue"], out["Format"] = bound(c.Least, -1<<31), bound(c.Most, 1<<31-1), formatName(c.Format, "None")
	case "BigInt":
		out["MinValue"], out["MaxValue"] = bound(c.Least, -1<<63), bound(c.Most, 1<<63-1)
	case "Decimal":
		number(bound(c.Least, -100_000_000_000), bound(c.Most, 100_000_000_000), digits(2))
	case "Double":
		number(bound(c.Least, -100_000_000_000), bound(c.Most, 100_000_000_000), digits(2))
	case "Money":
		number(bound(c.Least, -922337203685477), bound(c.Most, 922337203685477), digits(4))
		out["PrecisionSource"], out["CalculationOf"], out["IsBaseCurrency"] = int64(2), nil, c.BaseOf != ""
		if c.BaseOf != "" {
			out["CalculationOf"] = c.BaseOf
		}
	case "DateTime":
		format, behaviour := "DateAndTime", c.Behaviour
		if c.TypeName == "date" {
			format, behaviour = "DateOnly", "DateOnly"
		}
		if c.Format != "" {
			format = formatName(c.Format, format)
		}
		if behaviour == "" {
			behaviour = "UserLocal"
		}
		out["Format"], out["DateTimeBehavior"], out["ImeMode"], out["CanChangeDateTimeBehavior"] = format, obj{"Value": behaviour}, "Inactive", flag(false, "canchangedatetimebehavior")
	case "Boolean":
		out["DefaultValue"] = c.Default == true
	case "Picklist", "MultiSelectPicklist", "State", "Status":
		out["DefaultFormValue"] = int64(-1)
		if v, ok := whole(c.Default); ok {
			out["DefaultFormValue"] = v
		}
	case "Lookup":
		out["Targets"], out["Format"] = c.Targets, "None"
	case "File", "Image":
		out["MaxSizeInKB"] = int64(32 << 10)
		if c.MaxKB > 0 {
			out["MaxSizeInKB"] = int64(c.MaxKB)
		}
	}
}

// length is how many characters a text takes.
func length(c *metadata.Column) int {
	switch {
	case c.Max > 0:
		return c.Max
	case c.TypeName == "memo":
		return 100_000
	case c.TypeName == "json":
		return 256 << 10
	}
	return 100
}

// formatNames are what formats are called on the wire.
var formatNames = []string{"Text", "TextArea", "Email", "Url", "Phone", "TickerSymbol", "RichText", "Json", "None", "Duration", "TimeZone", "Language", "Locale", "DateOnly", "DateAndTime", "VersionNumber"}

func formatName(ours, otherwise string) string {
	for _, f := range formatNames {
		if strings.EqualFold(f, ours) {
			return f
		}
	}
	return otherwise
}
