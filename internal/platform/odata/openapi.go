package odata

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// doc is a JSON object of the OpenAPI document.
type doc = map[string]any

// OpenAPI writes the OpenAPI 3.0 document of the Web API: every table with its
// columns, and every operation. server is the service root without its last slash.
func OpenAPI(c *metadata.Catalog, operations []OperationInfo, server string) ([]byte, error) {
	o := openAPI{catalog: c, paths: doc{}, schemas: doc{}}
	o.schemas["Error"] = doc{"type": "object", "required": []string{"error"}, "properties": doc{"error": doc{"type": "object", "required": []string{"code", "message"},
		"properties": doc{"code": doc{"type": "string"}, "message": doc{"type": "string"}, "@rapport.code": doc{"type": "string"}}}}}
	for _, name := range c.Names() {
		if t, ok := c.Table(name); ok {
			o.table(t)
		}
	}
	for _, op := range operations {
		o.operation(op)
	}
	return json.Marshal(doc{
		"openapi": "3.0.3",
		"info":    doc{"title": "Rapport Web API", "version": "9.2", "description": "Records as OData v4 in the shape of the Dataverse Web API. $metadata says the same in CSDL."},
		"servers": []doc{{"url": server}},
		"paths":   o.paths,
		"components": doc{"schemas": o.schemas,
			"responses":       doc{"Error": doc{"description": "The request was refused; the code and the message say why.", "content": content(ref("Error"))}},
			"securitySchemes": doc{"token": doc{"type": "http", "scheme": "bearer"}},
			"parameters":      parameters()},
		"security": []doc{{"token": []string{}}},
	})
}

type openAPI struct {
	catalog        *metadata.Catalog
	paths, schemas doc
}

func ref(name string) doc { return doc{"$ref": "#/components/schemas/" + name} }

func content(schema doc) doc { return doc{"application/json": doc{"schema": schema}} }

func parameter(name string) doc { return doc{"$ref": "#/components/parameters/" + name} }

func parameters() doc {
	option := func(name, description string, schema doc) doc {
		return doc{"name": name, "in": "query", "required": false, "description": description, "schema": schema}
	}
	return doc{
		"select":  option("$select", "Columns, with commas between.", doc{"type": "string"}),
		"filter":  option("$filter", "Condition on the rows.", doc{"type": "string"}),
		"orderby": option("$orderby", "Columns, each with asc or desc.", doc{"type": "string"}),
		"expand":  option("$expand", "Navigation properties to bring along.", doc{"type": "string"}),
		"top":     option("$top", "Most rows.", doc{"type": "integer", "minimum": 1}),
		"count":   option("$count", "Whether to count all rows.", doc{"type": "boolean"}),
		"prefer":  doc{"name": "Prefer", "in": "header", "required": false, "description": "return=representation, odata.maxpagesize, odata.include-annotations.", "schema": doc{"type": "string"}},
		"ifmatch": doc{"name": "If-Match", "in": "header", "required": false, "description": "The version that the row must have, or * for any.", "schema": doc{"type": "string"}},
	}
}

func (o openAPI) table(t *metadata.Table) {
	o.schemas[t.Name] = o.schema(t, false)
	row := doc{"description": "The row.", "content": content(ref(t.Name))}
	failed := doc{"$ref": "#/components/responses/Error"}
	nothing := doc{"description": "Done."}
	rows := doc{"type": "object", "properties": doc{"value": doc{"type": "array", "items": ref(t.Name)}, "@odata.nextLink": doc{"type": "string"}, "@odata.count": doc{"type": "integer"}}}
	list := doc{"get": doc{"tags": []string{t.Name}, "operationId": "list_" + t.Name, "summary": "Lists " + t.Plural.In("en"),
		"parameters": []doc{parameter("select"), parameter("filter"), parameter("orderby"), parameter("expand"), parameter("top"), parameter("count"), parameter("prefer")},
		"responses":  doc{"200": doc{"description": "The rows.", "content": content(rows)}, "default": failed}}}
	id := doc{"name": "id", "in": "path", "required": true, "schema": doc{"type": "string", "format": "uuid"}}
	one := doc{"parameters": []doc{id}, "get": doc{"tags": []string{t.Name}, "operationId": "get_" + t.Name, "summary": "Reads a row of " + t.Plural.In("en"),
		"parameters": []doc{parameter("select"), parameter("expand"), parameter("prefer")}, "responses": doc{"200": row, "default": failed}}}
	if !t.Managed {
		o.schemas[t.Name+".write"] = o.schema(t, true)
		body := doc{"required": true, "content": content(ref(t.Name + ".write"))}
		list["post"] = doc{"tags": []string{t.Name}, "operationId": "create_" + t.Name, "summary": "Makes a row of " + t.Plural.In("en"), "parameters": []doc{parameter("prefer")}, "requestBody": body,
			"responses": doc{"201": row, "204": nothing, "default": failed}}
		one["patch"] = doc{"tags": []string{t.Name}, "operationId": "update_" + t.Name, "summary": "Changes a row, or makes it", "parameters": []doc{parameter("prefer"), parameter("ifmatch")}, "requestBody": body,
			"responses": doc{"200": row, "201": row, "204": nothing, "default": failed}}
		one["delete"] = doc{"tags": []string{t.Name}, "operationId": "delete_" + t.Name, "summary": "Deletes a row", "parameters": []doc{parameter("ifmatch")}, "responses": doc{"204": nothing, "default": failed}}
	}
	o.paths["/"+t.Set] = list
	o.paths["/"+t.Set+"({id})"] = one
}

