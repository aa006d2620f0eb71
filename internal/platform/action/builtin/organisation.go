package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
)

// WebAPIVersion is the version of Dataverse's Web API that ours speaks; clients
// compare it and want nine at least.
const WebAPIVersion = "9.2.0.0"

// Version is a version.
type Version struct {
	Version string `json:"Version"`
}

// OrganizationInput says which addresses are asked for.
type OrganizationInput struct {
	AccessType string `json:"AccessType,omitempty" doc:"Default, Internet or Intranet: all have the same address"`
}

// Organization describes the organisation.
type Organization struct {
	Detail OrganizationDetail `json:"Detail"`
}

// OrganizationDetail is what clients look for before they sign in further.
type OrganizationDetail struct {
	OrganizationID      id.ID  `json:"OrganizationId"`
	FriendlyName        string `json:"FriendlyName"`
	OrganizationVersion string `json:"OrganizationVersion"`
	EnvironmentID       string `json:"EnvironmentId"`
	TenantID            id.ID  `json:"TenantId"`
	UniqueName          string `json:"UniqueName"`
	UrlName             string `json:"UrlName"`
	State               string `json:"State"`
}

func (s *Service) defineOrganisation(r *action.Registry) {
	action.Define(r, action.Spec{Name: "RetrieveVersion", Function: true, Description: "The version of the Web API."},
		func(context.Context, action.Call, action.Empty) (Version, error) { return Version{WebAPIVersion}, nil })
	action.Define(r, action.Spec{Name: "RetrieveCurrentOrganization", Function: true, Description: "Names and ids of this organisation."},
		func(context.Context, action.Call, OrganizationInput) (Organization, error) {
			return Organization{OrganizationDetail{OrganizationID: s.o.Organization, FriendlyName: s.o.Name, OrganizationVersion: WebAPIVersion, EnvironmentID: s.o.Organization.String(),
				TenantID: s.o.Organization, UniqueName: "rapport", UrlName: "rapport", State: "Enabled"}}, nil
		})
}
