package odata

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// enum is a type of operations' parameters whose values have names.
type enum struct {
	flags   bool
	members []enumMember
}

type enumMember struct {
	name  string
	value int64
}

// enums are those that Dataverse's operations know.
func enums() map[string]enum {
	return map[string]enum{
		"AccessRights": {true, []enumMember{{"None", 0}, {"ReadAccess", 1}, {"WriteAccess", 2}, {"AppendAccess", 4}, {"AppendToAccess", 16}, {"CreateAccess", 32},
			{"DeleteAccess", 65536}, {"ShareAccess", 262144}, {"AssignAccess", 524288}}},
		"PrivilegeDepth":     {false, []enumMember{{"Basic", 0}, {"Local", 1}, {"Deep", 2}, {"Global", 3}}},
		"EndpointAccessType": {false, []enumMember{{"Default", 0}, {"Internet", 1}, {"Intranet", 2}}},
		"TargetFieldType":    {false, []enumMember{{"All", 0}, {"ValidForCreate", 1}, {"ValidForUpdate", 2}, {"ValidForRead", 3}}},
	}
}

// types writes the enum and complex types that operations use.
func (w *csdlWriter) types(operations []OperationInfo) {
	known := enums()
	used, complex := map[string]bool{}, map[string][]ParamInfo{}
	var visit func(list []ParamInfo)
	visit = func(list []ParamInfo) {
		for _, p := range list {
			name := strings.TrimSuffix(strings.TrimPrefix(p.Type, "Collection("), ")")
			name, ours := strings.CutPrefix(name, "mscrm.")
			if _, isEnum := known[name]; ours && isEnum {
				used[name] = true
				continue
			}
			if _, twice := complex[name]; ours && len(p.Members) > 0 && !twice {
				complex[name] = p.Members
				visit(p.Members)
			}
		}
	}
	for _, op := range operations {
		visit(op.Params)
		visit(op.Result)
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		flags := ""
		if known[name].flags {
			flags = ` IsFlags="true"`
		}
		w.line(`<EnumType Name="%s"`+flags+`>`, name)
		for _, m := range known[name].members {
			w.line(`<Member Name="%s" Value="%s"/>`, m.name, strconv.FormatInt(m.value, 10))
		}
		w.line(`</EnumType>`)
	}
	for _, name := range slices.Sorted(maps.Keys(complex)) {
		w.complexType(name, complex[name])
	}
}

func (w *csdlWriter) complexType(name string, members []ParamInfo) {
	w.line(`<ComplexType Name="%s">`, name)
	for _, m := range members {
		w.line(`<Property Name="%s" Type="%s"/>`, m.Name, m.Type)
	}
	w.line(`</ComplexType>`)
}

// returns gives the type of what an operation answers: that of its only member,
// where this is called "value" or is a whole record, else a type of its own.
func (op OperationInfo) returns() (name string, own bool) {
	if len(op.Result) == 0 {
		return "", false
	}
	if first := op.Result[0]; len(op.Result) == 1 && (first.Name == "value" || first.Name == EntityResult) {
		return first.Type, false
	}
	return "mscrm." + op.Name + "Response", true
}