// schema describes a row as it is read, or as it is written: then lookups are
// bound by their navigation property.
func (o openAPI) schema(t *metadata.Table, write bool) doc {
	properties := doc{}
	for _, c := range t.Columns {
		if write && c.ReadOnly {
			continue
		}
		if !c.IsLookup() {
			p := columnSchema(c)
			if c.ReadOnly || c.Name == t.ID && !write {
				p["readOnly"] = true
			}
			properties[c.Name] = p
			continue
		}
		if !write {
			properties[LookupName(c.Name)] = doc{"type": "string", "format": "uuid", "nullable": true, "description": c.Label.In("en")}
			continue
		}
		for _, target := range c.Targets {
			properties[c.NavTo(target)+"@odata.bind"] = doc{"type": "string", "nullable": true, "description": "A reference to a row of " + target + ", such as /" + target + "s(id)."}
		}
	}
	return doc{"type": "object", "description": t.Label.In("en") + ". " + t.Description, "properties": properties}
}

func columnSchema(c *metadata.Column) doc {
	s := doc{"nullable": true, "description": c.Label.In("en")}
	shape := c.Type().Shape(c)
	switch shape.Kind {
	case query.ID:
		s["type"], s["format"] = "string", "uuid"
	case query.Bool:
		s["type"] = "boolean"
	case query.Int:
		s["type"] = "integer"
		s["format"] = "int32"
		if shape.Edm == "Edm.Int64" {
			s["format"] = "int64"
		}
		if c.Least != nil {
			s["minimum"] = *c.Least
		}
		if c.Most != nil {
			s["maximum"] = *c.Most
		}
		if len(c.Options) > 0 {
			values := []any{}
			var labels []string
			for _, v := range c.Options {
				values = append(values, v.Value)
				labels = append(labels, itoa(int(v.Value))+" "+v.Label.In("en"))
			}
			s["enum"] = append(values, nil)
			s["description"] = c.Label.In("en") + ": " + strings.Join(labels, ", ")
		}
	case query.Fixed, query.Float:
		s["type"] = "number"
	case query.Day:
		s["type"], s["format"] = "string", "date"
	case query.Time:
		s["type"], s["format"] = "string", "date-time"
	default:
		s["type"] = "string"
		if c.Max > 0 {
			s["maxLength"] = c.Max
		}
	}
	return s
}

// operation describes an action or function.
func (o openAPI) operation(op OperationInfo) {
	path, method := "/"+op.Name, "post"
	var params []doc
	if op.Bound != "" {
		t, ok := o.catalog.Table(op.Bound)
		if !ok {
			return
		}
		path = "/" + t.Set + "/" + Namespace + "." + op.Name
		if !op.Collection {
			path = "/" + t.Set + "({id})/" + Namespace + "." + op.Name
			params = append(params, doc{"name": "id", "in": "path", "required": true, "schema": doc{"type": "string", "format": "uuid"}})
		}
	}
	about := doc{"tags": []string{"operations"}, "operationId": strings.Trim(op.Bound+"."+op.Name, "."), "summary": op.Name}
	if op.Function {
		method = "get"
		var inside []string
		for _, p := range op.Params {
			inside = append(inside, p.Name+"=@"+p.Name)
			params = append(params, doc{"name": "@" + p.Name, "in": "query", "required": p.Required, "schema": doc{"type": "string"}})
		}
		path += "(" + strings.Join(inside, ",") + ")"
	} else if len(op.Params) > 0 {
		about["requestBody"] = doc{"required": true, "content": content(members(op.Params))}
	}
	if len(params) > 0 {
		about["parameters"] = params
	}
	done := doc{"204": doc{"description": "Done."}}
	if len(op.Result) > 0 {
		done = doc{"200": doc{"description": "The result.", "content": content(members(op.Result))}}
	}
	done["default"] = doc{"$ref": "#/components/responses/Error"}
	about["responses"] = done
	at, _ := o.paths[path].(doc)
	if at == nil {
		at = doc{}
		o.paths[path] = at
	}
	at[method] = about
}

func members(list []ParamInfo) doc {
	properties := doc{}
	required := map[string]bool{}
	for _, p := range list {
		properties[p.Name] = edmSchema(p.Type)
		if p.Required {
			required[p.Name] = true
		}
	}
	s := doc{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = slices.Sorted(maps.Keys(required))
	}
	return s
}

func edmSchema(edm string) doc {
	if inner, ok := strings.CutPrefix(edm, "Collection("); ok {
		return doc{"type": "array", "items": edmSchema(strings.TrimSuffix(inner, ")"))}
	}
	switch edm {
	case "Edm.Guid":
		return doc{"type": "string", "format": "uuid"}
	case "Edm.Boolean":
		return doc{"type": "boolean"}
	case "Edm.Int32", "Edm.Int64", "Edm.Int16":
		return doc{"type": "integer"}
	case "Edm.Decimal", "Edm.Double":
		return doc{"type": "number"}
	case "Edm.DateTimeOffset":
		return doc{"type": "string", "format": "date-time"}
	case "Edm.Date":
		return doc{"type": "string", "format": "date"}
	case "Edm.String":
		return doc{"type": "string"}
	}
	return doc{"type": "object"}
}
