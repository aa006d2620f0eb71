package solution

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/customise"
)

// ExportInput names the solution to be exported.
type ExportInput struct {
	SolutionName                         string  `json:"SolutionName" doc:"Unique name of the solution"`
	Managed                              bool    `json:"Managed,omitempty" doc:"Bundles are the same either way"`
	TargetVersion                        *string `json:"TargetVersion,omitempty" doc:"Has no meaning here"`
	ExportAutoNumberingSettings          *bool   `json:"ExportAutoNumberingSettings,omitempty" doc:"Has no meaning here, as the other settings"`
	ExportCalendarSettings               *bool   `json:"ExportCalendarSettings,omitempty"`
	ExportCustomizationSettings          *bool   `json:"ExportCustomizationSettings,omitempty"`
	ExportEmailTrackingSettings          *bool   `json:"ExportEmailTrackingSettings,omitempty"`
	ExportGeneralSettings                *bool   `json:"ExportGeneralSettings,omitempty"`
	ExportMarketingSettings              *bool   `json:"ExportMarketingSettings,omitempty"`
	ExportOutlookSynchronizationSettings *bool   `json:"ExportOutlookSynchronizationSettings,omitempty"`
	ExportRelationshipRoles              *bool   `json:"ExportRelationshipRoles,omitempty"`
	ExportIsvConfig                      *bool   `json:"ExportIsvConfig,omitempty"`
	ExportSales                          *bool   `json:"ExportSales,omitempty"`
	ExportExternalApplications           *bool   `json:"ExportExternalApplications,omitempty"`
}

// ExportOutput holds a zip archive of the bundle.
type ExportOutput struct {
	ExportSolutionFile action.Binary `json:"ExportSolutionFile"`
}

// ImportInput holds a bundle.
type ImportInput struct {
	OverwriteUnmanagedCustomizations bool          `json:"OverwriteUnmanagedCustomizations,omitempty" doc:"A bundle's definitions always replace those of its solution"`
	PublishWorkflows                 bool          `json:"PublishWorkflows,omitempty" doc:"The bundle itself says which rules, processes and flows are in force"`
	CustomizationFile                action.Binary `json:"CustomizationFile" doc:"Zip archive of the bundle, base64"`
	ImportJobID                      id.ID         `json:"ImportJobId,omitempty" doc:"Of no use here: the import is over when the answer comes"`
	ConvertToManaged                 *bool         `json:"ConvertToManaged,omitempty"`
	SkipProductUpdateDependencies    *bool         `json:"SkipProductUpdateDependencies,omitempty"`
	HoldingSolution                  *bool         `json:"HoldingSolution,omitempty"`
	SkipQueueRibbonJob               *bool         `json:"SkipQueueRibbonJob,omitempty"`
	AsyncRibbonProcessing            *bool         `json:"AsyncRibbonProcessing,omitempty"`
	ConfirmDataLoss                  bool          `json:"rpt_ConfirmDataLoss,omitempty" doc:"Says that data may be lost by what the bundle removes"`
}

// Define declares the actions by which clients bring solutions in and out.
func Define(r *action.Registry, m *Manager) {
	action.Define(r, action.Spec{Name: "ExportSolution", Effect: action.Read, Description: "Gives a solution as a zip archive of text files."},
		func(ctx context.Context, _ action.Call, in ExportInput) (ExportOutput, error) {
			files, err := m.Export(ctx, in.SolutionName)
			if err != nil {
				return ExportOutput{}, err
			}
			data, err := ToZip(files)
			return ExportOutput{data}, err
		})
	action.Define(r, action.Spec{Name: "ImportSolution", Effect: action.Alone, Description: "Brings a solution in, or a new version of one that is there."},
		func(ctx context.Context, _ action.Call, in ImportInput) (action.Empty, error) {
			files, err := FromZip(in.CustomizationFile)
			if err != nil {
				return action.Empty{}, err
			}
			_, err = m.Import(ctx, files, customise.How{Confirm: in.ConfirmDataLoss})
			return action.Empty{}, err
		})
}
