package transfer_test

import "github.com/rapport-platform/rapport/internal/platform/query"

func queryParts(codes ...any) query.Query {
	return query.Query{Table: "rpt_part", Where: query.In{Left: query.Path{"rpt_code"}, Values: codes}}
}
